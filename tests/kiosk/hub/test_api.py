"""What kiosks and farms get from the hub besides sessions: requests, public copy, pictures, badges, the roster."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from kiosk.hub.node import Hub
from kiosk.hub.people.importing import Importer, PeopleFile
from kiosk.services.base import HubService, Tile
from kiosk.services.notices.rules import Draft
from kiosk.services.notices.service import NoticesService
from provisioning.clock import FakeClock, iso
from provisioning.config import Node
from provisioning.contracts import (
    BadgeOwner,
    CheckPasses,
    MyRequests,
    OfferedModel,
    OfficerRoster,
    PassesStanding,
    Picture,
    PictureBytes,
    PublicCopy,
    PublicCopyAnswer,
    RequestList,
    RequestStep,
    RequestView,
    WhoseBadge,
)
from provisioning.errors import Corrupt, Refused
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, PEPPER, Peer, people_file, people_in, start_hub

PNG = b"\x89PNG picture"
PNG_SHA256 = hashlib.sha256(PNG).hexdigest()
MODEL = OfferedModel(
    model_id="cube",
    gcode_sha256="0" * 64,
    title={"en": "Cube"},
    purpose={"en": "Practice"},
    grams=4.0,
    seconds=900,
    price_cents=50,
    colours=("white",),
    max_copies=2,
    picture_sha256=PNG_SHA256,
)


class Shelf(HubService):
    """A small real service: one model, one picture, two requests of everyone."""

    tile = Tile("shelf", "box", "Shelf", needs_hub=False, order=1)

    def offered_models(self) -> tuple[OfferedModel, ...]:
        return (MODEL,)

    def picture(self, sha256: str) -> bytes | None:
        return PNG if sha256 == PNG_SHA256 else None

    def request_views(self, resident_id: str, language: str) -> list[RequestView]:
        days = ("2026-11-20T08:00:00.000Z", "2026-11-21T08:00:00.000Z")
        return [
            RequestView(
                request_key=day,
                number="P-1",
                service="shelf",
                title=f"{resident_id} {language}",
                state="received",
                steps=(RequestStep(state="received", at_utc=day),),
            )
            for day in days
        ]


@pytest.fixture
def services() -> Sequence[HubService]:
    return [Shelf(), NoticesService()]


@pytest.fixture
def hub(nodes: dict[str, Node], clock: FakeClock, services: Sequence[HubService]) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], clock, services)
    people_in(made)
    yield made
    made.store.close()


def test_my_requests_come_from_every_service_newest_first_in_my_language(kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    answer = kiosk_a.ask(MyRequests(session_id=lease.session_id))
    assert isinstance(answer, RequestList)
    assert [one.title for one in answer.requests] == ["r-amira ar"] * 2
    assert [one.request_key[:10] for one in answer.requests] == ["2026-11-21", "2026-11-20"]
    assert answer.balance_cents == 1000


def test_requests_are_shown_only_to_the_running_session_at_its_own_kiosk(
    kiosk_a: Peer, kiosk_b: Peer, clock: FakeClock
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    for peer in (kiosk_b, kiosk_a):
        with pytest.raises(Refused, match="session_ended"):
            peer.ask(MyRequests(session_id=lease.session_id))
        clock.advance(901)


def test_the_public_copy_is_sent_once_and_again_when_it_changed(
    hub: Hub, kiosk_a: Peer, services: Sequence[HubService], clock: FakeClock
) -> None:
    first = kiosk_a.ask(PublicCopy())
    assert isinstance(first, PublicCopyAnswer)
    assert first.changed
    assert first.models == (MODEL,)
    again = kiosk_a.ask(PublicCopy(etag=first.etag))
    assert again == PublicCopyAnswer(etag=first.etag, changed=False)
    notices = services[1]
    assert isinstance(notices, NoticesService)
    now = clock.now_utc()
    notices.write(
        "n1", Draft({"nl": "Water"}, {"nl": "Geen water."}, True, now, now + timedelta(days=1)), "o-landing"
    )
    changed = kiosk_a.ask(PublicCopy(etag=first.etag))
    assert isinstance(changed, PublicCopyAnswer)
    assert changed.changed
    assert [one.notice_id for one in changed.notices] == ["n1"]


def test_pictures_are_found_by_their_hash(kiosk_a: Peer) -> None:
    assert kiosk_a.ask(Picture(sha256=PNG_SHA256)) == PictureBytes(sha256=PNG_SHA256, png=PNG)
    with pytest.raises(Refused, match="picture_unknown"):
        kiosk_a.ask(Picture(sha256="0" * 64))


def test_a_farm_learns_whose_badge_it_is_and_nobody_else_does(hub: Hub, kiosk_a: Peer, farm: Peer) -> None:
    assert farm.ask(WhoseBadge(uid="04:a1")) == BadgeOwner(resident_id="r-amira", label="Amira · A")
    assert farm.ask(WhoseBadge(uid="0F2")) == BadgeOwner(officer_id="o-workshop", label="Workshop")
    hub.credentials.set_blocked("badge", BRAM, True, "o-landing")
    for uid, code in ((BRAM, "badge_blocked"), ("FFFF", "badge_unknown")):
        with pytest.raises(Refused, match=code):
            farm.ask(WhoseBadge(uid=uid))
    with pytest.raises(Corrupt, match="not_for_this_node"):
        kiosk_a.ask(WhoseBadge(uid=AMIRA))


def test_at_a_farm_a_temporary_badge_ends_too_and_a_lost_one_is_an_incident_with_its_place(
    hub: Hub, farm: Peer, clock: FakeClock
) -> None:
    until_utc = iso(clock.now_utc() + timedelta(hours=48))
    hub.store.run("UPDATE credential SET until_utc = ? WHERE uid = ?", (until_utc, AMIRA))
    assert farm.ask(WhoseBadge(uid=AMIRA))
    clock.advance(48 * 3600 + 1)
    with pytest.raises(Refused, match="badge_expired"):
        farm.ask(WhoseBadge(uid=AMIRA))
    hub.credentials.set_state("badge", BRAM, "blocked", "o-landing", "lost")
    with pytest.raises(Refused, match="badge_blocked"):
        farm.ask(WhoseBadge(uid=BRAM))
    assert [(one.kind, one.kiosk_id) for one in hub.incidents.unsettled()] == [("found", "farm")]


def test_a_farm_learns_no_officers_badge_numbers_by_asking_after_passes(kiosk_a: Peer, farm: Peer) -> None:
    answer = kiosk_a.ask(CheckPasses(stamps=()))
    assert isinstance(answer, PassesStanding)
    assert answer.officers
    with pytest.raises(Corrupt, match="not_for_this_node"):
        farm.ask(CheckPasses(stamps=()))


def rosters(hub: Hub) -> list[OfficerRoster]:
    return [
        one.contract for one in hub.context.outbox.waiting("farm") if isinstance(one.contract, OfficerRoster)
    ]


def test_the_roster_goes_to_the_farm_at_first_and_whenever_it_changed(hub: Hub) -> None:
    assert [hub.roster.publish(), hub.roster.publish()] == [1, 0]
    people_in(hub)  # the same people again: nothing new
    assert hub.roster.publish() == 0
    hub.credentials.set_blocked("badge", "0F0", True, "o-security")
    assert hub.roster.publish() == 1
    first, second = rosters(hub)
    assert first.edition < second.edition
    assert {one.officer_id: one.badge_uid for one in first.officers}["o-landing"] == "0F0"
    assert {one.officer_id: one.badge_uid for one in second.officers}["o-landing"] == ""
    assert all(one.secret_hash.startswith("$argon2id$") for one in first.officers)


def test_who_was_heard_is_remembered_over_a_restart(
    hub: Hub, kiosk_a: Peer, nodes: dict[str, Node], clock: FakeClock, tmp_path: Path
) -> None:
    kiosk_a.ask(PublicCopy())
    assert hub.contacts.all() == {"kiosk-a": clock.now_utc()}
    hub.store.close()
    again = start_hub(nodes["hub"], clock, [])
    assert again.contacts.all() == {"kiosk-a": clock.now_utc()}
    again.store.close()


def test_importing_twice_changes_no_balance_and_keeps_a_blocked_badge_blocked(hub: Hub) -> None:
    hub.ledger.debit("r-amira", 300, "k", "part")
    hub.credentials.set_blocked("badge", AMIRA, True, "o-landing")
    people_in(hub)
    assert hub.ledger.balance_cents("r-amira") == 700
    found = hub.credentials.find("badge", AMIRA)
    assert found is not None
    assert found.blocked


def test_a_people_file_that_names_no_regime_and_no_groups_leaves_what_officers_decided(hub: Hub) -> None:
    hub.people.place_resident("r-amira", "closed", ("no-printing",))
    people_in(hub)
    person = hub.people.resident("r-amira")
    assert person is not None
    assert (person.regime, person.groups) == ("closed", ("no-printing",))
    (line,) = [one for one in people_file().residents if one.resident_id == "r-amira"]
    nowhere = msgspec.structs.replace(line, groups=())  # a file that says so takes them away
    Importer(hub.people, hub.ledger, PEPPER).write(PeopleFile(residents=(nowhere,)))
    person = hub.people.resident("r-amira")
    assert person is not None
    assert person.groups == ()
