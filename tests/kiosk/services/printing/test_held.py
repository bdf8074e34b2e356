"""What is ordered under an emergency code: kept and shown as ever, decided by nobody before the security officer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.hub.node import Hub as WholeHub
from kiosk.services import hub_services
from kiosk.services.printing.records import Answer, Decision
from kiosk.services.printing.views import view_of
from provisioning.clock import FakeClock, iso
from provisioning.contracts import ChangeSecret, MyRequests, Objection, PrintOrder, PrintRequest, RequestList
from provisioning.errors import Refused
from provisioning.ids import new_key
from tests.kiosk.hub.hub_kit import AMIRA, PASSWORD, Peer, make_nodes, office, people_in, start_hub
from tests.kiosk.services.printing.kit import ELS, GCODE, MARC, NADIA, PAUL, Hub, sheet
from tests.kiosk.services.printing.test_on_the_real_hub import two_officers_sign

HELP = "9071"


def begin(hub: Hub, *, held: bool) -> str:
    """A session of Amira's at the kiosk; its id."""
    for one in hub.sessions.of_resident("r-amira"):
        hub.sessions.end(one.session_id, "stop")
    until = hub.clock.now_utc() + timedelta(hours=1)
    return hub.sessions.begin("r-amira", "kiosk-1", until, 0, held=held)


def held_request(hub: Hub) -> str:
    hub.offer()
    return hub.ask(session_id=begin(hub, held=True))


def test_its_owner_sees_a_held_request_as_any_other(hub: Hub) -> None:
    model = hub.offer()
    views = []
    for held in (False, True):
        request = hub.request(hub.ask(session_id=begin(hub, held=held)))
        view = view_of(request, model, hub.service.requests.answer_due(request), "nl")
        views.append(str(view).replace(request.number, "R").replace(request.request_key, "K"))
    assert views[0] == views[1]
    assert len(hub.service.request_views("r-amira", "nl")) == 2


def test_nobody_is_asked_to_decide_it_and_nobody_can(hub: Hub) -> None:
    key = held_request(hub)
    for officer in (ELS, MARC, PAUL):
        assert hub.service.work_items(officer) == []
        with pytest.raises(Refused, match="request_waits"):
            hub.service.deciding.approve(key, officer)
    with pytest.raises(Refused, match="request_waits"):
        hub.service.deciding.refuse(key, ELS, "unsafe")
    assert hub.service.requests.store.count_by_state() == {}
    assert hub.service.requests.store.in_states(()) == []
    assert hub.balance() == 1000


def test_the_table_itself_forbids_a_decision_and_an_order(hub: Hub) -> None:
    key, store = held_request(hub), hub.service.requests.store
    decision = Decision("approved", "o-els", "workshop", "", "", iso(hub.clock.now_utc()))
    with pytest.raises(sqlite3.IntegrityError, match="a held request waits"):
        store.decide(key, decision)
    with pytest.raises(sqlite3.IntegrityError, match="a held request waits"):
        store.move(key, "approved", "order-1")


def test_the_security_officer_sees_it_and_lets_it_go_on_as_if_it_had_just_come(hub: Hub) -> None:
    key = held_request(hub)
    request = hub.request(key)
    held = hub.service.held_orders("nl")
    assert [(one.number, one.session_id, one.price_cents) for one in held] == [
        (request.number, request.session_id, 150)
    ]
    hub.service.settle_held(request.number, MARC, release=True, proof="key")
    assert hub.service.held_orders("nl") == []
    assert [one.number for one in hub.service.work_items(ELS)] == [request.number]
    hub.service.deciding.approve(key, ELS)
    assert hub.balance() == 850
    kept = hub.context.trail.latest(10, action="hold_released")
    assert [(one.actor, one.subject, one.detail) for one in kept] == [
        ("o-marc", request.number, {"proof": "key"})
    ]


def test_a_dropped_one_is_refused_by_rule_costs_nothing_and_says_nothing_of_the_reason(hub: Hub) -> None:
    key = held_request(hub)
    hub.service.settle_held(hub.request(key).number, PAUL, release=False)
    request = hub.request(key)
    assert (request.state, request.rule_code, request.order_id) == ("refused", "not_now", "")
    view = hub.service.request_views("r-amira", "en")[0]
    assert (view.state, view.reason) == ("refused", "This cannot be made now. You may ask again later.")
    assert [step.by_role for step in view.steps] == ["", ""]
    assert hub.balance() == 1000
    with pytest.raises(Refused, match="not_held"):  # the button pressed twice
        hub.service.settle_held(request.number, MARC, release=True)


def test_other_officers_may_not_settle_it(hub: Hub) -> None:
    key = held_request(hub)
    for officer in (ELS, NADIA):
        with pytest.raises(Refused, match="role_missing"):
            hub.service.settle_held(hub.request(key).number, officer, release=True)


