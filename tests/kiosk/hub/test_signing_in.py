"""Badge and PIN become a lease: one session per person, limits that survive, the same time for every no."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from kiosk.hub.node import Hub
from kiosk.hub.sessions.rules import LEASE_SLACK, SITE_WINDOW, OpenSession, SessionElsewhere, WayIn, way_in
from kiosk.hub.sessions.secrets import CORES, WRITING, Checker, Crowd
from provisioning.clock import FakeClock, iso, parse_iso
from provisioning.config import Node
from provisioning.contracts import CheckPasses, EndSession, Lease, PassesStanding, Pending, RenewLease, SignIn
from provisioning.errors import Corrupt, Refused
from provisioning.identity import verify_secret
from provisioning.identity.attempts import Attempts
from provisioning.identity.pins import which_secret
from tests.kiosk.hub.hub_kit import (
    AMIRA,
    BRAM,
    CHLOE,
    PEPPER,
    Peer,
    make_nodes,
    people_in,
    start_hub,
    stick_of,
)
from tests.support import wait_until


def refusal(peer: Peer, uid: str, pin: str = "1234") -> Refused:
    with pytest.raises(Refused) as caught:
        peer.sign_in(uid, pin)
    return caught.value


def hear(hub: Hub, home: Peer) -> None:
    """A home kiosk asks after its passes twice: then the hub knows what it has been told."""
    as_of = ""
    for _ in range(2):
        answer = home.ask(CheckPasses(stamps=(), as_of=as_of))
        assert isinstance(answer, PassesStanding)
        as_of = answer.as_of


def test_badge_and_pin_give_a_lease_with_what_the_menu_needs(kiosk_a: Peer, clock: FakeClock) -> None:
    lease = kiosk_a.sign_in("04:a1")
    assert (lease.resident.first_name, lease.resident.language, lease.resident.wing) == ("Amira", "ar", "A")
    assert lease.balance_cents == 1000
    assert not lease.may_offline  # a badge alone opens nothing while the hub is away
    assert lease.standing.resident_id == "r-amira"
    assert (parse_iso(lease.until_utc) - clock.now_utc()).total_seconds() == 900


def test_only_a_stick_may_be_used_without_the_hub_and_only_at_home(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    stick = stick_of(hub, "r-amira", AMIRA + "99")
    lease = kiosk_a.enter(stick)
    assert (lease.may_offline, lease.standing.level) == (True, 1)
    kiosk_a.leave(lease)
    hear(hub, kiosk_a)
    assert not kiosk_b.enter(stick).may_offline


def test_each_no_has_its_own_code(hub: Hub, kiosk_a: Peer) -> None:
    hub.credentials.set_blocked("badge", CHLOE, True, "o-landing")
    assert refusal(kiosk_a, "FFFF").reason == "badge_unknown"
    assert refusal(kiosk_a, "0F0").reason == "badge_unknown"  # an officer's badge opens no session
    assert refusal(kiosk_a, CHLOE).reason == "badge_blocked"
    wrong = refusal(kiosk_a, AMIRA, "9999")
    assert (wrong.reason, wrong.detail) == ("pin_wrong", {"tries_left": 4})


def test_the_fifth_wrong_pin_closes_and_then_each_one_does_for_twice_as_long(
    kiosk_a: Peer, clock: FakeClock
) -> None:
    codes = [refusal(kiosk_a, AMIRA, "0000") for _ in range(5)]
    assert [one.reason for one in codes] == ["pin_wrong"] * 4 + ["pin_locked"]
    pauses = []
    for _ in range(6):
        until = parse_iso(str(codes[-1].detail["until_utc"]))
        pauses.append((until - clock.now_utc()).total_seconds())
        assert refusal(kiosk_a, AMIRA).reason == "pin_locked"  # even with the right PIN
        clock.advance(pauses[-1] + 1)
        kiosk_a.sign_in(BRAM)  # somebody else at this kiosk: its own count starts anew
        codes = [refusal(kiosk_a, AMIRA, "0000")]
        assert codes[0].reason == "pin_locked"
    # whoever guesses on purpose closes it at this kiosk for 15 minutes
    assert pauses == [300, 600, 900, 900, 900, 900]


def test_after_the_pause_the_right_pin_works_and_forgets_the_failures(
    hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    for _ in range(5):
        refusal(kiosk_a, AMIRA, "0000")
    clock.advance(301)
    kiosk_a.sign_in(AMIRA)
    assert hub.sessions.attempts("r-amira/badge") == Attempts()
    assert hub.sessions.attempts("r-amira/badge@kiosk-a") == Attempts()
    assert hub.sessions.failures(SITE_WINDOW) == 5  # they are still what the site saw


def test_a_pause_survives_a_restart_of_the_hub(
    nodes: dict[str, Node], hub: Hub, kiosk_a: Peer, clock: FakeClock
) -> None:
    for _ in range(5):
        refusal(kiosk_a, AMIRA, "0000")
    hub.store.close()
    again = start_hub(nodes["hub"], clock)
    assert refusal(Peer(nodes["kiosk-a"], again, clock), AMIRA).reason == "pin_locked"
    again.store.close()


def test_a_kiosk_that_fails_too_often_pauses_for_everyone_a_little(
    kiosk_a: Peer, kiosk_b: Peer, clock: FakeClock
) -> None:
    for _ in range(20):
        refusal(kiosk_a, "FFFF")
    assert refusal(kiosk_a, BRAM).reason == "kiosk_paused"
    kiosk_b.sign_in(BRAM)
    clock.advance(61)
    kiosk_a.sign_in(AMIRA)


def test_parallel_guesses_are_all_counted(kiosk_a: Peer, kiosk_b: Peer) -> None:
    with ThreadPoolExecutor(8) as pool:
        peers = [kiosk_a, kiosk_b] * 6
        codes = [one.reason for one in pool.map(lambda peer: refusal(peer, AMIRA, "0000"), peers)]
    assert codes.count("pin_wrong") == 4
    assert codes.count("pin_locked") == 8


def test_an_unknown_badge_is_checked_as_slowly_as_a_wrong_pin(hub: Hub) -> None:
    checked: list[str] = []

    def which(secret: str, phc: str, duress: str, pepper: bytes) -> Literal["own", "duress", ""]:
        checked.append(secret)
        return which_secret(secret, phc, duress, pepper)

    prover = replace(hub.signing_in.prover, checker=Checker(PEPPER, which=which))
    for uid in ("FFFF", AMIRA):
        with pytest.raises(Refused):
            prover.prove(SignIn(kiosk_id="kiosk-a", credential="badge", uid=uid, pin="0000"))
    assert checked == ["0000", "0000"]  # one Argon2id each


def test_a_second_sign_in_takes_the_session_over_when_the_first_kiosk_has_let_go(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    first = kiosk_a.sign_in(AMIRA)
    pending = kiosk_b.claim(AMIRA)
    assert isinstance(pending, Pending)
    assert (pending.elsewhere, pending.ticket) == ("Kiosk A", b"")
    assert isinstance(kiosk_b.take_up(pending), Pending)  # asking again changes nothing
    with pytest.raises(Refused) as caught:
        kiosk_a.ask(RenewLease(session_id=first.session_id))
    assert (caught.value.reason, caught.value.detail) == ("session_ended", {"why": "taken_over"})
    assert [one.kiosk_id for one in hub.sessions.all_open()] == [
        "kiosk-a"
    ]  # it was told; it has not said yes
    kiosk_a.leave(first, "taken_over")
    second = kiosk_b.take_up(pending)
    assert isinstance(second, Lease)
    assert hub.sessions.why_ended(first.session_id) == "taken_over"
    assert isinstance(kiosk_b.ask(RenewLease(session_id=second.session_id)), Lease)
    with pytest.raises(Refused, match="session_taken_over"):
        kiosk_b.take_up(pending)  # a claim becomes one lease


def test_a_kiosk_that_cannot_be_told_holds_the_session_until_its_lease_is_over(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, clock: FakeClock
) -> None:
    first = kiosk_a.sign_in(AMIRA)
    clock.advance(860)
    pending = kiosk_b.claim(AMIRA)
    clock.advance(44)
    assert isinstance(
        kiosk_b.take_up(pending), Pending
    )  # 904 s: four more than the lease, one less than the slack
    clock.advance(1)
    assert isinstance(kiosk_b.take_up(pending), Lease)
    assert hub.sessions.why_ended(first.session_id) == "taken_over"


def test_the_newest_claim_is_the_one_that_counts(kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer) -> None:
    first = kiosk_a.sign_in(AMIRA)
    older, newer = kiosk_b.claim(AMIRA), kiosk_c.claim(AMIRA)
    kiosk_a.leave(first)
    with pytest.raises(Refused, match="session_taken_over"):
        kiosk_b.take_up(older)
    assert isinstance(kiosk_c.take_up(newer), Lease)


def test_a_claim_belongs_to_its_kiosk_and_lives_for_a_minute(
    kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer, clock: FakeClock
) -> None:
    first = kiosk_a.sign_in(AMIRA)
    pending = kiosk_b.claim(AMIRA)
    kiosk_a.leave(first)
    with pytest.raises(Refused, match="session_taken_over"):
        kiosk_c.take_up(pending)
    clock.advance(61)
    with pytest.raises(Refused, match="session_taken_over"):
        kiosk_b.take_up(pending)


def test_under_the_rule_refuse_fifty_at_once_on_ten_kiosks_give_one_session(
    tmp_path: Path, clock: FakeClock
) -> None:
    names = [f"kiosk-{number}" for number in range(10)]
    nodes = make_nodes(tmp_path, "refuse", names)
    hub = start_hub(nodes["hub"], clock)
    people_in(hub)

    def attempt(name: str) -> str:
        try:
            Peer(nodes[name], hub, clock).sign_in(AMIRA)
        except Refused as error:
            return error.reason
        return name

    with ThreadPoolExecutor(10) as pool:
        results = list(pool.map(attempt, names * 5))
    winner = hub.sessions.all_open()[0].kiosk_id
    assert len(hub.sessions.all_open()) == 1
    assert set(results) == {winner, "session_elsewhere"}
    hub.store.close()


def test_many_at_once_at_two_kiosks_leave_one_open_session(hub: Hub, kiosk_a: Peer, kiosk_b: Peer) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda peer: peer.claim(AMIRA), [kiosk_a, kiosk_b] * 10))
    assert len(hub.sessions.all_open()) == 1
    winner = hub.sessions.all_open()[0]
    leases = [one for one in answers if isinstance(one, Lease)]
    assert winner.session_id in {one.session_id for one in leases}
    assert len(leases) == 10  # the kiosk that came first; the other holds claims


def test_the_database_itself_refuses_a_second_open_session(hub: Hub, kiosk_a: Peer, clock: FakeClock) -> None:
    kiosk_a.sign_in(AMIRA)
    with pytest.raises(sqlite3.IntegrityError):
        hub.sessions.begin("r-amira", "kiosk-b", clock.now_utc(), 0)
    with pytest.raises(sqlite3.IntegrityError):
        hub.sessions.begin("r-bram", "kiosk-a", clock.now_utc(), 0)


def test_the_next_person_at_a_kiosk_ends_the_session_left_there(hub: Hub, kiosk_a: Peer) -> None:
    left = kiosk_a.sign_in(AMIRA)
    kiosk_a.sign_in(BRAM)
    assert [one.resident_id for one in hub.sessions.all_open()] == ["r-bram"]
    assert hub.sessions.why_ended(left.session_id) == "restart"


def test_a_lease_that_ran_out_protects_nobody_and_is_not_renewed(kiosk_a: Peer, clock: FakeClock) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    clock.advance(901)
    with pytest.raises(Refused, match="session_ended"):
        kiosk_a.ask(RenewLease(session_id=lease.session_id))


def test_renewing_moves_the_end_of_the_lease(kiosk_a: Peer, clock: FakeClock) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    clock.advance(600)
    renewed = kiosk_a.ask(RenewLease(session_id=lease.session_id))
    assert isinstance(renewed, Lease)
    assert (parse_iso(renewed.until_utc) - clock.now_utc()).total_seconds() == 900


def test_leaving_ends_the_session_once_and_only_from_its_own_kiosk(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, clock: FakeClock
) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    over = EndSession(session_id=lease.session_id, why="badge_gone", at_utc=iso(clock.now_utc()))
    kiosk_b.tell(over)
    assert hub.sessions.all_open()
    for _ in range(2):
        kiosk_a.tell(over, "one-and-the-same-message")
    assert not hub.sessions.all_open()
    ends = [one for one in hub.trail.about(lease.session_id) if one.action == "session_ended"]
    assert [one.detail["why"] for one in ends] == ["badge_gone"]


def test_a_kiosk_cannot_sign_in_for_another_nor_a_farm_at_all(kiosk_a: Peer, farm: Peer) -> None:
    for peer, claimed in ((kiosk_a, "kiosk-b"), (farm, "farm")):
        with pytest.raises(Corrupt, match="not_for_this_node"):
            peer.ask(SignIn(kiosk_id=claimed, credential="badge", uid=AMIRA, pin="1234"))


def test_every_attempt_is_in_the_trail_without_names(hub: Hub, kiosk_a: Peer) -> None:
    refusal(kiosk_a, AMIRA, "0000")
    refusal(kiosk_a, "FFFF")
    kiosk_a.sign_in(AMIRA)
    said = [(one.action, one.subject, one.detail.get("code")) for one in reversed(hub.trail.latest(10))]
    assert said[:2] == [
        ("sign_in_refused", "r-amira", "pin_wrong"),
        ("sign_in_refused", "nobody", "badge_unknown"),
    ]
    assert said[2][0] == "signed_in"
    # not the whole record: its hashes may hold any digits
    words = [f"{one.actor} {one.subject} {one.detail}" for one in hub.trail.latest(10)]
    assert not any("Amira" in one or "1234" in one for one in words)


def test_a_burst_never_checks_more_secrets_at_once_than_there_are_cores() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def verify(secret: str, phc: str, pepper: bytes) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        fits = verify_secret(secret, phc, pepper)
        with lock:
            inside -= 1
        return fits

    checker = Checker(PEPPER, verify)
    with ThreadPoolExecutor(12) as pool:
        assert not any(pool.map(lambda number: checker.fits(str(number), None), range(12)))
    assert 1 <= most <= CORES


def test_of_a_burst_a_few_are_under_way_and_everyone_has_their_turn() -> None:
    checker, few, go_on = Checker(PEPPER), CORES + WRITING, threading.Event()
    inside, most, lock = 0, 0, threading.Lock()

    def sign_in(number: int) -> int:
        nonlocal inside, most
        with checker.in_turn():
            with lock:
                inside += 1
                most = max(most, inside)
            assert go_on.wait(60)
            with lock:
                inside -= 1
        return number

    with ThreadPoolExecutor(few + 8) as pool:
        served = [pool.submit(sign_in, number) for number in range(few + 8)]
        wait_until(lambda: inside == few, what="the first few")
        go_on.set()
        assert [one.result(60) for one in served] == list(range(few + 8))
    assert most == few


def test_whoever_is_refused_gives_their_turn_back() -> None:
    checker, through = Checker(PEPPER), threading.Event()

    def refused_often() -> None:
        for _ in range(CORES + WRITING + 1):
            with pytest.raises(SessionElsewhere), checker.in_turn():
                raise SessionElsewhere
        through.set()

    threading.Thread(target=refused_often, daemon=True).start()
    assert through.wait(15), "a turn was kept"


def test_a_right_code_clears_the_failures_even_where_another_session_stands_in_the_way(
    tmp_path: Path, clock: FakeClock
) -> None:
    nodes = make_nodes(tmp_path, "refuse", ["kiosk-a", "kiosk-b"])
    hub = start_hub(nodes["hub"], clock)
    people_in(hub)
    there, here = Peer(nodes["kiosk-a"], hub, clock), Peer(nodes["kiosk-b"], hub, clock)
    assert refusal(here, AMIRA, "0000").reason == "pin_wrong"
    assert hub.sessions.attempts("r-amira/badge").failures == 1
    there.sign_in(AMIRA)
    assert refusal(here, AMIRA, "0000").detail["tries_left"] == 4
    assert refusal(here, AMIRA).reason == "session_elsewhere"
    assert hub.sessions.attempts("r-amira/badge").failures == 0
    hub.store.close()


def test_memory_is_kept_while_a_crowd_waits_and_given_back_by_its_last() -> None:
    done: list[str] = []
    crowd = Crowd(lambda: done.append("kept"), lambda: done.append("given back"))
    with crowd:
        assert done == [], "one alone takes and returns"
    for _ in range(CORES + 2):
        crowd.__enter__()
    assert done == ["kept"]
    for _ in range(CORES + 1):
        crowd.__exit__()
    assert done == ["kept"], "somebody still signs in"
    crowd.__exit__()
    assert done == ["kept", "given back"]
    with crowd:
        pass
    assert len(done) == 2


# --- the rules alone ---------------------------------------------------------------------------------------------


def test_who_gives_way_to_a_new_session(clock: FakeClock) -> None:
    now = clock.now_utc()
    clock.advance(60)
    later = clock.now_utc()
    elsewhere = OpenSession("s1", "r1", "k2", later)
    here = OpenSession("s2", "r2", "k1", later)
    stale = OpenSession("s3", "r1", "k2", now - LEASE_SLACK)
    fresh = OpenSession("s4", "r1", "k2", now)
    assert way_in([elsewhere, here], "k1", now, "take_over") == WayIn((("s2", "restart"),), elsewhere)
    assert way_in([stale], "k1", now, "refuse") == WayIn((("s3", "lease_over"),))
    assert way_in([fresh], "k1", now, "take_over") == WayIn((), fresh)  # the slack has not passed
    with pytest.raises(SessionElsewhere):
        way_in([elsewhere], "k1", now, "refuse")
    told = replace(elsewhere, ending="hub")
    assert way_in([told], "k1", now, "refuse") == WayIn((), told)  # it shall end anyway: wait for it
