"""A print's whole way on the hub: sheet, signatures, request, decision, order, progress, what the resident sees."""

from collections.abc import Callable

import pytest

from kiosk.hub.policy.store import KeptSuspension, SuspensionStore
from provisioning.audit.trail import verify_trail
from provisioning.clock import FakeClock, iso, iso_after
from provisioning.contracts import ModelDecision, PrintOrder
from provisioning.errors import Corrupt, Refused
from provisioning.identity import NodeKey
from tests.kiosk.services.printing.kit import ELS, GCODE, MARC, NADIA, PAUL, TOM, Hub, png, sheet


def orders(hub: Hub) -> list[PrintOrder]:
    return [w.contract for w in hub.context.outbox.waiting("farm-1") if isinstance(w.contract, PrintOrder)]


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reason


def test_a_print_goes_from_a_measured_file_to_a_part_in_the_residents_hand(hub: Hub) -> None:
    assert hub.service.offered_models() == ()
    model = hub.offer()
    offered = hub.service.offered_models()
    assert [(one.model_id, one.gcode_sha256) for one in offered] == [("m-hook", GCODE)]
    assert hub.service.picture(offered[0].picture_sha256) == png(220)

    key = hub.ask(copies=2)
    assert hub.request(key).state == "received"
    hub.service.deciding.approve(key, ELS)

    order = orders(hub)[0]
    assert (order.gcode_sha256, order.model_sha256, order.colour, order.copies, order.material) == (
        GCODE, "cd" * 32, "blue", 2, "PLA",
    )  # fmt: skip
    assert order.printer_kind == model.sheet.printer_kind
    assert order.expires_utc == "2026-12-06T08:00:00.000Z"  # 14 days, workshop.md 5.5 step 8
    assert order.resident_label == "Amira · B"
    assert hub.balance() == 1000 - 2 * 150

    for step, state in enumerate(("queued", "printing", "cooling", "printed", "ready", "handed_over"), 1):
        hub.progress(key, step, state, part_code="P-7K3M9Q" if state == "ready" else "")
    request = hub.request(key)
    assert (request.state, request.ended, request.part_code) == ("handed_over", True, "P-7K3M9Q")
    assert [step.state for step in request.steps] == [
        "received", "approved", "queued", "printing", "cooling", "printed", "ready", "handed_over",
    ]  # fmt: skip
    assert hub.balance() == 700


def test_every_step_of_a_print_is_in_a_whole_audit_chain(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    hub.progress(key, 1, "failed", final=True)
    actions = {record.action for record in hub.context.trail.latest()}
    assert {
        "model_added", "model_signed", "model_approved", "request_received", "request_decided", "price_refunded",
        "request_progressed",
    } <= actions  # fmt: skip
    node_key = NodeKey.load(hub.context.node)
    assert verify_trail(hub.store.path, node_key.node_id, node_key.key.public_key()) is None


def test_the_same_request_key_twice_is_one_request(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    first = hub.request(key)
    assert hub.ask(request_key=key) == key
    assert hub.count("print_requests") == 1
    assert hub.request(key) == first


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model_id": "m-nobody"}, "model_unknown"),
        ({"gcode_sha256": "ef" * 32}, "model_changed"),
        ({"colour": "black"}, "colour_not_offered"),
        ({"copies": 4}, "copies_not_offered"),
        ({"copies": 0}, "copies_not_offered"),
        ({"copies": -1}, "copies_not_offered"),
        ({"resident_id": "r-poor"}, "balance_too_low"),
    ],
)
def test_what_a_rule_forbids_is_kept_as_refused_with_a_sentence(
    hub: Hub, changes: dict[str, object], code: str
) -> None:
    from kiosk.hub.people.store import PeopleStore, Resident

    PeopleStore(hub.store, hub.clock).put_resident(Resident("r-poor", "Pol", "nl", "A", (), "hash"))
    hub.offer()
    key = hub.ask(**changes)  # type: ignore[arg-type]
    request = hub.request(key)
    assert (request.state, request.rule_code) == ("refused", code)
    view = hub.service.request_views(request.resident_id, "en")[0]
    assert view.reason
    assert view.ask_whom
    assert not view.may_object


def test_a_sixth_open_request_is_refused_by_rule_and_the_first_five_stay(hub: Hub) -> None:
    hub.offer(price_cents=0)
    keys = [hub.ask() for _ in range(6)]
    assert [hub.request(key).rule_code for key in keys] == ["", "", "", "", "", "too_many_open"]


def test_a_request_for_a_revoked_model_is_refused_and_a_waiting_one_cannot_be_approved(hub: Hub) -> None:
    model = hub.offer()
    early = hub.ask()
    hub.service.models.end(model.sheet_no, MARC, "A sharp edge was found.", revoke=True)
    late = hub.ask()
    assert hub.request(late).rule_code == "model_not_offered"
    assert refused(lambda: hub.service.deciding.approve(early, ELS)) == "model_not_offered"
    assert hub.service.deciding.refuse(early, ELS, "model_changed").state == "refused"
    told = [w.contract for w in hub.context.outbox.waiting("farm-1") if isinstance(w.contract, ModelDecision)]
    assert [decision.approved for decision in told] == [True, False]


