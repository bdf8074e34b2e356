"""The officers' pages of printing: review and decide a request, its list, models and their two signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.services.base import HubService
from kiosk.services.desk import needs, officer
from kiosk.services.printing import rules, screens, sentences
from kiosk.services.printing.models import signer_of
from kiosk.services.printing.records import Model, Request
from kiosk.services.printing.service import PrintingService
from provisioning.clock import iso
from provisioning.errors import Refused
from provisioning.web.formats import when
from provisioning.web.forms import text_field
from provisioning.web.sentences import sentence_for

# A colleague was quicker, or the button was pressed twice: nothing is wrong, the page shows what is.
HARMLESS = frozenset({"request_decided", "objection_answered", "model_decided", "slot_filled"})
# The form needs a word more: the page is drawn again with what was typed.
INCOMPLETE = frozenset({"reason_missing", "words_missing", "balance_too_low", "model_not_offered"})
LIST_MAX = 200


class Desk:
    """The pages, with the service they speak for."""

    def __init__(self, service: PrintingService) -> None:
        self._service = service
        self._names = screens.Names(service.context)

    # -- requests -------------------------------------------------------------------------------------------

    @needs("request_viewed")
    def requests(self) -> str:
        """The list: by group of states, with a search over number, title and people."""
        group = request.args.get("state", "waiting")
        if group not in screens.GROUPS:
            abort(404)
        wanted = request.args.get("q", "").strip()[:80]
        found = [
            (one, self._service.requests.model_of(one))
            for one in self._service.requests.store.in_states(screens.GROUPS[group][1])
        ]
        shown = [pair for pair in found if screens.is_found(*pair, self._names, wanted)]
        return self._draw(
            "requests",
            group=group,
            wanted=wanted,
            shown=shown[:LIST_MAX],
            more=len(shown) - LIST_MAX,
            counts=self._counts(),
            due=self._service.requests.answer_due,
        )

    def _counts(self) -> dict[str, int]:
        by_state = self._service.requests.store.count_by_state()
        return {
            name: sum(by_state.get(state, 0) for state in states or tuple(by_state))
            for name, (_, states) in screens.GROUPS.items()
        }

    @needs("request_viewed")
    def request_page(self, number: str) -> str:
        """Everything an officer needs to decide one request, on one screen."""
        return self._review(self._find(number))

    def _review(self, found: Request, error: Refused | None = None) -> str:
        return self._draw(
            "request",
            **self._about(found),
            error=sentence_for(error) if error else None,
            said=self._said(),
            typed=request.form,
        )

    def _about(self, found: Request) -> dict[str, Any]:
        service, signer = self._service, signer_of(officer())
        model = service.requests.model_of(found)
        flags = model.sheet.flags if model else ()
        return {
            "one": found,
            "model": model,
            "timeline": screens.timeline(found, self._names, when),
            "due_utc": service.requests.answer_due(found),
            "covered": service.context.money.balance_cents(found.resident_id) >= found.price_cents,
            "stale": bool(model) and model is not None and model.state != "approved",
            "why_not_approve": rules.why_not_decide(found.facts, flags, signer, "approved"),
            "why_not_refuse": rules.why_not_decide(found.facts, flags, signer, "refused"),
            "why_not_answer": rules.why_not_answer(found.facts, flags, signer, words="said"),
            **self._history(found),
        }

    def _history(self, found: Request) -> dict[str, Any]:
        """What this person asked before, and what was made for them in 90 days, with the pictures."""
        from datetime import timedelta

        requests = self._service.requests
        since = self._service.context.clock.now_utc() - timedelta(days=rules.HISTORY_DAYS)
        earlier = [
            one for one in requests.store.of(found.resident_id) if one.request_key != found.request_key
        ]
        parts = requests.store.parts_since(found.resident_id, iso(since))
        return {
            "earlier": [(one, requests.model_of(one)) for one in earlier[:12]],
            "parts_made": [(part, self._service.models.find(part.sheet_no)) for part in parts[:12]],
        }

    @needs("request_viewed")
    def paper(self, number: str) -> str:
        """One request on one sheet of paper, for the file or for the resident."""
        return self._draw("paper", **self._about(self._find(number)))

    @needs("request_viewed")
    def approve(self, number: str) -> AnyResponse | str:
        """Say yes; a second press shows who decided."""
        found, words = self._find(number), text_field("words", max_length=rules.WORDS_MAX, required=False)
        return self._act(found, lambda: self._service.deciding.approve(found.request_key, officer(), words))

    @needs("request_viewed")
    def refuse(self, number: str) -> AnyResponse | str:
        """Say no: first the words as the resident will read them, then the deed."""
        found, reason = self._find(number), request.form.get("reason", "")
        words = text_field("words", max_length=rules.WORDS_MAX, required=False)
        if request.form.get("confirmed") == "yes":
            return self._act(
                found, lambda: self._service.deciding.refuse(found.request_key, officer(), reason, words)
            )
        if why := rules.why_not_that_reason(reason, words):
            return cast(AnyResponse, make_response(self._review(found, Refused(why)), 409))
        code = self._names.language_of(found.resident_id)
        return self._draw(
            "refuse",
            **self._about(found),
            reason=reason,
            words=words,
            theirs=sentences.speak(sentences.REFUSALS[reason], code),
            their_language=code,
        )

    @needs("request_viewed")
    def answer(self, number: str) -> AnyResponse | str:
        """Answer an objection: the refusal stands, or it is overturned."""
        found, verdict = self._find(number), request.form.get("verdict", "")
        words = text_field("words", max_length=rules.WORDS_MAX, required=False)
        if verdict not in {"stands", "overturned"}:
            abort(400)
        chosen = cast(rules.AnswerVerdict, verdict)
        return self._act(
            found, lambda: self._service.deciding.answer(found.request_key, officer(), chosen, words)
        )

    def _act(self, found: Request, deed: Callable[[], object]) -> AnyResponse | str:
        back = url_for(".request_page", number=found.number)
        try:
            deed()
        except Refused as error:
            if error.reason in INCOMPLETE:
                return cast(AnyResponse, make_response(self._review(found, error), 409))
            return self._explained(error, back)
        return redirect(back, code=303)

    def _explained(self, error: Refused, back: str) -> AnyResponse:
        """Back to the page when nothing is wrong; the error page when the officer may not do this."""
        if error.reason not in HARMLESS:
            raise error
        by_me = error.detail.get("by") == officer().officer_id
        return redirect(back if by_me else f"{back}?said={error.reason}", code=303)

    def _said(self) -> object:
        code = request.args.get("said", "")
        return sentence_for(code) if code in HARMLESS else None

    def _find(self, number: str) -> Request:
        found = self._service.requests.store.by_number(number.upper())
        return found or abort(404)

    # -- models ---------------------------------------------------------------------------------------------

    @needs("model_viewed")
    def models(self) -> str:
        """Every model: what waits for a signature first, then what is offered, then the rest."""
        order = {"waiting": 0, "approved": 1}
        found = sorted(self._service.models.store.every(), key=lambda model: order.get(model.state, 2))
        return self._draw("models", found=found)

    @needs("model_viewed")
    def model_page(self, sheet_no: int) -> str:
        """One model with its two slots."""
        return self._model(self._sheet(sheet_no))

    def _model(self, model: Model, error: Refused | None = None) -> str:
        signer = signer_of(officer())
        slots = [
            {
                "slot": slot,
                "signature": next((one for one in model.signatures if one.slot == slot), None),
                "why_not": rules.why_not_sign(model.facts, slot, signer),
            }
            for slot in rules.SLOTS
        ]
        may_end = (
            rules.why_not_end_model(model.facts, signer, "said", revoke=model.state == "approved") is None
        )
        said, failed = self._said(), sentence_for(error) if error else None
        return self._draw("model", model=model, slots=slots, may_end=may_end, said=said, error=failed)

    @needs("model_viewed")
    def sign(self, sheet_no: int, slot: str) -> AnyResponse | str:
        """Put one's name into a slot."""
        if slot not in rules.SLOTS:
            abort(404)
        return self._act_on(sheet_no, lambda: self._service.models.sign(sheet_no, slot, officer()))

    @needs("model_viewed")
    def end(self, sheet_no: int) -> AnyResponse | str:
        """Refuse a model that waits, revoke one that is offered; with a reason."""
        revoke = request.form.get("revoke") == "yes"
        words = text_field("words", max_length=rules.WORDS_MAX, required=False)
        return self._act_on(
            sheet_no, lambda: self._service.models.end(sheet_no, officer(), words, revoke=revoke)
        )

    def _act_on(self, sheet_no: int, deed: Callable[[], object]) -> AnyResponse | str:
        model, back = self._sheet(sheet_no), url_for(".model_page", sheet_no=sheet_no)
        try:
            deed()
        except Refused as error:
            if error.reason in INCOMPLETE:
                return cast(AnyResponse, make_response(self._model(model, error), 409))
            return self._explained(error, back)
        return redirect(back, code=303)

    def _sheet(self, sheet_no: int) -> Model:
        return self._service.models.store.get(sheet_no) or abort(404)

    @needs("request_viewed")
    def picture(self, sha256: str) -> Response:
        """A rendered picture by its hash."""
        png = self._service.models.store.picture(sha256) or abort(404)
        return Response(png, mimetype="image/png")

    def _draw(self, page: str, **values: Any) -> str:
        return render_template(
            f"printing/desk_{page}.html",
            names=self._names,
            screens=screens,
            sentence_of=sentence_for,
            now_utc=iso(self._service.context.clock.now_utc()),
            **values,
        )


def make_pages(service: HubService) -> Blueprint:
    """The blueprint ``printing`` for the back office."""
    assert isinstance(service, PrintingService)
    desk = Desk(service)
    pages = Blueprint(
        "printing", __name__, url_prefix="/printing", template_folder="templates", static_folder="static"
    )
    number, sheet = "/requests/<number>", "/models/<int:sheet_no>"
    for rule, endpoint, view, method in (
        ("/requests", "requests", desk.requests, "GET"),
        (number, "request_page", desk.request_page, "GET"),
        (f"{number}/paper", "paper", desk.paper, "GET"),
        (f"{number}/approve", "approve", desk.approve, "POST"),
        (f"{number}/refuse", "refuse", desk.refuse, "POST"),
        (f"{number}/answer", "answer", desk.answer, "POST"),
        ("/models", "models", desk.models, "GET"),
        (sheet, "model_page", desk.model_page, "GET"),
        (f"{sheet}/sign/<slot>", "sign", desk.sign, "POST"),
        (f"{sheet}/end", "end", desk.end, "POST"),
        ("/pictures/<sha256>.png", "picture", desk.picture, "GET"),
    ):
        pages.add_url_rule(rule, endpoint, cast(Any, view), methods=[method])
    return pages
