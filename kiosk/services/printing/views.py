"""A request as its owner sees it: every step, the reason of a no in their language, whom to ask, what comes next."""

from kiosk.refusals.rules import ANSWERS, RULES
from kiosk.services.printing import rules, sentences
from kiosk.services.printing.records import Model, Request, Step
from provisioning.contracts import RequestStep, RequestView
from provisioning.web.sentences import ASK_WORKSHOP


def view_of(request: Request, model: Model | None, expected_utc: str, language: str) -> RequestView:
    """The view that crosses to a kiosk. An officer appears by role, never by name."""
    reason, contact = reason_of(request, language)
    return RequestView(
        request_key=request.request_key,
        number=request.number,
        service="printing",
        title=model.title(language) if model else request.model_id,
        state=request.state,  # type: ignore[arg-type]  # the table's CHECK holds exactly these words
        steps=tuple(_step(step) for step in request.steps),
        reason=reason,
        rule=_reason(request)[2],
        may_object=rules.may_object(request.facts),
        ask_whom=contact,
        expected_utc=expected_utc,
        model_id=request.model_id,
        colour=request.wish.colour,
        copies=request.wish.copies,
        price_cents=request.price_cents,
        progress_percent=request.percent,
        left_s=request.left_s,
    )


def _step(step: Step) -> RequestStep:
    return RequestStep(state=step.state, at_utc=step.at_utc, by_role=step.role, words=step.words)  # type: ignore[arg-type]


def reason_of(request: Request, language: str) -> tuple[str, str]:
    """Why the answer was no, or why it failed, and whom to ask; two empty texts when all is well."""
    msgid, contact, _rule = _reason(request)
    return sentences.speak(msgid, language), sentences.speak(contact, language)


def _reason(request: Request) -> tuple[str, str, str]:
    """The msgids of reason and contact, and the rule id."""
    if request.state == "failed":
        return _failure(request)
    if request.rule_code:
        return *sentences.BY_RULE[request.rule_code], RULES[request.rule_code]
    if request.answer and request.answer.verdict == "stands":
        return sentences.STANDS, ASK_WORKSHOP, ANSWERS["stands"]
    if request.state in {"refused", "objected"} and request.decision:
        why = request.decision.reason
        return sentences.REFUSALS[why], ASK_WORKSHOP, ANSWERS[why]
    return "", ASK_WORKSHOP if request.state in rules.OPEN_STATES else "", ""


def _failure(request: Request) -> tuple[str, str, str]:
    if not request.ended:
        return sentences.FAILED_ONCE, ASK_WORKSHOP, ANSWERS["failed_once"]
    if request.refunded:
        return sentences.FAILED_REFUNDED, ASK_WORKSHOP, ANSWERS["failed_refunded"]
    return sentences.FAILED, ASK_WORKSHOP, ANSWERS["failed"]
