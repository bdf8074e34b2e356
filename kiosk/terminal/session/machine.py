"""One person at one kiosk until they leave: a pure machine. Events and times in, a state and effects out.

A state says everything that the screen may show. Only :class:`SignedIn` holds a person, so whoever leaves takes
everything personal with them. ``visit`` grows whenever a screen belongs to somebody else: pages drawn for an
older visit are blanked by the pulse.
"""

from dataclasses import replace
from math import inf

from kiosk.terminal.session.words import (
    AgreementDeclined,
    Begun,
    BeingMade,
    BlockChosen,
    BlockDone,
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
    OfficerCame,
    OfficerHere,
    Over,
    OverReason,
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
    Step,
    StopPressed,
    ToBeMade,
    ToldToWait,
    Touched,
    Welcomed,
    Welcoming,
)
from provisioning.contracts.kiosk import CredentialKind, Factor

WAITING_STAGES = frozenset({"pin", "pin_again", "done"})  # nothing is being written: taking it away ends it
PULLED = {"stick": "stick_not_written", "key": "key_gone"}  # too early: the screen says so
CARRIED = Welcoming | PinEntry | SigningIn | SignedIn  # states with a credential on the reader


def deadline_s(state: State) -> float:
    """When :class:`TimePassed` must be fed at the latest; infinite when nothing ends by itself."""
    if isinstance(state, SignedIn):
        return min(state.until_s, state.lease_until_s, state.badge_by_s)
    return state.until_s


def idle_left_s(state: State, now_s: float) -> float | None:
    """Seconds until an untouched screen closes; None on screens that close without a warning."""
    if isinstance(state, SignedIn | PinEntry | Guest | OfficerHere):
        return max(0.0, state.until_s - now_s)
    return None


def step(state: State, event: Event, now_s: float, rules: Rules) -> Step:
    """What follows. Time is looked at first: no event revives what had already ended."""
    late = _expire(state, now_s, rules)
    then = _react(late.state, event, now_s, rules)
    return Step(then.state, late.effects + then.effects)


def _expire(state: State, now_s: float, rules: Rules) -> Step:
    if now_s < deadline_s(state):
        return Step(state)
    match state:
        case SignedIn() if now_s >= state.badge_by_s:
            return _leave(state, "badge_gone", now_s, rules)
        case SignedIn() if now_s >= state.until_s:
            return _leave(state, "idle", now_s, rules)
        case SignedIn() if state.person.may_offline and state.is_hub_silent and not state.is_offline:
            return Step(replace(state, is_offline=True, lease_until_s=now_s + rules.lease_s))
        case SignedIn():
            return _end_from_afar(state, "hub", "lease_over", now_s, rules)
        case SigningIn():
            code = "key_timeout" if state.waits_for == "key" else "unavailable"
            return Step(_refuse(state, code, (), now_s, rules))
        case Welcoming():
            return Step(_pad(state, "", "pin", b"", now_s, rules))
        case _:
            return Step(Idle(state.visit + 1))


def _react(state: State, event: Event, now_s: float, rules: Rules) -> Step:
    match event:
        case CredentialSeen(credential):
            return _see(state, credential, now_s, rules)
        case CredentialGone(kind):
            return _lose(state, kind, now_s, rules)
        case Welcomed() | NotWelcome() | OfficerCame():
            return Step(_meet(state, event, now_s, rules))
        case ToBeMade() | MakingWent():
            return Step(_make(state, event, now_s, rules))
        case SignInGranted() | SignInRefused() | PinGiven() | ToldToWait():
            return _sign_in(state, event, now_s, rules)
        case LeaseRenewed() | SessionEnded():
            return _hear_hub(state, event, now_s, rules)
        case StopPressed() | AgreementDeclined():
            return _stop(state, event, now_s, rules)
        case _:
            return Step(_linger(state, event, now_s, rules))


def _see(state: State, credential: Credential, now_s: float, rules: Rules) -> Step:
    if isinstance(state, CARRIED) and state.credential == credential:
        seen = replace(state, badge_by_s=inf) if isinstance(state, SignedIn) else state
        return Step(_linger(seen, Touched(), now_s, rules))
    if isinstance(state, OfficerHere) and not state.is_done:
        return Step(_choose(state, credential, now_s, rules))  # done: whoever comes next comes for themselves
    effects: tuple[Effect, ...] = ()
    language, wants = (state.language if isinstance(state, Guest) else None), ""
    if isinstance(state, SignedIn):
        effects = (_over(state, "badge_gone"),)
        wants = state.wants
    return Step(Welcoming(state.visit + 1, language, now_s + rules.welcoming_s, credential, wants), effects)


