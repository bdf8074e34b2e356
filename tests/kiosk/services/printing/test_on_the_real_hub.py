"""A print through the whole hub: signed envelopes in, officers in the back office, the resident's list out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.node import Hub
from kiosk.services import hub_services
from provisioning.clock import FakeClock, iso
from provisioning.contracts import (
    JobProgress,
    MyRequests,
    Picture,
    PictureBytes,
    PrintOrder,
    PrintRequest,
    PublicCopy,
    PublicCopyAnswer,
    RequestList,
)
from provisioning.ids import new_key
from tests.kiosk.hub.hub_kit import AMIRA, Peer, make_nodes, office, people_in, start_hub
from tests.kiosk.services.printing.kit import GCODE, png, sheet


@pytest.fixture
def peers(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[Hub, Peer, Peer]]:
    nodes = make_nodes(tmp_path)
    hub = start_hub(nodes["hub"], clock, hub_services())
    people_in(hub)
    yield hub, Peer(nodes["kiosk-a"], hub, clock), Peer(nodes["farm"], hub, clock)
    hub.store.close()


def test_a_badge_a_wish_two_signatures_a_decision_and_a_part(
    peers: tuple[Hub, Peer, Peer], clock: FakeClock
) -> None:
    hub, kiosk, farm = peers
    farm.tell(sheet(added_by="o-teacher"))
    two_officers_sign(hub)

    public = kiosk.ask(PublicCopy())
    assert isinstance(public, PublicCopyAnswer)
    shown = kiosk.ask(Picture(sha256=public.models[0].picture_sha256))
    assert isinstance(shown, PictureBytes)
    assert shown.png == png(220)

    lease = kiosk.sign_in(AMIRA)
    wish = PrintRequest(
        request_key=new_key(),
        resident_id=lease.resident.resident_id,
        session_id=lease.session_id,
        kiosk_id="kiosk-a",
        model_id="m-hook",
        gcode_sha256=GCODE,
        colour="white",
        copies=1,
        at_utc=iso(clock.now_utc()),
    )
    kiosk.tell(wish, message_id := new_key())
    kiosk.tell(wish, message_id)
    kiosk.tell(wish)  # the same wish in another envelope

    number = mine(kiosk, lease.session_id).requests[0].number
    workshop = office(hub, "workshop")
    assert number in workshop.read("/")
    page = f"/printing/requests/{number}"
    assert f'<a href="{page}">' in workshop.read("/people/r-amira")
    workshop.form(page, f"{page}/approve")
    orders = [w.contract for w in hub.context.outbox.waiting("farm") if isinstance(w.contract, PrintOrder)]
    assert [(order.number, order.approved_by) for order in orders] == [(number, "o-workshop")]

    for step, state in enumerate(("queued", "printing", "handed_over"), 1):
        order_id, at_utc = orders[0].order_id, iso(clock.now_utc())
        farm.tell(
            JobProgress(
                order_id=order_id, request_key=wish.request_key, step=step, state=state, at_utc=at_utc
            )  # type: ignore[arg-type]
        )
    seen = mine(kiosk, lease.session_id)
    assert seen.requests[0].state == "handed_over"
    assert [step.state for step in seen.requests[0].steps][:2] == ["received", "approved"]
    assert seen.balance_cents == 1000 - 150
    assert len(seen.requests) == 1


def two_officers_sign(hub: Hub) -> None:
    for role in ("workshop", "security"):
        page = "/printing/models/1"
        assert "m-hook" in office(hub, role).read("/printing/models")
        office(hub, role).form(page, f"{page}/sign/{role}")


def mine(kiosk: Peer, session_id: str) -> RequestList:
    found = kiosk.ask(MyRequests(session_id=session_id))
    assert isinstance(found, RequestList)
    return found
