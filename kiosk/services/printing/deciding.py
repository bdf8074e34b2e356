"""What officers decide: yes with debit and order, no with a reason, and a second officer's answer to an objection."""

from datetime import timedelta

from kiosk.services.base import HubContext, OfficerCard
from kiosk.services.printing import rules
from kiosk.services.printing.book import RequestBook
from kiosk.services.printing.models import signer_of
from kiosk.services.printing.records import Answer, Decision, Model, Request
from provisioning.clock import iso
from provisioning.contracts import PrintOrder
from provisioning.errors import Refused
from provisioning.ids import new_key


class Deciding:
    """Decisions on requests; every method is one transaction and may be called twice."""

    def __init__(self, context: HubContext, book: RequestBook) -> None:
        self._hub = context
        self._book = book

    def approve(self, request_key: str, officer: OfficerCard, words: str = "") -> Request:
        """Say yes: the decision, the debit, the audit record and the order to the farm, all or nothing.

        Raises:
            Refused: a code of :func:`rules.why_not_decide` or :func:`rules.why_not_approve`, with ``by``.
            NotEnoughMoney: the balance does not cover the price any more.
        """
        with self._hub.store.atomic():
            request, model = self._for_decision(request_key, officer, "approved")
            decision = self._decision("approved", officer, model, "", words)
            self._book.store.decide(request_key, decision)
            self._order(request, model, officer)
            self._record_decision(request, decision)
        self._hub.nudge()
        return self._book.find(request_key)

    def refuse(self, request_key: str, officer: OfficerCard, reason: str, words: str = "") -> Request:
        """Say no, with a fixed reason and, where that says too little, own words.

        Raises:
            Refused: a code of :func:`rules.why_not_decide` or :func:`rules.why_not_that_reason`.
        """
        with self._hub.store.atomic():
            request, model = self._for_decision(request_key, officer, "refused")
            if why := rules.why_not_that_reason(reason, words):
                raise Refused(why)
            decision = self._decision("refused", officer, model, reason, words)
            self._book.store.decide(request_key, decision)
            self._book.store.move(request_key, "refused")
            self._book.step(request, "refused", officer.officer_id, decision.role, decision.words)
            self._record_decision(request, decision)
        return self._book.find(request_key)

    def answer(
        self, request_key: str, officer: OfficerCard, verdict: rules.AnswerVerdict, words: str
    ) -> Request:
        """The second officer's answer: the refusal stands, or is overturned and ordered; words either way.

        Raises:
            Refused: a code of :func:`rules.why_not_answer` or :func:`rules.why_not_approve`, with ``by``.
        """
        with self._hub.store.atomic():
            request = self._book.find(request_key)
            model = self._book.model_of(request)
            flags = model.sheet.flags if model else ()
            if why := rules.why_not_answer(request.facts, flags, signer_of(officer), words):
                raise Refused(why, by=request.answer.officer_id if request.answer else "")
            role = rules.acting_role(signer_of(officer), flags)
            answer = Answer(
                verdict, officer.officer_id, role, words.strip()[: rules.WORDS_MAX], self._book.now_utc()
            )
            self._book.store.answer(request_key, answer)
            self._settle(request, model, officer, answer)
        self._hub.nudge()
        return self._book.find(request_key)

    def _for_decision(
        self, request_key: str, officer: OfficerCard, verdict: rules.Verdict
    ) -> tuple[Request, Model]:
        request = self._book.find(request_key)
        model = self._book.model_of(request)
        flags = model.sheet.flags if model else ()
        if why := rules.why_not_decide(request.facts, flags, signer_of(officer), verdict):
            raise Refused(why, by=request.decision.officer_id if request.decision else "")
        if model is None:  # cannot be: without a model a rule refused it at once
            raise Refused("model_unknown")
        return request, model

    def _decision(
        self, verdict: rules.Verdict, officer: OfficerCard, model: Model, reason: str, words: str
    ) -> Decision:
        return Decision(
            verdict=verdict,
            officer_id=officer.officer_id,
            role=rules.acting_role(signer_of(officer), model.sheet.flags),
            reason=reason,
            words=words.strip()[: rules.WORDS_MAX],
            at_utc=self._book.now_utc(),
        )

    def _record_decision(self, request: Request, decision: Decision) -> None:
        self._hub.trail.record(
            decision.officer_id,
            "request_decided",
            request.number,
            verdict=decision.verdict,
            reason=decision.reason,
            role=decision.role,
            price_cents=request.price_cents,
        )

    def _order(self, request: Request, model: Model, officer: OfficerCard) -> None:
        """Take the money and put the order into the outbox, in the transaction of the decision."""
        balance_cents = self._hub.money.balance_cents(request.resident_id)
        if why := rules.why_not_approve(model.facts, request.wish, balance_cents):
            raise Refused(why)
        if request.price_cents:
            self._hub.money.debit(
                request.resident_id, request.price_cents, request.request_key, request.number
            )
        order = self._new_order(request, model, officer)
        self._book.store.move(request.request_key, "approved", order.order_id)
        role = rules.acting_role(signer_of(officer), model.sheet.flags)
        self._book.step(request, "approved", officer.officer_id, role)
        self._hub.outbox.put(model.farm, order, subject=request.request_key)

    def _new_order(self, request: Request, model: Model, officer: OfficerCard) -> PrintOrder:
        site, sheet, now = self._hub.node.site, model.sheet, self._hub.clock.now_utc()
        return PrintOrder(
            order_id=new_key(),
            request_key=request.request_key,
            number=request.number,
            model_id=sheet.model_id,
            model_sha256=sheet.model_sha256,
            gcode_sha256=sheet.gcode_sha256,
            title=model.title(site.languages[0]),
            printer_kind=sheet.printer_kind,
            material=sheet.material,
            colour=request.wish.colour,
            copies=request.wish.copies,
            grams=sheet.grams,
            seconds=sheet.seconds,
            resident_id=request.resident_id,
            resident_label=self._hub.people.label(request.resident_id),
            approved_by=officer.officer_id,
            approved_utc=iso(now),
            expires_utc=iso(now + timedelta(days=site.order_valid_days)),
        )

    def _settle(self, request: Request, model: Model | None, officer: OfficerCard, answer: Answer) -> None:
        if answer.verdict == "overturned" and model is not None:
            self._order(request, model, officer)
        else:
            self._book.store.move(request.request_key, "refused")
            self._book.step(request, "refused", officer.officer_id, answer.role, answer.words)
        self._hub.trail.record(
            officer.officer_id,
            "objection_answered",
            request.number,
            verdict=answer.verdict,
            price_cents=request.price_cents,
        )
