"""Policy on the hub: what a lease says, which policy is handed out, what the database refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from kiosk.cli import hub as hub_cli
from kiosk.hub.node import Hub
from kiosk.policy import decide, moment_of, read_policy
from kiosk.policy.signed import open_policy
from kiosk.services import hub_services
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.contracts import (
    CheckPasses,
    Lease,
    PassesStanding,
    PublicCopy,
    PublicCopyAnswer,
    RenewLease,
)
from provisioning.errors import Corrupt
from tests.kiosk.hub.hub_kit import AMIRA, SECOND, Peer, office, people_in, start_hub, stick_of


def test_a_lease_says_who_where_and_how_sure(hub: Hub, kiosk_a: Peer) -> None:
    badge = kiosk_a.sign_in(AMIRA)
    assert badge.standing.resident_id == "r-amira"
    assert (badge.standing.device_class, badge.standing.place, badge.standing.kiosk_id) == (
        "corridor-kiosk",
        "A",
        "kiosk-a",
    )
    assert badge.standing.level == 0
    stick = kiosk_a.enter(stick_of(hub, "r-amira", AMIRA + "99"))
    assert stick.standing.level == 1
    again = kiosk_a.ask(RenewLease(session_id=stick.session_id))
    assert isinstance(again, Lease)
    assert again.standing == stick.standing


def test_the_public_copy_brings_the_policy_that_the_lease_names_with_the_hubs_signature(
    hub: Hub, kiosk_a: Peer
) -> None:
    copy = kiosk_a.ask(PublicCopy())
    assert isinstance(copy, PublicCopyAnswer)
    assert hashlib.sha256(copy.policy).hexdigest() == kiosk_a.sign_in(AMIRA).policy_sha256
    text = open_policy(copy.policy, "hub", hub.key.key.public_key())
    assert [rule.id for rule in read_policy(text).rules] == [
        "printing-for-all",
        "requests-for-all",
        "notices-for-all",
    ]
    with pytest.raises(Corrupt, match="envelope_foreign"):
        open_policy(copy.policy, "hub", hub.keyring.key_of("kiosk-a"))
    with pytest.raises(Corrupt):
        open_policy(
            copy.policy.replace(b'"payload": "', b'"payload": "AAAA'), "hub", hub.key.key.public_key()
        )


def test_a_second_start_ships_nothing_again(hub: Hub) -> None:
    before = hub.ruling.in_force()
    hub.ruling.begin()
    assert hub.ruling.in_force() == before


def test_the_hub_and_a_kiosk_ask_the_same_function(hub: Hub, kiosk_a: Peer) -> None:
    lease, now = kiosk_a.sign_in(AMIRA), hub.clock.now_utc()
    here = decide(hub.ruling.book(), lease.standing, "printing", moment_of(now, "Europe/Brussels"))
    assert here == hub.ruling.may("r-amira", "printing", "kiosk-a", 0, now)
    assert here.allowed


# --- suspensions and regime --------------------------------------------------------------------------------------

TODAY = {
    "service": "printing",
    "first_day": "2026-11-22",
    "last_day": "2026-11-23",
    "reason": "Threw the mouse.",
}


def print_verdict(lease: Lease, hub: Hub) -> str:
    moment = moment_of(hub.clock.now_utc(), hub.node.site.timezone)
    return decide(hub.ruling.book(), lease.standing, "printing", moment).code


def renewed(kiosk: Peer, lease: Lease) -> Lease:
    again = kiosk.ask(RenewLease(session_id=lease.session_id))
    assert isinstance(again, Lease)
    return again


@pytest.fixture
def printing_hub(nodes: dict[str, Node], clock: FakeClock) -> Iterator[Hub]:
    made = start_hub(nodes["hub"], clock, hub_services())
    people_in(made)
    yield made
    made.store.close()


def test_a_suspended_service_closes_at_the_next_renewal_and_opens_by_itself(
    printing_hub: Hub, nodes: dict[str, Node], clock: FakeClock
) -> None:
    hub, kiosk = printing_hub, Peer(nodes["kiosk-a"], printing_hub, clock)
    lease = kiosk.sign_in(AMIRA)
    assert print_verdict(lease, hub) == ""
    security = office(hub, "security")
    for _ in range(2):
        security.form("/people/r-amira", "/people/r-amira/suspensions", **TODAY)
    lease = renewed(kiosk, lease)
    assert print_verdict(lease, hub) == "service_suspended"
    assert [(one.until_utc, one.reason) for one in lease.standing.suspensions] == [
        ("2026-11-23T23:00:00.000Z", "Threw the mouse.")
    ]
    assert [one.action for one in hub.trail.about("r-amira")].count("service_suspended") == 1
    page = office(hub, "landing").read("/people/r-amira")
    assert "You may not use this until" in page
    assert "Threw the mouse." in page
    assert "Suspend a service" not in page
    clock.advance(3 * 86400)
    assert print_verdict(kiosk.sign_in(AMIRA), hub) == ""


def test_a_suspension_is_ended_early_by_an_officer_once(hub: Hub, kiosk_a: Peer) -> None:
    security = office(hub, "security")
    security.form("/people/r-amira", "/people/r-amira/suspensions", **{**TODAY, "service": "*"})
    number = hub.ruling.suspensions.of("r-amira")[0].suspension_id
    for _ in range(2):
        security.form("/people/r-amira", f"/people/r-amira/suspensions/{number}/end")
    assert kiosk_a.sign_in(AMIRA).standing.suspensions == ()
    assert [one.action for one in hub.trail.about("r-amira")].count("suspension_ended") == 1
    assert hub.ruling.suspensions.of("r-amira")[0].ended_by == "o-security"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"last_day": "2026-12-07"}, 409),  # more than 14 days
        ({"first_day": "2026-11-20", "last_day": "2026-11-21"}, 409),
        ({"last_day": "soon"}, 409),
        ({"reason": ""}, 409),
        ({"service": "rocket"}, 409),
    ],
)
def test_a_suspension_without_reason_too_long_or_over_already_is_refused(
    hub: Hub, change: dict[str, str], status: int
) -> None:
    fields = {**TODAY, "service": "*", **change}
    office(hub, "security").form("/people/r-amira", "/people/r-amira/suspensions", status, **fields)
    assert hub.ruling.suspensions.of("r-amira") == []


def test_only_security_and_director_suspend_or_change_a_regime(hub: Hub) -> None:
    landing = office(hub, "landing")
    landing.form("/people/", "/people/r-amira/suspensions", 403, **TODAY)
    landing.form("/people/", "/people/r-amira/regime", 403, regime="closed", decision="1")


def stands(kiosk: Peer, stamp: str) -> bool:
    """Whether this kiosk's pass still opens something."""
    answer = kiosk.ask(CheckPasses(stamps=(stamp,)))
    assert isinstance(answer, PassesStanding)
    assert set(answer.stamps) <= {stamp}
    return answer.stamps == (stamp,)