def test_what_a_rule_refuses_at_once_is_refused_in_a_held_session_too(hub: Hub) -> None:
    hub.offer()
    key = hub.ask(session_id=begin(hub, held=True), colour="purple")
    assert (hub.request(key).state, hub.request(key).held_in) == ("refused", "")


@pytest.mark.parametrize("release", [True, False])
def test_an_objection_from_a_held_session_waits_as_well(hub: Hub, release: bool) -> None:
    hub.offer()
    key = hub.ask(session_id=begin(hub, held=False))
    hub.service.deciding.refuse(key, ELS, "unsafe")
    at_utc, session_id = iso(hub.clock.now_utc()), begin(hub, held=True)
    hub.service.hear(
        "kiosk-1",
        Objection(
            request_key=key, resident_id="r-amira", session_id=session_id, why="facts_wrong", at_utc=at_utc
        ),
    )
    with pytest.raises(Refused, match="request_waits"):
        hub.service.deciding.answer(key, PAUL, "overturned", "Yes.")
    with pytest.raises(sqlite3.IntegrityError, match="a held request waits"):
        hub.service.requests.store.answer(key, Answer("stands", "o-paul", "director", "No.", at_utc))
    hub.service.settle_held(hub.request(key).number, MARC, release=release)
    request = hub.request(key)
    assert (request.state, request.rule_code) == ("objected" if release else "refused", "")
    assert replace(request, steps=()).held_in == ""


# -- the whole hub --------------------------------------------------------------------------------------------


@pytest.fixture
def peers(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[WholeHub, Peer]]:
    nodes = make_nodes(tmp_path)
    hub = start_hub(nodes["hub"], clock, hub_services())
    people_in(hub)
    kiosk = Peer(nodes["kiosk-a"], hub, clock)
    Peer(nodes["farm"], hub, clock).tell(sheet(added_by="o-teacher"))
    two_officers_sign(hub)
    lease = kiosk.sign_in(AMIRA)
    kiosk.ask(ChangeSecret(kiosk_id="kiosk-a", session_id=lease.session_id, old="1234", emergency=HELP))
    kiosk.leave(lease)
    yield hub, kiosk
    hub.store.close()


def orders_held(kiosk: Peer, clock: FakeClock) -> str:
    """Somebody makes Amira sign in and order; the number."""
    lease = kiosk.sign_in(AMIRA, HELP)
    wish = PrintRequest(
        request_key=new_key(),
        resident_id="r-amira",
        session_id=lease.session_id,
        kiosk_id="kiosk-a",
        model_id="m-hook",
        gcode_sha256=GCODE,
        colour="white",
        copies=1,
        at_utc=iso(clock.now_utc()),
    )
    kiosk.tell(wish)
    mine = kiosk.ask(MyRequests(session_id=lease.session_id))
    assert isinstance(mine, RequestList)
    assert mine.requests[0].state == "received"
    return mine.requests[0].number


def test_the_security_officer_has_the_incident_and_the_order_at_once_and_the_workshop_has_nothing(
    peers: tuple[WholeHub, Peer], clock: FakeClock
) -> None:
    hub, kiosk = peers
    number = orders_held(kiosk, clock)  # the clock has not moved since the code was typed
    incident = hub.incidents.latest(kind="duress")[0]
    security, workshop = office(hub, "security").read("/"), office(hub, "workshop").read("/")
    assert number in security
    assert incident.incident_id in security
    assert number not in workshop
    assert incident.incident_id not in workshop
    assert number not in office(hub, "workshop").read("/printing/requests?state=all")
    assert incident.incident_id in office(hub, "security").read("/held/")


def test_releasing_takes_a_second_person_and_only_then_the_workshop_decides(
    peers: tuple[WholeHub, Peer], clock: FakeClock
) -> None:
    hub, kiosk = peers
    number = orders_held(kiosk, clock)
    security, release = office(hub, "security"), f"/held/printing/{number}/release"
    office(hub, "workshop").form("/printing/requests", release, 403)
    security.form("/held/", release, 409)  # alone: the dialog asks for a colleague
    assert number not in office(hub, "workshop").read("/")
    security.form("/held/", release, second_name="director", second_password=PASSWORD)
    workshop = office(hub, "workshop")
    assert number in workshop.read("/")
    workshop.form(f"/printing/requests/{number}", f"/printing/requests/{number}/approve")
    assert [one for one in hub.context.outbox.waiting("farm") if isinstance(one.contract, PrintOrder)]
    kept = hub.trail.latest(50, action="hold_released")
    assert [one.detail for one in kept] == [{"second": "o-director"}]
