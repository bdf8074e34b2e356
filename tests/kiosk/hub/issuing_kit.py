"""Orders of badges, sticks and keys, and a kiosk that makes them: what the tests of giving out lean on."""

from __future__ import annotations

from kiosk.hub.issuing.issuing import wanted
from kiosk.hub.issuing.rules import Issue
from kiosk.hub.node import Hub
from provisioning.contracts import Done, Issued, PlugReport, ToIssue
from provisioning.identity.stick import read_header
from tests.kiosk.hub.hub_kit import Peer
from tests.kiosk.sticks import Stick

A, B = "kiosk-a", "kiosk-b"
NEW = "04D1D2D3"


def order(hub: Hub, kind: str = "badge", who: str = "r-amira", at: str = A, **more: object) -> Issue:
    """An order of the landing officer, signed by the security officer."""
    second = str(more.pop("second", "o-security"))
    return hub.issuing.order(wanted(kind, who, at, "o-landing", second=second, **more))  # type: ignore[arg-type]


def hand_in(hub: Hub, *kinds: str, who: str = "r-amira") -> None:
    """What the person carries is out of use, so that they may be given another."""
    for one in hub.credentials.of(who):
        if one.kind in (kinds or ("badge", "stick")):
            hub.issuing.blocking.block(one, "lost", "o-landing")


def lays(kiosk: Peer, kind: str = "badge", uid: str = "") -> ToIssue:
    """The kiosk asks what to make of the thing in its hand."""
    answer = kiosk.ask(PlugReport(kiosk_id=kiosk.node.node_id, credential=kind, uid=uid))  # type: ignore[arg-type]
    assert isinstance(answer, ToIssue)
    return answer


def made(kiosk: Peer, answer: ToIssue) -> None:
    """It was made there."""
    assert kiosk.ask(Issued(kiosk_id=kiosk.node.node_id, issue_id=answer.issue_id)) == Done()


def stage(hub: Hub, one: Issue) -> str:
    found = hub.issuing.issues.find(one.issue_id)
    assert found is not None
    return found.state


def a_stick(hub: Hub, answer: ToIssue) -> Stick:
    """The stick as the kiosk has written it."""
    site_id = hub.node.site.site_id
    header = read_header(answer.header, hub.key.key.public_key(), site_id)
    return Stick(header.stick_id, site_id, hub.key, answer.header, (answer.ticket, bytes(512)))