def test_a_new_regime_is_in_the_next_lease_and_drops_the_offline_pass(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.enter(stick_of(hub, "r-amira", AMIRA + "99"))
    assert stands(kiosk_a, lease.pass_stamp)
    security = office(hub, "security")
    fields = {"regime": "closed", "groups": "school, choir,", "decision": "2026/114"}
    security.form("/people/r-amira", "/people/r-amira/regime", **fields, **SECOND)
    standing = renewed(kiosk_a, lease).standing
    assert (standing.regime, standing.groups) == ("closed", ("school", "choir"))
    assert not stands(kiosk_a, lease.pass_stamp)
    people_in(hub)  # a file that says nothing about the regime leaves it
    assert renewed(kiosk_a, lease).standing.regime == "closed"


def test_a_suspension_drops_the_offline_pass_and_its_end_does_not_drop_the_next_one(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    before = kiosk_a.enter(stick).pass_stamp
    assert stands(kiosk_a, before)
    fields = {**TODAY, "service": "*"}
    office(hub, "security").form("/people/r-amira", "/people/r-amira/suspensions", **fields)
    assert not stands(kiosk_a, before)
    after = kiosk_a.enter(stick).pass_stamp
    clock.advance(2.5 * 86400)
    assert stands(kiosk_a, after)


# --- the command -------------------------------------------------------------------------------------------------


def test_explain_prints_the_answer_and_every_rule_while_the_hub_runs(hub: Hub) -> None:
    ask = ["policy", "explain", "--config", str(hub.node.path), "--resident", "r-amira", "--kiosk", "kiosk-a"]
    said = CliRunner().invoke(hub_cli, [*ask, "--service", "printing", "--at", "2026-11-23T14:30"])
    assert said.exit_code == 0, said.output
    for words in (
        "Monday 2026-11-23 14:30",
        "corridor-kiosk at A",
        "YES, by rule printing-for-all",
        "speaks",
    ):
        assert words in said.output
    said = CliRunner().invoke(hub_cli, [*ask, "--service", "film"])
    assert "NO, by rule no-rule (not_offered)" in said.output
    assert "Ask an officer on your landing." in said.output
    fields = {**TODAY, "service": "*"}
    office(hub, "security").form("/people/r-amira", "/people/r-amira/suspensions", **fields)
    said = CliRunner().invoke(hub_cli, [*ask, "--service", "printing", "--at", "2026-11-23T14:30"])
    assert "(service_suspended)" in said.output
    ask[5] = "r-nobody"
    assert "resident_unknown" in CliRunner().invoke(hub_cli, [*ask, "--service", "film"]).output


def test_show_prints_what_can_be_read_again(hub: Hub) -> None:
    said = CliRunner().invoke(hub_cli, ["policy", "show", "--config", str(hub.node.path)])
    assert read_policy(said.output) == hub.ruling.book().policy
