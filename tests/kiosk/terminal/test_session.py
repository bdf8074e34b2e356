"""The session machine: what each event does, and what no sequence of events can do."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.terminal.session import (
    Begun,
    BeingMade,
    Credential,
    CredentialGone,
    CredentialSeen,
    Effect,
    Event,
    Guest,
    GuestCame,
    HubHeard,
    HubSilent,
    Idle,
    LeaseRenewed,
    Leaving,
    MakingWent,
    MoreWanted,
    NotWelcome,
    Over,
    Person,
    PinEntry,
    PinGiven,
    ReaderLost,
    Refused,
    Rules,
    SessionEnded,
    SignedIn,
    SigningIn,
    SignInGranted,
    SignInRefused,
    State,
    StayPressed,
    StopPressed,
    TimePassed,
    ToBeMade,
    ToldToWait,
    Touched,
    Welcomed,
    deadline_s,
    idle_left_s,
    step,
)
from kiosk.terminal.session.words import NOBODY
from provisioning.contracts import Standing

RULES = Rules()
BADGE = Credential("badge", "04A1")
OTHER = Credential("badge", "04B2")
STICK = Credential("stick", "AB12")
AMIRA = Person("r-1", "Amira", "ar", "A", "session-amira", 500, may_offline=True)
BRAM = Person("r-2", "Bram", "nl", "A", "session-bram", 100)


HERE = -1  # stands for the visit at hand


def came(credential: Credential) -> tuple[Event, Event]:
    """A credential was put down, and the hub said what to ask."""
    return CredentialSeen(credential), Welcomed(HERE)


def run(*events: Event, at_s: float = 0.0, state: State | None = None) -> tuple[State, list[Effect]]:
    """Feed events without time passing in between."""
    now: State = state or Idle()
    effects: list[Effect] = []
    for drawn in events:
        event = replace(drawn, visit=now.visit) if getattr(drawn, "visit", 0) == HERE else drawn
        done = step(now, event, at_s, RULES)
        now, effects = done.state, effects + list(done.effects)
    return now, effects


def signed_in(person: Person = AMIRA, credential: Credential = BADGE, at_s: float = 0.0) -> SignedIn:
    pad, _ = run(*came(credential), at_s=at_s)
    state, _ = run(PinGiven(), SignInGranted(pad.visit, person), state=pad, at_s=at_s)
    assert isinstance(state, SignedIn)
    return state


def test_badge_then_pin_then_yes_opens_the_menu_in_the_persons_language() -> None:
    state, effects = run(*came(BADGE), PinGiven(), SignInGranted(HERE, AMIRA))
    assert isinstance(state, SignedIn)
    assert (state.person, state.language, state.is_offline) == (AMIRA, "ar", False)
    assert effects == [Begun(AMIRA, is_offline=False)]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (CredentialGone("badge"), "badge_gone"),
        (StopPressed(), "stop"),
    ],
)
def test_badge_away_and_stop_leave_at_once(event: Event, why: str) -> None:
    state, effects = run(event, state=signed_in())
    assert isinstance(state, Leaving)
    assert effects == [Over(AMIRA, why, is_offline=False)]  # type: ignore[arg-type]


def test_a_stick_pulled_ends_the_session_it_opened_and_a_badge_lifted_does_not() -> None:
    state = signed_in(credential=STICK)
    still, effects = run(CredentialGone("badge"), state=state)
    assert still == state
    assert effects == []
    gone, effects = run(CredentialGone("stick"), state=state)
    assert isinstance(gone, Leaving)
    assert effects == [Over(AMIRA, "badge_gone", is_offline=False)]


def test_left_alone_it_warns_for_fifteen_seconds_and_then_leaves() -> None:
    state = signed_in()
    assert idle_left_s(state, 44.9) == pytest.approx(15.1)
    assert idle_left_s(state, 45.0) == pytest.approx(15)
    after = step(state, TimePassed(), 60, RULES)
    assert isinstance(after.state, Leaving)
    assert after.effects == (Over(AMIRA, "idle", is_offline=False),)


def test_i_am_still_here_gives_sixty_seconds_before_the_next_warning() -> None:
    state = step(signed_in(), StayPressed(), 50, RULES).state
    left_s = idle_left_s(state, 50 + 60)
    assert left_s == pytest.approx(RULES.warning_s)


def test_a_touch_that_comes_after_the_end_revives_nothing() -> None:
    for event in (Touched(), StayPressed(), LeaseRenewed(AMIRA.session_id, inf, 7, NOBODY)):
        after = step(signed_in(), event, 60.0, RULES)
        assert isinstance(after.state, Leaving)
        assert after.effects == (Over(AMIRA, "idle", is_offline=False),)


def test_another_badge_ends_the_first_session_and_asks_the_second_for_a_pin() -> None:
    state, effects = run(*came(OTHER), state=signed_in())
    assert isinstance(state, PinEntry)
    assert state.credential == OTHER
    assert effects == [Over(AMIRA, "badge_gone", is_offline=False)]


def test_the_same_badge_again_is_only_a_touch() -> None:
    before = signed_in()
    state, effects = run(CredentialSeen(BADGE), state=before, at_s=30)
    assert state == replace(before, until_s=90)
    assert effects == []


def test_taken_over_elsewhere_ends_here_and_says_so() -> None:
    state, effects = run(SessionEnded(AMIRA.session_id, "taken_over"), state=signed_in())
    assert isinstance(state, Refused)
    assert state.code == "session_taken_over"
    assert effects == [Over(AMIRA, "taken_over", is_offline=False)]


def test_news_of_another_session_changes_nothing() -> None:
    state = signed_in()
    for event in (SessionEnded("session-old", "hub"), LeaseRenewed("session-old", inf, 1, NOBODY)):
        assert run(event, state=state) == (state, [])


def kept_awake(person: Person, until_s: float, *first: Event) -> tuple[State, list[Effect]]:
    state, _ = run(*first, state=signed_in(person))
    effects: list[Effect] = []
    at_s = 0.0
    while at_s < until_s:
        at_s += 30
        done = step(state, Touched(), at_s, RULES)
        state, effects = done.state, effects + list(done.effects)
    return state, effects


def test_a_lease_that_nobody_renews_ends_the_session() -> None:
    state, effects = kept_awake(BRAM, RULES.lease_s)
    assert isinstance(state, Refused)
    assert state.code == "lease_over"
    assert effects == [Over(BRAM, "hub", is_offline=False)]


def test_at_home_a_lease_that_nobody_renews_falls_back_to_the_offline_set_and_comes_back_with_the_hub() -> (
    None
):
    state, effects = kept_awake(AMIRA, RULES.lease_s, HubSilent())
    assert isinstance(state, SignedIn)
    assert state.is_offline
    assert effects == []
    back = step(state, LeaseRenewed(AMIRA.session_id, inf, 750, NOBODY), 901, RULES).state
    assert isinstance(back, SignedIn)
    assert (back.is_offline, back.person.balance_cents) == (False, 750)


def test_at_home_too_the_lease_ends_the_session_while_the_hub_was_heard_just_now() -> None:
    state, effects = kept_awake(AMIRA, RULES.lease_s, HubSilent(), HubHeard())
    assert isinstance(state, Refused)
    assert state.code == "lease_over"
    assert effects == [Over(AMIRA, "hub", is_offline=False)]


def test_a_lease_is_never_longer_than_the_hub_said() -> None:
    pad, _ = run(*came(BADGE))
    state, _ = run(PinGiven(), SignInGranted(pad.visit, BRAM, lease_until_s=25.0), state=pad)
    assert deadline_s(state) == 25.0
    longer = step(state, LeaseRenewed(BRAM.session_id, 40.0, 0, NOBODY), 10, RULES).state
    assert deadline_s(longer) == 40.0


def test_who_comes_is_asked_for_pictures_in_their_language_or_told_why_not() -> None:
    state, _ = run(CredentialSeen(STICK), Welcomed(HERE, "ar", "pictures"))
    assert isinstance(state, PinEntry)
    assert (state.factor, state.language, state.credential) == ("pictures", "ar", STICK)
    state, _ = run(CredentialSeen(STICK), NotWelcome(HERE, "stick_copied"))
    assert isinstance(state, Refused)
    assert state.code == "stick_copied"


def test_a_hub_that_says_nothing_leaves_the_pad_to_everybody() -> None:
    state, _ = run(CredentialSeen(BADGE))
    after = step(state, TimePassed(), RULES.welcoming_s, RULES).state
    assert isinstance(after, PinEntry)
    assert after.factor == "pin"


def test_waiting_for_a_key_or_another_kiosk_has_its_own_patience() -> None:
    state, _ = run(*came(STICK), PinGiven(), ToldToWait(HERE, "elsewhere", "Kiosk B"))
    assert isinstance(state, SigningIn)
    assert (state.waits_for, state.where, state.until_s) == ("elsewhere", "Kiosk B", RULES.waiting_s)
    key, _ = run(*came(Credential("key", "")), PinGiven(), ToldToWait(HERE, "key"))
    after = step(key, TimePassed(), RULES.waiting_s, RULES).state
    assert isinstance(after, Refused)
    assert after.code == "key_timeout"


def test_a_stronger_proof_leads_back_to_the_service_that_wanted_it() -> None:
    asked, _ = run(MoreWanted("printing"), state=signed_in())
    state, effects = run(*came(STICK), PinGiven(), SignInGranted(HERE, AMIRA), state=asked)
    assert isinstance(state, SignedIn)
    assert state.wants == "printing"
    assert effects == [Over(AMIRA, "badge_gone", is_offline=False), Begun(AMIRA, is_offline=False)]


def test_a_wrong_pin_keeps_the_pad_and_says_how_many_tries_are_left() -> None:
    state, effects = run(*came(BADGE), PinGiven(), SignInRefused(HERE, "pin_wrong", (), 4, try_again=True))
    assert isinstance(state, PinEntry)
    assert (state.refused, state.tries_left, state.credential) == ("pin_wrong", 4, BADGE)
    assert effects == []


def test_a_final_no_is_shown_for_a_while_and_then_the_screen_is_idle() -> None:
    state, _ = run(*came(BADGE), PinGiven(), SignInRefused(HERE, "badge_blocked"))
    assert isinstance(state, Refused)
    assert isinstance(step(state, TimePassed(), RULES.refused_s, RULES).state, Idle)


def test_a_hub_that_never_answers_is_said_to_be_away() -> None:
    state, _ = run(*came(BADGE), PinGiven())
    after = step(state, TimePassed(), RULES.signing_in_s, RULES).state
    assert isinstance(after, Refused)
    assert after.code == "unavailable"


def test_a_yes_for_somebody_who_has_left_opens_nothing_and_is_given_back() -> None:
    state, _ = run(*came(BADGE), PinGiven(), CredentialGone("badge"))
    after = step(state, SignInGranted(1, AMIRA), 1, RULES)
    assert isinstance(after.state, Idle)
    assert after.effects == (Over(AMIRA, "badge_gone", is_offline=False, was_shown=False),)


@pytest.mark.parametrize(("kind", "code"), [("stick", "stick_not_written"), ("key", "key_gone")])
def test_what_is_pulled_while_it_is_needed_says_so(kind: Literal["stick", "key"], code: str) -> None:
    state, _ = run(*came(Credential(kind, "1")), PinGiven())
    waiting, _ = run(ToldToWait(state.visit, kind), state=state)
    after, _ = run(CredentialGone(kind), state=waiting)
    assert isinstance(after, Refused)
    assert (after.code, after.visit) == (code, state.visit + 1)
    late, effects = run(SignInGranted(state.visit, AMIRA), state=after)
    assert isinstance(late, Refused)
    assert effects == [Over(AMIRA, "badge_gone", is_offline=False, was_shown=False)]


def test_a_reader_that_dies_has_five_seconds_to_see_the_badge_again() -> None:
    lost, _ = run(ReaderLost(), state=signed_in())
    assert deadline_s(lost) == RULES.reader_back_s
    assert isinstance(step(lost, TimePassed(), 5, RULES).state, Leaving)
    back, _ = run(CredentialSeen(BADGE), state=lost, at_s=4)
    assert deadline_s(back) == 4 + RULES.alone_s


def test_a_guest_may_choose_a_language_and_it_holds_on_the_pad() -> None:
    guest, _ = run(GuestCame("fr"))
    assert isinstance(guest, Guest)
    pad, _ = run(*came(BADGE), state=guest)
    assert isinstance(pad, PinEntry)
    assert pad.language == "fr"
    german, _ = run(GuestCame("de"), state=pad)
    assert (german.language, german.visit) == ("de", pad.visit)


# From any sequence ------------------------------------------------------------------------------------------

VISITS = st.integers(0, 12)
EVENTS = st.one_of(
    st.builds(CredentialSeen, st.sampled_from([BADGE, OTHER, STICK])),
    st.builds(CredentialGone, st.sampled_from(["badge", "stick"])),
    st.sampled_from([ReaderLost(), Touched(), PinGiven(), StayPressed(), StopPressed(), TimePassed()]),
    st.builds(GuestCame, st.sampled_from([None, "fr", "ar"])),
    st.builds(Welcomed, VISITS, st.sampled_from(["", "fr"]), st.sampled_from(["pin", "pictures"])),
    st.builds(NotWelcome, VISITS, st.just("badge_blocked")),
    st.builds(ToldToWait, VISITS, st.sampled_from(["key", "stick", "elsewhere"])),
    st.builds(MoreWanted, st.just("printing")),
    st.sampled_from([HubSilent(), HubHeard()]),
    st.builds(SignInGranted, VISITS, st.sampled_from([AMIRA, BRAM]), st.booleans()),
    st.builds(SignInRefused, VISITS, st.just("pin_wrong"), st.just(()), st.just(3), st.booleans()),
    st.builds(
        LeaseRenewed,
        st.sampled_from([AMIRA.session_id, BRAM.session_id]),
        st.sampled_from([5.0, 100.0, inf]),
        st.integers(0, 9),
        st.sampled_from([NOBODY, Standing(regime="strict")]),
    ),
    st.builds(
        SessionEnded,
        st.sampled_from([AMIRA.session_id, BRAM.session_id]),
        st.sampled_from(["taken_over", "hub"]),
    ),
)
# An answer mostly belongs to the try under way: -1 stands for "the visit at hand".
STORIES = st.lists(
    st.tuples(EVENTS, st.sampled_from([0.0, 0.1, 3.0, 20.0, 61.0]), st.booleans()), max_size=40
)


def told(story: list[tuple[Event, float, bool]]) -> list[tuple[State, State, tuple[Effect, ...], float]]:
    """Every step of a story: state before, state after, effects, time."""
    state: State = Idle()
    now_s = 0.0
    steps = []
    for drawn, pause_s, to_the_point in story:
        now_s += pause_s
        event = replace(drawn, visit=state.visit) if to_the_point and hasattr(drawn, "visit") else drawn
        done = step(state, event, now_s, RULES)
        steps.append((state, done.state, done.effects, now_s))
        state = done.state
    return steps


@given(STORIES)
def test_after_a_person_has_left_no_state_holds_them_until_they_sign_in_again(
    story: list[tuple[Event, float, bool]],
) -> None:
    here: Person | None = None
    for _before, after, effects, _now_s in told(story):
        for effect in effects:
            if isinstance(effect, Begun):
                assert here is None, "a second session began inside the first"
                here = effect.person
            elif effect.was_shown:
                assert here is not None
                assert here.session_id == effect.person.session_id
                here = None
        held = after.person.session_id if isinstance(after, SignedIn) else None
        assert held == (here.session_id if here else None)
        if here is None:
            assert "Amira" not in repr(after)
            assert "Bram" not in repr(after)


@given(STORIES)
def test_whenever_the_screen_changes_hands_its_visit_grows(story: list[tuple[Event, float, bool]]) -> None:
    for before, after, _effects, _now_s in told(story):
        assert after.visit >= before.visit
        if isinstance(before, SignedIn) and after.visit == before.visit:
            assert isinstance(after, SignedIn)
            assert after.person.session_id == before.person.session_id
        if isinstance(after, SignedIn) and not isinstance(before, SignedIn):
            assert after.visit > before.visit
        if after.visit == before.visit and type(after) is not type(before):
            assert isinstance(before, PinEntry)
            assert isinstance(after, SigningIn)


@given(STORIES)
def test_from_anywhere_time_alone_leads_back_to_idle(story: list[tuple[Event, float, bool]]) -> None:
    steps = told(story)
    state, now_s = (steps[-1][1], steps[-1][3]) if steps else (Idle(), 0.0)
    for _ in range(8):
        if isinstance(state, Idle):
            break
        due_s = deadline_s(state)
        assert now_s < due_s < inf
        now_s = due_s
        state = step(state, TimePassed(), now_s, RULES).state
    assert isinstance(state, Idle)


@given(STORIES)
def test_nobody_is_ever_signed_in_without_a_badge_a_pin_and_a_yes(
    story: list[tuple[Event, float, bool]],
) -> None:
    for before, after, _effects, _now_s in told(story):
        if isinstance(after, SignedIn) and not isinstance(before, SignedIn):
            assert isinstance(before, SigningIn)
            assert after.credential == before.credential


def being_made(stage: str = "writing", credential: Credential = STICK) -> BeingMade:
    state, _ = run(CredentialSeen(credential), ToBeMade(HERE))
    if stage != "writing":
        state, _ = run(MakingWent(HERE, stage, "x"), state=state)  # type: ignore[arg-type]
    assert isinstance(state, BeingMade)
    return state


def test_what_an_officer_waits_for_is_made_and_the_screen_follows() -> None:
    state = being_made()
    went, effects = run(MakingWent(HERE, "done"), state=state)
    assert isinstance(went, BeingMade)
    assert (went.stage, went.credential, effects) == ("done", STICK, [])
    assert went.visit > state.visit  # the page is drawn anew
    later, _ = run(TimePassed(), state=went, at_s=RULES.refused_s)
    assert isinstance(later, Idle)


@pytest.mark.parametrize("event", [ToBeMade(99), MakingWent(99, "done")])
def test_a_making_that_is_another_visits_changes_nothing(event: Event) -> None:
    state = being_made()
    assert run(event, state=state) == (state, [])
    asked, _ = run(CredentialSeen(BADGE))
    assert run(event, state=asked) == (asked, [])


@pytest.mark.parametrize(
    ("stage", "stays"),
    [
        ("writing", True),
        ("touch", True),
        ("failed", True),
        ("done", False),
        ("pin", False),
        ("pin_again", False),
    ],
)
def test_taking_it_away_ends_what_waits_and_leaves_the_answer_of_what_is_written(
    stage: str, stays: bool
) -> None:
    after, _ = run(CredentialGone("stick"), state=being_made(stage))
    assert isinstance(after, BeingMade) == stays
    other, _ = run(CredentialGone("badge"), state=being_made(stage))
    assert isinstance(other, BeingMade)


def test_a_making_nobody_finishes_gives_the_screen_back() -> None:
    state, _ = run(TimePassed(), state=being_made(), at_s=RULES.making_s)
    assert isinstance(state, Idle)
    still, _ = run(Touched(), state=being_made("pin"), at_s=RULES.making_s - 1)
    assert isinstance(still, BeingMade)
    assert still.until_s == 2 * RULES.making_s - 1
