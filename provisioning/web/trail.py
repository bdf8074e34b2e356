"""A node's audit trail for those who may read it: newest first, filtered, and verified at the press of a button."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from provisioning.audit import Flaw, Trail, verify_trail
from provisioning.identity import NodeKey
from provisioning.web.locale import N_, gettext

PAGE = 50
Page = str | Response
Told = str | float | bool | None
FLAWS: Mapping[str, str] = {
    "gap": N_("a record is missing or was put in"),
    "previous": N_("it does not follow the one before it"),
    "digest": N_("its words were changed"),
    "signature": N_("this node did not sign it"),
    "node": N_("it belongs to another node"),
    "end": N_("the trail ends too early"),
}


@dataclass(frozen=True)
class TrailDesk:
    """What the pages need to know of the node whose trail they show."""

    trail: Trail
    file: Path
    key: NodeKey
    officer_id: Callable[[], str]  # who is at hand
    name_of: Callable[[str], str | None]  # an officer's name; None for residents, who stay numbers here
    actions: Mapping[str, str]  # the word of each action; one without is shown by its code
    log_of: Callable[[str], str | None] = lambda _about: (
        None
    )  # where a person's own records are read, with a purpose
    telling: Callable[[], Callable[[Mapping[str, Told]], str]] = lambda: detail_words  # asked once a page


@dataclass(frozen=True)
class Verified:
    """What verifying found: the first bad record, or the head of a whole trail."""

    flaw: Flaw | None
    head: tuple[int, str]


def trail_pages(
    desk: TrailDesk, needs: Callable[[str], Callable[[Callable[[], Page]], Callable[[], Page]]]
) -> Blueprint:
    """The audit pages; ``needs`` is the desk's own guard, asked for the action ``audit_viewed``."""
    pages = Blueprint("trail", __name__, url_prefix="/audit")

    @pages.get("/")
    @needs("audit_viewed")
    def latest() -> Page:
        """Records, newest first; those of one person stand behind a question of their own."""
        elsewhere = desk.log_of(request.args.get("about", "").strip())
        return redirect(elsewhere, 303) if elsewhere else _page(desk, None)

    @pages.post("/verify")
    @needs("audit_viewed")
    def verify() -> Page:
        """Read the whole trail from the file and say which record is the first bad one, if any."""
        head, node_id = desk.trail.head(), desk.key.node_id
        flaw = verify_trail(desk.file, node_id, desk.key.key.public_key(), head)
        desk.trail.record(desk.officer_id(), "audit_verified", node_id, whole=flaw is None)
        return _page(desk, Verified(flaw, head))

    return pages


def _page(desk: TrailDesk, verified: Verified | None) -> str:
    action, about = request.args.get("action", ""), request.args.get("about", "").strip()
    before = request.args.get("before", "")
    before_seq = int(before) if re.fullmatch("[0-9]{1,18}", before) else None  # as many as SQLite counts
    records = desk.trail.latest(PAGE + 1, before_seq, action=action, about=about)

    def happened(code: str) -> str:
        return _word(desk.actions, code)

    return render_template(
        "trail/latest.html",
        records=records[:PAGE],
        older=records[PAGE - 1].seq if len(records) > PAGE else None,
        action=action,
        about=about,
        before=before,
        action_choices=[("", gettext("Everything")), *((one, happened(one)) for one in desk.trail.actions())],
        name_of=desk.name_of,
        detail=desk.telling(),
        verified=verified,
        flaws=lambda code: _word(FLAWS, code),
        happened=happened,
    )


def _word(words: Mapping[str, str], code: str) -> str:
    return gettext(words[code]) if code in words else code.replace("_", " ")


def detail_words(
    detail: Mapping[str, Told],
    name_of: Callable[[str], str] = lambda key: key.replace("_", " "),
    says: Mapping[str, Callable[[str], str]] = MappingProxyType({}),
) -> str:
    """What a record says besides, in one line; what is empty is left out.

    ``says`` tells some values in words. An old record may hold one that its word does not fit: it is shown as it is.
    """
    said = {key: value for key, value in detail.items() if value is not None and value != ""}
    return " · ".join(f"{name_of(key)}: {_value(value, says.get(key))}" for key, value in said.items())


def _value(value: str | float | bool, say: Callable[[str], str] | None) -> str:
    if say is None or isinstance(value, bool):
        return _short(value)
    try:
        return say(str(value))
    except (KeyError, ValueError):
        return _short(value)


def _short(value: str | float | bool) -> str:
    """A digest by its first twelve digits, which is how people compare them."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value)
    return text[:12] + "…" if len(text) > 40 else text