def test_a_priced_approval_without_money_writes_nothing_at_all(hub: Hub) -> None:
    hub.offer(price_cents=600)
    first, second = hub.ask(), hub.ask()
    hub.service.deciding.approve(first, ELS)
    assert refused(lambda: hub.service.deciding.approve(second, ELS)) == "balance_too_low"
    assert hub.request(second).state == "received"
    assert hub.count("print_decisions") == 1
    assert hub.balance() == 400


def test_a_second_press_changes_nothing_and_names_who_decided(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    with pytest.raises(Refused) as caught:
        hub.service.deciding.refuse(key, TOM, "unsafe")
    assert (caught.value.reason, caught.value.detail["by"]) == ("request_decided", "o-els")
    assert (hub.balance(), len(orders(hub)), hub.count("print_decisions")) == (850, 1, 1)


def test_a_free_print_moves_no_money(hub: Hub) -> None:
    hub.offer(price_cents=0)
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    hub.progress(key, 1, "failed", final=True)
    assert hub.count("move", "kind <> 'opening'") == 0
    assert not hub.request(key).refunded


@pytest.mark.parametrize("who", [NADIA, MARC])
def test_only_the_workshop_or_the_director_decides_a_plain_request(hub: Hub, who: object) -> None:
    hub.offer()
    key = hub.ask()
    assert refused(lambda: hub.service.deciding.approve(key, who)) == "role_missing"  # type: ignore[arg-type]
    assert hub.service.deciding.approve(key, PAUL).state == "approved"


def test_a_model_with_warnings_needs_security_for_each_approval(hub: Hub) -> None:
    hub.offer(flags=("long_thin",))
    key = hub.ask()
    assert refused(lambda: hub.service.deciding.approve(key, ELS)) == "security_needed"
    decided = hub.service.deciding.approve(key, MARC)
    assert decided.decision
    assert decided.decision.role == "security"


def test_a_refusal_without_a_reason_that_says_something_is_not_written(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    life = hub.service.deciding
    assert refused(lambda: life.refuse(key, ELS, "")) == "reason_missing"
    assert refused(lambda: life.refuse(key, ELS, "no")) == "reason_missing"
    assert refused(lambda: life.refuse(key, ELS, "other", "  ")) == "words_missing"
    assert hub.count("print_decisions") == 0


# -- objections ---------------------------------------------------------------------------------------------------


def test_an_objection_that_a_second_officer_overturns_becomes_an_order_and_one_debit(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    life = hub.service.deciding
    life.refuse(key, ELS, "enough_made", "Two last week.")
    hub.object_to(key)
    hub.object_to(key)
    assert hub.count("print_objections") == 1
    assert hub.request(key).state == "objected"
    assert refused(lambda: life.answer(key, ELS, "overturned", "Fine.")) == "second_officer_needed"
    assert refused(lambda: life.answer(key, TOM, "overturned", " ")) == "words_missing"
    assert life.answer(key, TOM, "overturned", "Those were for the kitchen.").state == "approved"
    assert len(orders(hub)) == 1
    assert orders(hub)[0].approved_by == "o-tom"
    assert hub.balance() == 850
    assert refused(lambda: life.answer(key, PAUL, "stands", "No.")) == "objection_answered"


def test_an_objection_that_stands_is_the_end_and_shows_the_words(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "house_rules")
    hub.object_to(key)
    hub.service.deciding.answer(key, TOM, "stands", "The rule is the same for all.")
    view = hub.service.request_views("r-amira", "en")[0]
    assert (view.state, view.may_object) == ("refused", False)
    assert view.steps[-1].words == "The rule is the same for all."
    hub.object_to(key)
    assert hub.request(key).state == "refused"


def test_nobody_objects_for_another_or_to_a_yes(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    with pytest.raises(Refused, match="objection_not_possible"):
        hub.object_to(key)
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.object_to(key, resident_id="r-luc")


# -- progress -----------------------------------------------------------------------------------------------------


def test_late_and_double_progress_changes_nothing(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    hub.progress(key, 1, "queued")
    hub.progress(key, 3, "printing", percent=40, left_s=900)
    before = hub.request(key)
    hub.progress(key, 2, "queued")
    hub.progress(key, 3, "failed", final=True)
    assert hub.request(key) == before
    assert (before.percent, before.left_s) == (40, 900)


def test_a_first_failure_keeps_the_approval_and_the_second_pays_back_once(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    hub.progress(key, 1, "printing")
    hub.progress(key, 2, "failed", reason="printer_lost")
    assert not hub.request(key).ended
    assert hub.balance() == 850
    hub.progress(key, 3, "queued")
    hub.progress(key, 4, "failed", reason="printer_lost", final=True)
    hub.progress(key, 4, "failed", reason="printer_lost", final=True)
    hub.progress(key, 5, "failed", final=True)
    hub.progress(key, 6, "queued")
    request = hub.request(key)
    assert (request.state, request.ended, request.refunded) == ("failed", True, True)
    assert hub.balance() == 1000
    view = hub.service.request_views("r-amira", "en")[0]
    assert view.reason == "This part could not be printed. You have your money back."


def test_progress_of_an_unknown_order_or_from_another_farm_is_turned_away(hub: Hub) -> None:
    from provisioning.contracts import JobProgress

    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    order_id = hub.request(key).order_id
    for sender, order, code in (
        ("farm-1", "f" * 32, "order_unknown"),
        ("kiosk-1", order_id, "message_foreign"),
    ):
        heard = JobProgress(
            order_id=order, request_key=key, step=1, state="queued", at_utc="2026-11-22T08:00:00.000Z"
        )
        with pytest.raises(Corrupt, match=code):
            hub.service.hear(sender, heard)


# -- what the resident sees -----------------------------------------------------------------------------------------


def test_the_answer_is_promised_in_working_days(hub: Hub, clock: FakeClock) -> None:
    hub.offer()
    hub.ask()  # Sunday 22 November 2026
    view = hub.service.request_views("r-amira", "en")[0]
    assert view.expected_utc == "2026-11-24T15:00:00.000Z"  # Tuesday 16:00 in Brussels
    clock.advance(5 * 86_400)
    hub.ask()  # Friday
    assert hub.service.request_views("r-amira", "en")[0].expected_utc == "2026-12-01T15:00:00.000Z"


def test_views_are_newest_first_and_only_ones_own(hub: Hub, clock: FakeClock) -> None:
    hub.offer()
    first = hub.ask()
    clock.advance(1)
    second = hub.ask()
    hub.ask("r-luc")
    assert [view.request_key for view in hub.service.request_views("r-amira", "en")] == [second, first]


@pytest.mark.parametrize(
    ("language", "title"), [("ar", "خطاف حائط"), ("nl", "Muurhaak"), ("fr", "Wall hook")]
)
def test_a_view_speaks_the_residents_language(hub: Hub, language: str, title: str) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "unsafe")
    view = hub.service.request_views("r-amira", language)[0]
    assert view.title == title
    assert view.may_object
    assert view.reason != "This part is not allowed because it may not be safe."
    assert view.ask_whom != "Ask the workshop officer."


# -- messages from the wrong hands ------------------------------------------------------------------------------------


def test_a_kiosk_cannot_ask_in_another_kiosks_or_anothers_name(hub: Hub) -> None:
    hub.offer()
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.ask(kiosk_id="kiosk-2")
    from datetime import timedelta

    session = hub.sessions.begin("r-luc", "kiosk-1", hub.clock.now_utc() + timedelta(minutes=15), 0)
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.ask(session_id=session)
    elsewhere = hub.sessions.begin("r-amira", "kiosk-2", hub.clock.now_utc() + timedelta(minutes=15), 0)
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.ask(session_id=elsewhere)
    hub.store.run("UPDATE kiosk SET home_of = '[\"A\"]'")
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.ask(session_id="offline-1")  # by the kiosk's own word, of a person who does not live there
    with pytest.raises(Refused, match="resident_unknown"):
        hub.ask("r-nobody")
    assert hub.count("print_requests") == 0


def test_only_a_farm_of_the_site_brings_models_and_pictures_must_be_pictures(hub: Hub) -> None:
    with pytest.raises(Corrupt, match="message_foreign"):
        hub.service.hear("kiosk-1", sheet())
    with pytest.raises(Corrupt, match="picture_invalid"):
        hub.service.hear("farm-1", sheet(top_png=b"<svg/>"))
    assert hub.count("print_models") == 0


def test_what_policy_did_not_allow_when_it_was_asked_is_kept_as_refused_and_what_waited_longer_is_not(
    hub: Hub, clock: FakeClock
) -> None:
    hub.offer()
    asked_before = iso(clock.now_utc())
    clock.advance(60)
    held = KeptSuspension(
        "S-1", "r-amira", "printing", iso(clock.now_utc()), iso_after(clock, 86400), "noise", "o-marc"
    )
    SuspensionStore(hub.store, clock).add("form", held)
    refused = hub.request(hub.ask())
    assert (refused.state, refused.rule_code) == ("refused", "not_by_policy")
    view = hub.service.request_views("r-amira", "en")[0]
    assert view.reason == "The rules of the house did not allow this when you asked."
    assert view.ask_whom
    assert hub.request(hub.ask(at_utc=asked_before)).state == "received"
    assert hub.request(hub.ask(at_utc="a moment ago")).state == "refused"
    assert hub.request(hub.ask("r-luc")).state == "received"
