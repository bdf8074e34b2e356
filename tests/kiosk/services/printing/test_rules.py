"""The rules as tables and properties."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.services.printing import rules
from kiosk.services.printing.rules import ModelFacts, Progress, RequestFacts, Signer, Wish
from provisioning.contracts import JobProgress

ROLES = ("landing", "teacher", "workshop", "security", "technician", "director")
MODEL = ModelFacts("approved", "o-adder", "aa", ("white", "blue"), 3, 150)
WISH = Wish("aa", "blue", 2)
SIGNERS = st.builds(
    Signer, st.sampled_from(["o-adder", "o-1", "o-2", "o-3"]), st.frozensets(st.sampled_from(ROLES))
)


def signer(*roles: str, officer_id: str = "o-1") -> Signer:
    return Signer(officer_id, frozenset(roles))


# -- two people for a model ---------------------------------------------------------------------------------------


@given(st.lists(st.tuples(SIGNERS, st.sampled_from(rules.SLOTS)), max_size=8))
def test_no_run_of_attempts_gets_a_model_past_fewer_than_two_people_or_past_its_adder(
    attempts: list[tuple[Signer, rules.Slot]],
) -> None:
    model = replace(MODEL, state="waiting")
    roles: dict[str, frozenset[str]] = {}
    for who, slot in attempts:
        if rules.why_not_sign(model, slot, who) is None:
            roles[slot] = who.roles
            model = replace(model, signed=(*model.signed, (slot, who.officer_id)))
    if rules.is_fully_signed(model.signed):
        names = {officer for _, officer in model.signed}
        assert len(names) == 2
        assert "o-adder" not in names
        assert "workshop" in roles["workshop"]
        assert roles["security"] & {"security", "director"}


def test_two_fitting_officers_always_get_a_model_approved_in_either_order() -> None:
    for first, second in (("workshop", "security"), ("security", "workshop")):
        model = replace(MODEL, state="waiting")
        for slot, who in (
            (first, signer(first, officer_id="o-1")),
            (second, signer(second, officer_id="o-2")),
        ):
            assert rules.why_not_sign(model, slot, who) is None  # type: ignore[arg-type]
            model = replace(model, signed=(*model.signed, (slot, who.officer_id)))  # type: ignore[arg-type]
        assert rules.is_fully_signed(model.signed)


@pytest.mark.parametrize(
    ("who", "slot", "code"),
    [
        (signer("workshop"), "workshop", None),
        (signer("director"), "workshop", "role_missing"),
        (signer("director"), "security", None),
        (signer("workshop"), "security", "role_missing"),
        (signer("teacher", "technician", "landing"), "workshop", "role_missing"),
        (signer("workshop", officer_id="o-adder"), "workshop", "own_model"),
    ],
)
def test_who_may_sign_where(who: Signer, slot: rules.Slot, code: str | None) -> None:
    assert rules.why_not_sign(replace(MODEL, state="waiting"), slot, who) == code


@pytest.mark.parametrize("state", ["approved", "refused", "revoked", "replaced"])
def test_a_decided_model_takes_no_signature(state: rules.ModelState) -> None:
    assert rules.why_not_sign(replace(MODEL, state=state), "workshop", signer("workshop")) == "model_decided"


# -- asking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "wish", "balance", "waiting", "code"),
    [
        (MODEL, WISH, 300, 0, None),
        (None, WISH, 300, 0, "model_unknown"),
        (replace(MODEL, state="revoked"), WISH, 300, 0, "model_not_offered"),
        (MODEL, replace(WISH, gcode_sha256="bb"), 300, 0, "model_changed"),
        (MODEL, replace(WISH, colour="red"), 300, 0, "colour_not_offered"),
        (MODEL, replace(WISH, copies=4), 900, 0, "copies_not_offered"),
        (MODEL, replace(WISH, copies=0), 300, 0, "copies_not_offered"),
        (MODEL, WISH, 299, 0, "balance_too_low"),
        (MODEL, WISH, 300, rules.OPEN_REQUESTS_MAX, "too_many_open"),
        (MODEL, WISH, 300, rules.OPEN_REQUESTS_MAX - 1, None),
        (replace(MODEL, price_cents=0), WISH, 0, 0, None),
    ],
)
def test_what_may_be_asked(
    model: ModelFacts | None, wish: Wish, balance: int, waiting: int, code: str | None
) -> None:
    assert rules.why_not_asked(model, wish, balance, waiting) == code


# -- deciding -----------------------------------------------------------------------------------------------------


def test_the_whole_table_of_who_decides() -> None:
    for role, flags, verdict in product(ROLES, ((), ("tiny",)), ("approved", "refused")):
        why = rules.why_not_decide(RequestFacts("received", "r-1"), flags, signer(role), verdict)  # type: ignore[arg-type]
        allowed = {"workshop", "director"}
        if flags:
            allowed = (
                {"security", "director"} if verdict == "approved" else {"workshop", "security", "director"}
            )
        assert (why is None) == (role in allowed), (role, flags, verdict, why)


@given(SIGNERS, st.sampled_from(["refused", "objected", "approved", "queued", "failed", "handed_over"]))
def test_only_a_received_request_is_decided(who: Signer, state: str) -> None:
    assert rules.why_not_decide(RequestFacts(state, "r-1"), (), who, "approved") == "request_decided"


@given(st.frozensets(st.sampled_from(ROLES)), st.sampled_from(["approved", "refused"]))
def test_nobody_decides_what_they_entered_themselves(roles: frozenset[str], verdict: rules.Verdict) -> None:
    assert (
        rules.why_not_decide(RequestFacts("received", "o-1"), (), Signer("o-1", roles), verdict)
        == "own_request"
    )


@pytest.mark.parametrize(
    ("reason", "words", "code"),
    [
        ("unsafe", "", None),
        ("other", "Because.", None),
        ("other", " ", "words_missing"),
        ("", "Because.", "reason_missing"),
        ("because", "", "reason_missing"),
    ],
)
def test_a_refusal_says_why(reason: str, words: str, code: str | None) -> None:
    assert rules.why_not_that_reason(reason, words) == code


# -- objecting ----------------------------------------------------------------------------------------------------


def test_only_an_officers_refusal_is_objected_to_and_once() -> None:
    refused = RequestFacts("refused", "r-1", decided_by="o-1")
    assert rules.may_object(refused)
    assert not rules.may_object(replace(refused, objected=True))
    assert not rules.may_object(replace(refused, decided_by="", refused_by_rule="model_changed"))
    assert not rules.may_object(replace(refused, state="approved"))


@given(SIGNERS, st.sampled_from([(), ("tiny",)]))
def test_an_objection_is_never_answered_by_the_first_officer_or_without_words(
    who: Signer, flags: tuple[str, ...]
) -> None:
    objected = RequestFacts("objected", "r-1", decided_by="o-1", objected=True)
    why = rules.why_not_answer(objected, flags, who, "said")
    assert why is not None or who.officer_id != "o-1"
    assert rules.why_not_answer(objected, flags, who, " ") is not None


# -- progress -----------------------------------------------------------------------------------------------------

HEARD = st.builds(
    JobProgress,
    order_id=st.just("o"),
    request_key=st.just("k"),
    step=st.integers(1, 9),
    state=st.sampled_from(["queued", "printing", "cooling", "printed", "ready", "handed_over", "failed"]),
    at_utc=st.just("2026-11-22T08:00:00.000Z"),
    final=st.booleans(),
)


@given(st.lists(HEARD, max_size=20))
def test_progress_only_goes_forward_and_stays_at_its_end(messages: list[JobProgress]) -> None:
    now, refunds = Progress("approved"), 0
    for heard in messages:
        after = rules.advance(now, heard)
        if after is None:
            continue
        assert after.step > now.step
        assert not now.ended
        refunds += rules.is_refunded(after, 100)
        now = after
    assert refunds <= 1


@given(st.lists(HEARD, max_size=12, unique_by=lambda heard: heard.step), st.randoms(use_true_random=False))
def test_messages_twice_and_in_order_end_where_once_ends(messages: list[JobProgress], chance: object) -> None:
    ordered = sorted(messages, key=lambda heard: heard.step)

    def end(sequence: list[JobProgress]) -> Progress:
        now = Progress("approved")
        for heard in sequence:
            now = rules.advance(now, heard) or now
        return now

    assert end([heard for heard in ordered for _ in range(2)]) == end(ordered)


def test_an_undisturbed_order_reaches_the_hand() -> None:
    now = Progress("approved")
    for step, state in enumerate(("queued", "printing", "cooling", "printed", "ready", "handed_over"), 1):
        heard = JobProgress(order_id="o", request_key="k", step=step, state=state, at_utc="")  # type: ignore[arg-type]
        moved = rules.advance(now, heard)
        assert moved is not None
        now = moved
    assert now == Progress("handed_over", 6, ended=True)


@given(SIGNERS, st.sampled_from([(), ("tiny",)]))
def test_the_role_on_record_is_one_that_the_officer_has_and_that_may_decide(
    who: Signer, flags: tuple[str, ...]
) -> None:
    if rules.why_not_decide(RequestFacts("received", "r-1"), flags, who, "approved") is None:
        role = rules.acting_role(who, flags)
        assert role in who.roles
        assert role in (rules.DECIDING_FLAGGED if flags else rules.DECIDING)
