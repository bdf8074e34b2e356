"""One person, one session, also while kiosks and hub do not hear each other: what a home kiosk's word is worth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.node import Hub
from kiosk.hub.people.importing import Importer, PeopleFile, ResidentLine
from kiosk.hub.sessions.promises import SLACK_S, KioskWord, Promises
from kiosk.hub.sessions.signing_in import PASS_LIFE
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.contracts import CheckPasses, Lease, PassesStanding, Pending, RenewLease
from provisioning.errors import Refused, Unavailable
from tests.kiosk.hub.hub_kit import AMIRA, BRAM, PEPPER, Peer, start_hub, stick_of
from tests.kiosk.sticks import Stick

ALONE_S = 30.0  # site.alone_after_s of the test site
FULL_S = 900  # site.lease_s


@pytest.fixture
def stick(hub: Hub) -> Stick:
    return stick_of(hub, "r-amira", AMIRA + "99")


@pytest.fixture
def stamp(kiosk_a: Peer, stick: Stick) -> str:
    """Amira was at home with her stick and has left: kiosk A keeps a pass of hers, under this stamp."""
    lease = kiosk_a.enter(stick)
    kiosk_a.leave(lease)
    return lease.pass_stamp


def ask(
    home: Peer, as_of: str = "", stamps: Iterable[str] = (), in_use: Iterable[str] = ()
) -> PassesStanding:
    """One question of a home kiosk."""
    answer = home.ask(CheckPasses(stamps=tuple(stamps), as_of=as_of, in_use=tuple(in_use)))
    assert isinstance(answer, PassesStanding)
    return answer


def hear(home: Peer, stamps: Iterable[str] = ()) -> str:
    """The kiosk has had an answer given now, and has said so; the newest answer's name."""
    return ask(home, ask(home, "", stamps).as_of, stamps).as_of


def refusal(kiosk: Peer, stick: Stick) -> str:
    with pytest.raises(Refused) as caught:
        kiosk.enter(stick)
    return caught.value.reason


def renewed(kiosk: Peer, lease: Lease) -> Lease:
    again = kiosk.ask(RenewLease(session_id=lease.session_id))
    assert isinstance(again, Lease)
    return again