def _choose(state: OfficerHere, credential: Credential, now_s: float, rules: Rules) -> OfficerHere:
    """What the officer lays down after their own badge is what they mean."""
    until_s = now_s + rules.alone_s
    if credential == state.credential or not credential.uid:
        return replace(state, until_s=until_s)
    return replace(state, visit=state.visit + 1, until_s=until_s, chosen=credential, is_done=False)


def _meet(state: State, event: Welcomed | NotWelcome | OfficerCame, now_s: float, rules: Rules) -> State:
    """The answer to who came, when they are still there."""
    if not isinstance(state, Welcoming) or state.visit != event.visit:
        return state
    if isinstance(event, NotWelcome):
        theirs = replace(state, language=state.language or event.language or None)
        return _refuse(theirs, event.code, event.detail, now_s, rules)
    if isinstance(event, OfficerCame):
        until_s = now_s + rules.alone_s
        return OfficerHere(state.visit + 1, state.language, until_s, state.credential, event.officer_id)
    return _pad(state, event.language, event.factor, event.options, now_s, rules)


def _pad(
    state: Welcoming, language: str, factor: Factor, options: bytes, now_s: float, rules: Rules
) -> PinEntry:
    """The pad, in the person's language unless they chose another before."""
    return PinEntry(
        state.visit + 1,
        state.language or language or None,
        now_s + rules.alone_s,
        state.credential,
        factor,
        options,
        state.wants,
    )


def _make(state: State, event: ToBeMade | MakingWent, now_s: float, rules: Rules) -> State:
    """What an officer waits for, as long as it is the same thing on the reader."""
    if isinstance(event, ToBeMade) and isinstance(state, Welcoming) and state.visit == event.visit:
        return BeingMade(state.visit + 1, state.language, now_s + rules.making_s, state.credential)
    if isinstance(event, MakingWent) and isinstance(state, BeingMade) and state.visit == event.visit:
        lasts_s = rules.refused_s if event.stage in {"done", "failed"} else rules.making_s
        return replace(
            state,
            visit=state.visit + 1,
            until_s=now_s + lasts_s,
            stage=event.stage,
            code=event.code,
            issue_id=event.issue_id or state.issue_id,
            options=event.options or state.options,
        )
    return state


def _lose(state: State, kind: CredentialKind, now_s: float, rules: Rules) -> Step:
    if isinstance(state, BeingMade) and state.credential.kind == kind and state.stage in WAITING_STAGES:
        return Step(Idle(state.visit + 1))
    if not isinstance(state, CARRIED) or state.credential.kind != kind:
        return Step(state)
    if isinstance(state, SignedIn):
        return _leave(state, "badge_gone", now_s, rules)
    if isinstance(state, SigningIn) and state.waits_for in PULLED:
        return Step(_refuse(state, PULLED[state.waits_for], (), now_s, rules))
    return Step(Idle(state.visit + 1))


def _stop(state: State, event: StopPressed | AgreementDeclined, now_s: float, rules: Rules) -> Step:
    if isinstance(event, AgreementDeclined):
        return _decline(state, now_s, rules)
    if isinstance(state, SignedIn):
        return _leave(state, "stop", now_s, rules)
    if isinstance(state, Idle | Leaving):
        return Step(state)
    return Step(Idle(state.visit + 1))


def _decline(state: State, now_s: float, rules: Rules) -> Step:
    """Without the agreement there is no session; the screen says what remains."""
    if not isinstance(state, SignedIn) or not state.person.agreement_due:
        return Step(state)
    return _end_from_afar(state, "stop", "agreement_declined", now_s, rules)


def _sign_in(
    state: State, event: PinGiven | SignInGranted | SignInRefused | ToldToWait, now_s: float, rules: Rules
) -> Step:
    if isinstance(event, PinGiven):
        return Step(_try(state, now_s, rules) if isinstance(state, PinEntry) else state)
    if not isinstance(state, SigningIn) or state.visit != event.visit:
        if isinstance(event, SignInGranted):
            return Step(state, (Over(event.person, "badge_gone", event.is_offline, was_shown=False),))
        return Step(state)
    match event:
        case SignInGranted():
            return _begin(state, event, now_s, rules)
        case ToldToWait(waits_for=waits_for, where=where):
            until_s = now_s + rules.waiting_s
            return Step(replace(state, waits_for=waits_for, where=where, until_s=until_s))
        case SignInRefused(try_again=False):
            return Step(_refuse(state, event.code, event.detail, now_s, rules))
    again = PinEntry(
        state.visit + 1,
        state.language,
        now_s + rules.alone_s,
        state.credential,
        state.factor,
        event.options,
        state.wants,
        event.code,
        event.tries_left,
    )
    return Step(again)


