"""The hub under hostile hands: every page with every role, words that bite, addresses that lead away, old tapes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.node import Hub
from kiosk.hub.office.signing import _safe_next
from kiosk.hub.people.importing import Importer, PeopleFile, ResidentLine
from kiosk.policy.roles import ALL, TABLE
from kiosk.services import hub_services
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.contracts import CheckPasses, OfficerRoster, PassesStanding, SignIn
from provisioning.errors import Corrupt, Refused
from provisioning.identity import Keyring, NodeKey, open_sealed, seal
from tests.kiosk.hub.hub_kit import (
    AMIRA,
    PEPPER,
    SECOND,
    Officer,
    Peer,
    app_of,
    make_nodes,
    office,
    people_in,
    start_hub,
    stick_of,
)

# endpoint -> the action of kiosk.policy that opens it; None: open to everybody who may speak to the hub at all
PAGES: dict[str, str | None] = {
    "static": None,
    "web.health": None,
    "web.patterns": None,
    "web.sample_chart": None,
    "node_api.call": None,
    "node_api.inbox": None,
    "signing.page": None,
    "signing.enter": None,
    "signing.out": None,
    **dict.fromkeys(
        ("signing.locked", "signing.again", "signing.question", "signing.seen", "signing.lock"), None
    ),
    **dict.fromkeys(("account.mine", "account.question", "account.add", "account.remove"), "work_seen"),
    **dict.fromkeys(("reading.log", "reading.say"), "log_read"),
    "reporting.week": "access_report_viewed",
    "work.queue": "work_seen",
    "people.every": "person_viewed",
    "people.one": "person_viewed",
    "people.block": "badge_blocked",
    "people.unblock": "badge_unblocked",
    "people.end": "session_ended",
    **dict.fromkeys(("people.suspend", "people.end_suspension"), "service_suspended"),
    "people.change_regime": "regime_changed",
    **dict.fromkeys(("policy.every", "policy.version", "policy.draft"), "policy_viewed"),
    "refusals.every": "refusals_viewed",
    **dict.fromkeys(("policy.preview", "policy.rule"), "policy_viewed"),
    **dict.fromkeys(("policy.begin", "policy.title", "policy.drop", "policy.propose"), "policy_drafted"),
    **dict.fromkeys(("policy.keep", "policy.remove"), "policy_drafted"),
    "policy.approve": "policy_approved",
    **{f"agreement.{page}": "agreement_viewed" for page in ("every", "unsigned", "version", "screen")},
    **{f"agreement.{page}": "agreement_viewed" for page in ("draft", "preview")},
    **{f"agreement.{page}": "agreement_drafted" for page in ("begin", "title", "drop", "propose", "section")},
    **{f"agreement.{page}": "agreement_drafted" for page in ("keep", "remove", "move")},
    "agreement.approve": "agreement_approved",
    **dict.fromkeys(
        ("issuing.form", "issuing.order", "issuing.one", "issuing.progress", "issuing.sign"),
        "credential_issued",
    ),
    **dict.fromkeys(
        ("issuing.erase", "issuing.cancel", "sheets.card", "sheets.receipt"), "credential_issued"
    ),
    **dict.fromkeys(("people.envelope", "sheets.envelope", "sheets.make"), "secret_reset"),
    "sheets.static": None,
    **dict.fromkeys(("incidents.every", "incidents.one"), "incident_seen"),
    "incidents.settle": "incident_settled",
    "devices.service": "kiosk_out_of_service",
    **dict.fromkeys(("held.every", "held.release", "held.drop"), "hold_released"),
    "devices.every": "devices_viewed",
    "trail.latest": "audit_viewed",
    "trail.verify": "audit_viewed",
    **dict.fromkeys(
        ("notices.every", "notices.new", "notices.one", "notices.add", "notices.change"), "notice_written"
    ),
    **dict.fromkeys(("notices.withdraw", "notices.preview"), "notice_written"),
    **dict.fromkeys(("printing.requests", "printing.request_page", "printing.paper"), "request_viewed"),
    **dict.fromkeys(("printing.approve", "printing.refuse", "printing.answer"), "request_viewed"),
    **dict.fromkeys(("printing.models", "printing.model_page"), "model_viewed"),
    **dict.fromkeys(("printing.sign", "printing.end"), "model_viewed"),
    "printing.picture": "request_viewed",
    "printing.static": "request_viewed",
}
ARGUMENTS = {"resident_id": "r-x", "kind": "badge", "uid": "04", "session_id": "s", "notice_id": "n"}
ARGUMENTS |= {
    "number": "R-2",
    "sheet_no": "7",
    "slot": "workshop",
    "suspension_id": "S-2",
    "name": "new",
    "version_no": "7",
    "section_no": "7",
    "service": "printing",
    "sha256": "ab",
    "wanted": "lock",
    "credential_id": "ab",
    "filename": "x.css",
    "issue_id": "C-2",
    "envelope_id": "E-2",
    "incident_id": "I-2",
    "kiosk_id": "kiosk-z",
}


@pytest.fixture
def whole(nodes: dict[str, Node], clock: FakeClock) -> Iterator[Hub]:
    """A hub with every service."""
    made = start_hub(nodes["hub"], clock, hub_services())
    people_in(made)
    yield made
    made.store.close()


def doors(hub: Hub) -> list[tuple[str, str, str]]:
    """Every (endpoint, method, path) of the hub, arguments filled in."""
    found = []
    for rule in app_of(hub).url_map.iter_rules():
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", lambda hit: ARGUMENTS[hit[1]], rule.rule)
        found += [(rule.endpoint, method, path) for method in rule.methods or () if method in {"GET", "POST"}]
    return sorted(found)


def knock(officer: Officer, token: str, method: str, path: str) -> int:
    """The status of one request, sent as one of our own pages would."""
    if method == "GET":
        return officer.web.get(path).status_code
    fields = {"csrf_token": token, "form_key": "0" * 32}
    return officer.web.post(path, data=fields).status_code


def token_of(officer: Officer, page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', officer.read(page))
    assert found
    return found[1]


def test_every_page_of_the_hub_opens_to_exactly_the_roles_that_policy_names(whole: Hub) -> None:
    unnamed = {endpoint for endpoint, _, _ in doors(whole)} - set(PAGES)
    assert not unnamed, "a new page: say which action opens it"
    for role in sorted(ALL):
        officer = office(whole, role)
        token = token_of(officer, "/")
        for endpoint, method, path in doors(whole):
            action = PAGES[endpoint]
            if action is None or endpoint.endswith("static"):
                continue
            status = knock(officer, token, method, path)
            allowed = role in TABLE[action]
            assert (status == 403) != allowed, (role, endpoint, method, status)
            assert status not in {401, 500}, (role, endpoint, method, status)


def test_nobody_who_is_not_signed_in_gets_past_any_door(whole: Hub) -> None:
    stranger = Officer(app_of(whole))
    token = token_of(stranger, "/sign-in")
    for endpoint, method, path in doors(whole):
        if PAGES[endpoint] is None:
            continue
        status = knock(stranger, token, method, path)
        assert status == (303 if method == "GET" else 401), (endpoint, method, status)


@pytest.mark.parametrize(
    "bait", ["//evil", "/\\evil", "/\t/evil", "\t//evil", "/\r\nX: y", "https://evil", "evil", ""]
)
def test_no_address_leads_away_after_signing_in(hub: Hub, bait: str) -> None:
    with app_of(hub).test_request_context():
        assert _safe_next(bait) == "/"
        assert _safe_next("/people/?words=a") == "/people/?words=a"


NASTY = "<script>alert(1)</script>\u202eevil"


def test_words_that_bite_are_words_everywhere(whole: Hub) -> None:
    whole.store.run("UPDATE resident SET first_name = ? WHERE resident_id = 'r-amira'", (NASTY,))
    whole.store.run("UPDATE officer SET name = ?", (NASTY,))
    officer = office(whole, "security")
    for page in ("/", "/people/", "/people/r-amira", "/audit/", "/devices/", f"/people/?words={NASTY}"):
        assert "<script>alert" not in officer.read(page), page


def test_the_trail_names_nobody_and_holds_no_badge_number(
    whole: Hub, nodes: dict[str, Node], clock: FakeClock
) -> None:
    kiosk = Peer(nodes["kiosk-a"], whole, clock)
    kiosk.sign_in(AMIRA)
    with pytest.raises(Refused):
        kiosk.sign_in(AMIRA, "4321")
    officer = office(whole, "security")
    uid = "04A199"
    officer.form("/people/r-amira", f"/people/r-amira/stick/{uid}/block")
    officer.form("/people/r-amira", f"/people/r-amira/stick/{uid}/unblock", **SECOND)
    said = "\n".join(str(record) for record in whole.trail.latest(100))
    text = re.sub("[0-9a-f]{32,}", "", said)  # ids, digests and signatures hold any four digits now and then
    assert "badge_blocked" in text
    for secret in ("Amira", "Security", uid, "4321", "1234"):
        assert secret not in text, secret


def test_a_recorded_sign_in_opens_no_second_session(
    hub: Hub, nodes: dict[str, Node], clock: FakeClock
) -> None:
    node = nodes["kiosk-a"]
    asked = SignIn(kiosk_id="kiosk-a", credential="badge", uid=AMIRA, pin="1234")
    tape = seal(asked, "hub", NodeKey.load(node), clock)
    hub.receiver.answer(tape)
    before = hub.trail.head()
    said = open_sealed(hub.receiver.answer(tape), Keyring.load(node), "kiosk-a").contract
    assert "call_repeated" in str(said)
    assert hub.trail.head() == before


def test_a_farm_signs_nobody_in_and_a_kiosk_asks_for_no_other(hub: Hub, kiosk_a: Peer, farm: Peer) -> None:
    for peer, name in ((farm, "farm"), (farm, "kiosk-a"), (kiosk_a, "kiosk-b")):
        with pytest.raises(Corrupt, match="not_for_this_node"):
            peer.ask(SignIn(kiosk_id=name, credential="badge", uid=AMIRA, pin="1234"))
    assert hub.sessions.all_open() == []


def test_a_hub_restored_from_yesterday_still_tells_farms_something_newer(
    tmp_path: Path, clock: FakeClock
) -> None:
    nodes = make_nodes(tmp_path)

    def editions_after(blocked: bool) -> list[int]:
        hub = start_hub(nodes["hub"], clock)
        people_in(hub)
        hub.roster.publish()
        hub.credentials.set_blocked("badge", "0F0", blocked, "o-security")
        hub.roster.publish()
        told = [one.contract for one in hub.context.outbox.waiting("farm")]
        hub.store.close()
        return [one.edition for one in told if isinstance(one, OfficerRoster)]

    before = editions_after(blocked=True)
    clock.advance(3600)
    for file in nodes["hub"].state_dir.glob("hub.sqlite*"):
        file.unlink()  # the oldest copy there can be: none at all
    after = editions_after(blocked=False)
    assert before == sorted(before)
    assert min(after) > max(before)


def test_a_pass_falls_with_a_block_a_new_pin_a_move_and_at_any_other_kiosk(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    stamp = kiosk_a.enter(stick_of(hub, "r-amira", AMIRA + "99")).pass_stamp

    def stands(at: Peer = kiosk_a) -> bool:
        answer = at.ask(CheckPasses(stamps=(stamp, "made up")))
        assert isinstance(answer, PassesStanding)
        return answer.stamps == (stamp,)

    assert stands()
    assert not stands(kiosk_b)
    hub.credentials.set_blocked("stick", AMIRA + "99", True, "o-security")
    assert not stands()
    hub.credentials.set_blocked("stick", AMIRA + "99", False, "o-security")
    assert stands()
    badge = kiosk_a.sign_in(
        AMIRA
    ).pass_stamp  # a badge's number can be read off: it never opens without the hub
    answer = kiosk_a.ask(CheckPasses(stamps=(stamp, badge)))
    assert isinstance(answer, PassesStanding)
    assert answer.stamps == (stamp,)
    for change in ("wing = 'B'", "wing = 'A', pin_hash = 'another'"):
        hub.store.run(f"UPDATE resident SET {change} WHERE resident_id = 'r-amira'")
        assert not stands()


@pytest.mark.parametrize("mark", ["\u202e", "\u2067", "\n", "\x00"])
def test_a_name_with_an_invisible_mark_is_not_brought_in(hub: Hub, mark: str) -> None:
    line = ResidentLine(resident_id="r-new", first_name=f"Am{mark}ira", language="nl", wing="A", pin="1234")
    with pytest.raises(Refused, match="import_refused"):
        Importer(hub.people, hub.ledger, PEPPER).write(PeopleFile(residents=(line,)))
    assert hub.people.resident("r-new") is None