def test_nobody_enters_elsewhere_while_a_home_kiosk_that_was_never_heard_may_let_them_in(
    hub: Hub, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    assert stamp
    assert refusal(kiosk_b, stick) == "home_kiosk_away"
    assert hub.sessions.all_open() == []
    refused = [one for one in hub.trail.about("r-amira") if one.action == "sign_in_refused"]
    assert [one.detail["code"] for one in refused] == ["home_kiosk_away"]


@pytest.mark.parametrize("jump_s", [3600, -3600, 4e8, -4e8])
def test_no_jump_of_the_hubs_clock_makes_a_lease_shorter_or_longer(
    kiosk_b: Peer, kiosk_c: Peer, clock: FakeClock, jump_s: float
) -> None:
    """The kiosk that was given it counts by a clock that does not jump, and may be cut off meanwhile."""
    kiosk_b.sign_in(AMIRA)
    clock.advance(60)
    clock.step(jump_s)
    pending = kiosk_c.claim(AMIRA)
    assert isinstance(pending, Pending)
    clock.advance(FULL_S - 60)
    pending = kiosk_c.claim(AMIRA)
    assert isinstance(pending, Pending)
    clock.advance(6)
    assert isinstance(kiosk_c.take_up(pending), Lease)


def test_a_lease_of_before_a_restart_and_a_jump_keeps_nobody_out_for_longer_than_one_lasts(
    nodes: dict[str, Node], hub: Hub, kiosk_b: Peer, clock: FakeClock
) -> None:
    kiosk_b.sign_in(AMIRA)
    hub.store.close()
    clock.step(-4e8)
    again = start_hub(nodes["hub"], clock)
    try:
        kiosk_c = Peer(nodes["kiosk-c"], again, clock)
        assert isinstance(kiosk_c.claim(AMIRA), Pending)
        clock.advance(FULL_S + 6)
        assert isinstance(kiosk_c.claim(AMIRA), Lease)
    finally:
        again.store.close()


def stays_for_days(kiosk: Peer, stick: Stick, clock: FakeClock) -> None:
    """A session there goes on until a pass of its beginning has run out."""
    lease = kiosk.enter(stick)
    for _ in range(int(PASS_LIFE.total_seconds() // 600) + 1):
        clock.advance(600)
        renewed(kiosk, lease)


def test_a_session_that_went_on_for_days_binds_until_it_may_be_over_at_home(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, clock: FakeClock
) -> None:
    """Its kiosk goes on by its own word, however long ago it began."""
    stays_for_days(kiosk_a, stick, clock)
    clock.advance(FULL_S + 10)
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


@pytest.mark.parametrize("jump_s", [4e8, -4e8])
def test_no_jump_of_the_hubs_clock_makes_a_pass_at_home_forgotten(
    kiosk_b: Peer, stick: Stick, stamp: str, clock: FakeClock, jump_s: float
) -> None:
    """The home kiosk counts its pass by itself, and the hub's clock may have been set right in between."""
    assert stamp
    clock.step(jump_s)
    clock.advance((PASS_LIFE - timedelta(seconds=1)).total_seconds())
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


def test_no_jump_makes_a_session_forgotten_that_went_on_at_home(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, clock: FakeClock
) -> None:
    stays_for_days(kiosk_a, stick, clock)
    clock.step(4e8)
    clock.advance(FULL_S + 10)
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


def test_a_pass_that_ran_out_binds_nobody(kiosk_b: Peer, stick: Stick, stamp: str, clock: FakeClock) -> None:
    assert stamp
    clock.advance((PASS_LIFE - timedelta(seconds=1)).total_seconds())
    assert refusal(kiosk_b, stick) == "home_kiosk_away"
    clock.advance(2)
    assert kiosk_b.enter(stick).lasts_s == FULL_S


def test_who_never_used_a_stick_at_home_has_no_pass_there(kiosk_b: Peer, stick: Stick) -> None:
    assert kiosk_b.enter(stick).lasts_s == FULL_S


def test_a_question_alone_promises_nothing_yet(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    ask(kiosk_a, "", [stamp])  # its answer may never arrive there
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


def test_a_home_kiosk_that_was_heard_allows_a_lease_for_as_long_as_it_keeps_still(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str, clock: FakeClock
) -> None:
    hear(kiosk_a, [stamp])
    clock.advance(7)
    assert kiosk_b.enter(stick).lasts_s == ALONE_S - SLACK_S - 7


def test_a_home_kiosk_that_went_away_allows_no_new_session_and_ends_none(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer, stick: Stick, stamp: str, clock: FakeClock
) -> None:
    hear(kiosk_a, [stamp])
    lease = kiosk_b.enter(stick)
    clock.advance(20)
    assert renewed(kiosk_b, lease).lasts_s == ALONE_S - SLACK_S - 20
    clock.advance(7.5)  # less than a second is left
    with pytest.raises(Unavailable, match="home_kiosk_unheard"):
        renewed(kiosk_b, lease)
    assert [one.session_id for one in hub.sessions.all_open()] == [lease.session_id]  # until its lease ends
    kiosk_b.leave(lease)
    assert refusal(kiosk_c, stick) == "home_kiosk_away"


def test_once_the_home_kiosk_knows_of_the_session_elsewhere_it_may_die(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str, clock: FakeClock
) -> None:
    as_of = hear(kiosk_a, [stamp])
    lease = kiosk_b.enter(stick)
    answer = ask(kiosk_a, as_of, [stamp])
    assert answer.paused == (stamp,)
    assert renewed(kiosk_b, lease).lasts_s < ALONE_S  # told, but did it arrive?
    ask(kiosk_a, answer.as_of, [stamp])
    for _ in range(10):  # kiosk A is never heard again
        assert renewed(kiosk_b, lease).lasts_s == FULL_S
        clock.advance(600)


def test_a_pause_ends_with_the_session_it_was_for(
    kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer, stick: Stick, stamp: str
) -> None:
    as_of = hear(kiosk_a, [stamp])
    lease = kiosk_b.enter(stick)
    as_of = ask(kiosk_a, as_of, [stamp]).as_of
    as_of = ask(kiosk_a, as_of, [stamp]).as_of
    kiosk_b.leave(lease)
    assert ask(kiosk_a, as_of, [stamp]).paused == ()
    assert kiosk_c.enter(stick).lasts_s <= ALONE_S - SLACK_S


def test_a_new_pass_at_home_is_not_paused_by_an_old_answer(
    kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer, stick: Stick, stamp: str, clock: FakeClock
) -> None:
    as_of = hear(kiosk_a, [stamp])
    away = kiosk_b.enter(stick)
    ask(kiosk_a, ask(kiosk_a, as_of, [stamp]).as_of, [stamp])
    assert renewed(kiosk_b, away).lasts_s == FULL_S
    kiosk_b.leave(away)
    kiosk_a.leave(kiosk_a.enter(stick))  # home again: a new pass; and then the cable of kiosk A breaks
    clock.advance(1)
    assert kiosk_c.enter(stick).lasts_s <= ALONE_S - SLACK_S - 1


def test_who_is_at_home_by_the_kiosks_own_word_enters_nowhere_else(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    as_of = ask(kiosk_a, "", [stamp], [stamp]).as_of
    as_of = ask(kiosk_a, as_of, [stamp], [stamp]).as_of
    assert refusal(kiosk_b, stick) == "home_kiosk_away"
    ask(kiosk_a, as_of, [stamp])  # they have left
    assert kiosk_b.enter(stick).lasts_s == ALONE_S - SLACK_S


def test_a_late_question_of_before_frees_nobody(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    ask(kiosk_a, "", [stamp], [stamp])
    as_of = ask(kiosk_a, "", [stamp], [stamp]).as_of
    newer = ask(kiosk_a, as_of, [stamp], [stamp]).as_of
    ask(kiosk_a, newer, [stamp], [stamp])
    for late in ("", as_of):  # sent before they came, and slow on its way
        ask(kiosk_a, late, [stamp])
        assert refusal(kiosk_b, stick) == "home_kiosk_away"


def test_a_session_at_home_whose_pass_fell_is_not_over_before_the_kiosk_says_so(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    as_of = ask(kiosk_a, hear(kiosk_a, [stamp]), [stamp], [stamp]).as_of
    hub.store.run("UPDATE resident SET regime = 'closed' WHERE resident_id = 'r-amira'")
    answer = ask(kiosk_a, as_of, [stamp], [stamp])
    assert answer.stamps == ()
    assert refusal(kiosk_b, stick) == "home_kiosk_away"
    ask(kiosk_a, answer.as_of)
    assert kiosk_b.enter(stick).lasts_s == ALONE_S - SLACK_S


def test_a_hub_that_started_again_believes_only_what_it_hears_anew(
    nodes: dict[str, Node], hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str, clock: FakeClock
) -> None:
    as_of = hear(kiosk_a, [stamp])
    lease = kiosk_b.enter(stick)
    hub.store.close()
    again = start_hub(nodes["hub"], clock)
    home, away, third = (Peer(nodes[name], again, clock) for name in ("kiosk-a", "kiosk-b", "kiosk-c"))
    with pytest.raises(Unavailable, match="home_kiosk_unheard"):
        renewed(away, lease)
    assert [one.session_id for one in again.sessions.all_open()] == [lease.session_id]
    as_of = ask(home, as_of, [stamp]).as_of  # the name of an answer that the hub before gave
    with pytest.raises(Unavailable, match="home_kiosk_unheard"):
        renewed(away, lease)
    assert refusal(third, stick) == "home_kiosk_away"
    ask(home, as_of, [stamp])
    assert renewed(away, lease).lasts_s == FULL_S  # that answer paused her pass as well
    again.store.close()


def test_a_badge_alone_depends_on_no_home_kiosk(kiosk_a: Peer, kiosk_b: Peer) -> None:
    kiosk_a.leave(kiosk_a.sign_in(AMIRA))
    lease = kiosk_b.sign_in(AMIRA)
    assert (lease.lasts_s, renewed(kiosk_b, lease).lasts_s) == (FULL_S, FULL_S)


def test_a_kiosk_that_was_looked_at_and_is_out_of_service_binds_nobody_until_it_is_back(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str
) -> None:
    assert refusal(kiosk_b, stick) == "home_kiosk_away"
    assert hub.people.set_out_of_service("kiosk-a", True)
    lease = kiosk_b.enter(stick)
    assert lease.lasts_s == FULL_S
    assert ask(kiosk_a, "", [stamp]).stamps == ()  # and a kiosk that is heard after all keeps no pass
    hub.people.set_out_of_service("kiosk-a", False)
    with pytest.raises(Unavailable, match="home_kiosk_unheard"):
        renewed(kiosk_b, lease)


def test_a_kiosk_that_is_out_of_service_lets_nobody_in_by_the_hubs_word_either(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer, stick: Stick
) -> None:
    """It would keep a pass, and let the person in a second time: the hub counts on it that it does not."""
    waits = kiosk_a.prove(stick)
    assert isinstance(waits, Pending)
    assert hub.people.set_out_of_service("kiosk-a", True)
    stick.write(waits.ticket)
    with pytest.raises(Refused, match="kiosk_out_of_service"):
        kiosk_a.take_up(waits, written=True)
    assert refusal(kiosk_a, stick) == "kiosk_out_of_service"
    with pytest.raises(Refused, match="kiosk_out_of_service"):
        kiosk_a.sign_in(AMIRA)
    assert kiosk_b.enter(stick).lasts_s == FULL_S
    hub.people.set_out_of_service("kiosk-a", False)
    kiosk_a.sign_in(BRAM)


def test_a_home_kiosk_asks_the_record_the_same_number_of_questions_however_many_live_there(
    hub: Hub, kiosk_a: Peer
) -> None:
    def questions() -> int:
        asked: list[str] = []
        hub.store.db.conn.set_trace_callback(asked.append)
        ask(kiosk_a)
        hub.store.db.conn.set_trace_callback(None)
        return len(asked)

    ask(kiosk_a)  # the first contact of a minute is written down
    few = questions()
    people = [
        ResidentLine(
            resident_id=f"r-{number}", first_name="N", language="nl", wing="A", stick_uid=f"04AA{number:02}"
        )
        for number in range(20)
    ]
    Importer(hub.people, hub.ledger, PEPPER).write(PeopleFile(residents=tuple(people)))
    assert questions() == few


NAMES = ["", "x", ":", "x:1000.0", "{own}", "{own}:", "{own}:nan", "{own}:inf", "{own}:-inf", "{own}:one"]


@pytest.mark.parametrize("name", [*NAMES, "{own}:1e99", "{own}:1000.5"])
def test_only_the_name_of_an_answer_that_was_given_is_believed(
    kiosk_a: Peer, kiosk_b: Peer, stick: Stick, stamp: str, name: str
) -> None:
    own = ask(kiosk_a, "", [stamp]).as_of.rpartition(":")[0]
    ask(kiosk_a, name.format(own=own), [stamp])
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


def test_an_answer_that_another_kiosk_was_given_is_not_believed(
    kiosk_a: Peer, kiosk_b: Peer, kiosk_c: Peer, stick: Stick, stamp: str
) -> None:
    foreign = ask(kiosk_c).as_of
    for _ in range(2):  # at the second time kiosk A has an answer of the same moment
        ask(kiosk_a, foreign, [stamp])
    ask(kiosk_c, ask(kiosk_a, "", [stamp]).as_of)
    assert refusal(kiosk_b, stick) == "home_kiosk_away"


# --- the word alone ----------------------------------------------------------------------------------------------

PEOPLE = st.frozensets(st.sampled_from(["amira", "bram"]))
# What a kiosk says after a wait in seconds: who is there by its own word, who is elsewhere by the hub's, and which
# of the answers it was given it names (counted from the newest; beyond the first: none).
QUESTIONS = st.lists(st.tuples(st.floats(0, 60), PEOPLE, PEOPLE, st.integers(0, 4)), max_size=12)


@given(QUESTIONS, st.floats(0, 100))
def test_a_word_is_never_worth_more_than_what_the_kiosk_has_had(
    questions: list[tuple[float, frozenset[str], frozenset[str], int]], wait_s: float
) -> None:
    promises, now_s, heard = Promises(ALONE_S), 0.0, -1  # heard: the newest answer that arrived
    given_s: list[float] = []
    names: list[tuple[str, float]] = []
    paused_at: list[frozenset[str]] = []
    in_use: frozenset[str] = frozenset()
    for after_s, here, elsewhere, back in questions:
        now_s += after_s
        name, named = names[-1 - back] if back < len(names) else ("", -1)
        given = promises.hear("k", name, here, elsewhere, now_s)
        in_use = here if named >= max(heard, 0) else in_use | here
        heard = max(heard, named)
        names.append((given, len(names)))
        given_s.append(now_s)
        paused_at.append(elsewhere)
    now_s += wait_s
    for who in ("amira", "bram"):
        safe_s = promises.safe_s("k", who, now_s)
        heard_s = given_s[heard] if heard >= 0 else -inf
        assert safe_s >= 0
        if safe_s == inf:  # the answer that arrived said so, and so did every one that may have arrived since
            assert heard >= 0
            assert all(who in paused for paused in paused_at[heard:])
        else:
            assert safe_s <= max(0.0, heard_s + ALONE_S - SLACK_S - now_s) + 1e-9
        assert who not in in_use or safe_s == 0


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_pause_counts_from_the_answer_that_said_so_first_and_not_before_it_arrived(
    first_s: float, heard_s: float, now_s: float
) -> None:
    word = KioskWord().told(frozenset({"amira"}), first_s).heard(heard_s, frozenset())
    word = word.told(frozenset({"amira"}), first_s + 1)  # said again: the first one is what counts
    assert (word.safe_s("amira", now_s, ALONE_S) == inf) == (heard_s >= first_s)
    assert word.told(frozenset(), now_s).safe_s("amira", now_s, ALONE_S) < inf
    assert word.back("amira").safe_s("amira", now_s, ALONE_S) < inf