def _try(state: PinEntry, now_s: float, rules: Rules) -> SigningIn:
    until_s = now_s + rules.signing_in_s
    return SigningIn(
        state.visit, state.language, until_s, state.credential, state.factor, state.options, state.wants
    )


def _begin(state: SigningIn, event: SignInGranted, now_s: float, rules: Rules) -> Step:
    person = event.person
    here = SignedIn(
        state.visit + 1,
        person.language,
        now_s + rules.alone_s,
        state.credential,
        person,
        event.is_offline,
        min(event.lease_until_s, now_s + rules.lease_s),
        is_hub_silent=event.is_offline,
        wants=state.wants,
    )
    return Step(here, (Begun(person, event.is_offline),))


def _hear_hub(state: State, event: LeaseRenewed | SessionEnded, now_s: float, rules: Rules) -> Step:
    if not isinstance(state, SignedIn) or state.person.session_id != event.session_id:
        return Step(state)
    if isinstance(event, SessionEnded):
        code = "session_taken_over" if event.why == "taken_over" else "session_ended"
        return _end_from_afar(state, event.why, code, now_s, rules)
    person = replace(state.person, balance_cents=event.balance_cents, standing=event.standing)
    until_s = min(event.lease_until_s, now_s + rules.lease_s)
    return Step(replace(state, person=person, is_offline=False, lease_until_s=until_s))


def _linger(state: State, event: Event, now_s: float, rules: Rules) -> State:
    match event, state:
        case Touched(), BeingMade(stage="pin" | "pin_again"):
            return replace(state, until_s=now_s + rules.making_s)
        case Touched(), Guest() | PinEntry() | SignedIn() | OfficerHere():
            return replace(state, until_s=max(state.until_s, now_s + rules.alone_s))
        case StayPressed(), Guest() | PinEntry() | SignedIn() | OfficerHere():
            return replace(state, until_s=max(state.until_s, now_s + rules.stay_s + rules.warning_s))
        case GuestCame(language), Idle() | Guest() | Leaving() | Refused():
            visit = state.visit if isinstance(state, Guest) else state.visit + 1
            return Guest(visit, language or state.language, now_s + rules.alone_s)
        case GuestCame(language), PinEntry() | SignedIn() | OfficerHere() | BeingMade() if language:
            return replace(state, language=language, until_s=now_s + rules.alone_s)
        case _:
            return _note(state, event, now_s, rules)


def _note(state: State, event: Event, now_s: float, rules: Rules) -> State:
    """What changes no screen at once."""
    match event, state:
        case ReaderLost(), SignedIn():
            return replace(state, badge_by_s=min(state.badge_by_s, now_s + rules.reader_back_s))
        case ReaderLost(), Welcoming() | PinEntry() | SigningIn():
            return Idle(state.visit + 1)
        case HubSilent() | HubHeard(), SignedIn():
            return replace(state, is_hub_silent=isinstance(event, HubSilent))
        case MoreWanted(service), SignedIn():
            return replace(state, wants=service)
        case BlockChosen(credential), OfficerHere(is_done=False):
            return _choose(state, credential, now_s, rules)
        case BlockDone(), OfficerHere(chosen=Credential()):
            return replace(state, visit=state.visit + 1, is_done=True, until_s=now_s + rules.refused_s)
        case _:
            return state


def _leave(state: SignedIn, why: OverReason, now_s: float, rules: Rules) -> Step:
    goodbye = Leaving(state.visit + 1, state.language, now_s + rules.leaving_s)
    return Step(goodbye, (_over(state, why),))


def _end_from_afar(state: SignedIn, why: OverReason, code: str, now_s: float, rules: Rules) -> Step:
    return Step(_refuse(state, code, (), now_s, rules), (_over(state, why),))


def _over(state: SignedIn, why: OverReason) -> Over:
    return Over(state.person, why, state.is_offline, credential=state.credential)


def _refuse(
    state: State,
    code: str,
    detail: tuple[tuple[str, str | int | float | bool | None], ...],
    now_s: float,
    rules: Rules,
) -> Refused:
    return Refused(state.visit + 1, state.language, now_s + rules.refused_s, code, detail)
