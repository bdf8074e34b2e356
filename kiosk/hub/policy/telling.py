"""``passage-hub policy``: what is in force, and why the answer about a person is what it is. Reads only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.hub.people.store import PeopleStore
from kiosk.hub.policy.ruling import Ruling
from kiosk.hub.policy.store import PolicyStore, SuspensionStore
from kiosk.policy import decide, explain, moment_of
from kiosk.policy.deciding import Decision, Line
from kiosk.policy.words import SENTENCES
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.contracts import Standing
from provisioning.errors import Refused
from provisioning.identity import NodeKey
from provisioning.store import read_store

STORE_FILE = "hub.sqlite"


@contextmanager
def _looking(config: Path) -> Iterator[Ruling]:
    node, clock = load_node(config), SystemClock()
    store = read_store(node.state_dir / STORE_FILE)
    try:
        people = PeopleStore(store, clock)
        policies, suspensions = PolicyStore(store, clock), SuspensionStore(store, clock)
        yield Ruling(policies, suspensions, people, NodeKey.load(node), clock, node.site)
    finally:
        store.close()


def show(config: Path) -> str:
    """The text of the policy in force. Raises what ``load_node`` and ``read_store`` raise."""
    with _looking(config) as ruling:
        return ruling.in_force().text


def tell(config: Path, resident_id: str, service: str, kiosk_id: str, at: str, level: int) -> str:
    """The question, the answer and every rule about the service, as lines.

    Raises:
        Refused: ``resident_unknown``, or ``time_unreadable``.
    """
    with _looking(config) as ruling:
        moment_at = _instant(at, ruling)
        person = ruling.people.resident(resident_id)
        if person is None:
            raise Refused("resident_unknown", resident=resident_id)
        standing = ruling.standing(person, kiosk_id, level, moment_at)
        moment, book = moment_of(moment_at, ruling.site.timezone), ruling.book(moment_at)
        said = decide(book, standing, service, moment)
        lines = explain(book, standing, service, moment)
        version = ruling.in_force(moment_at)
        local = moment_at.astimezone(ZoneInfo(ruling.site.timezone))
        return "\n".join(
            [
                f"{resident_id} asks for {service}, {local:%A %Y-%m-%d %H:%M} ({ruling.site.timezone})",
                *_facts(standing),
                f"policy   version {version.version}: {book.policy.title}",
                "",
                *_answer(said),
                "",
                *(_rules(lines) or [f"No rule speaks about {service}."]),
            ]
        )


def _instant(at: str, ruling: Ruling) -> datetime:
    if not at:
        return ruling.clock.now_utc()
    try:
        named = datetime.fromisoformat(at)
    except ValueError as error:
        raise Refused("time_unreadable", at=at) from error
    return named if named.tzinfo else named.replace(tzinfo=ZoneInfo(ruling.site.timezone))


def _facts(one: Standing) -> list[str]:
    groups = ", ".join(one.groups) or "none"
    held = ", ".join(f"{s.suspension_id} ({s.service}, until {s.until_utc})" for s in one.suspensions)
    return [
        f"person   regime {one.regime or 'none'}; groups {groups}; proof level {one.level}",
        f"device   {one.kiosk_id}: {one.device_class or 'unknown to this hub'} at {one.place or 'no place'}",
        f"held     {held or 'no suspension'}",
    ]


def _answer(said: Decision) -> list[str]:
    if said.allowed:
        return [f"YES, by rule {said.rule}"]
    sentence, contact = SENTENCES[said.code]
    text = sentence % {"until_utc": said.until_utc} if "%(" in sentence else sentence
    return [f"NO, by rule {said.rule} ({said.code})", f"         {text} {contact}"]


def _rules(lines: list[Line]) -> list[str]:
    """Every rule about the service in order: whether it speaks, and else on which axes it does not fit."""
    return [
        f"{'speaks' if not line.misses else '-':7}  {line.rule.effect:5}  {line.rule.id}"
        + (f"  (not: {', '.join(line.misses)})" if line.misses else "")
        for line in lines
    ]
