"""A request's way on the hub: asked, checked by rule, decided, ordered, made; with one objection and one refund."""

from datetime import timedelta

from kiosk.policy import add_working_days
from kiosk.services.base import HubContext, OfficerCard
from kiosk.services.printing import rules
from kiosk.services.printing.models import ModelLife, signer_of
from kiosk.services.printing.records import Answer, Decision, Model, Request, Step
from kiosk.services.printing.store import RequestStore
from provisioning.clock import iso, parse_iso
from provisioning.contracts import JobProgress, Objection, PrintOrder, PrintRequest
from provisioning.errors import Corrupt, Refused
from provisioning.ids import new_key, short_code


class RequestLife:
    """What happens to requests; every method is one transaction and may be called twice."""

    def __init__(self, context: HubContext, models: ModelLife) -> None:
        self._hub = context
        self._models = models
        self.store = RequestStore(context.store)

    # -- asked ----------------------------------------------------------------------------------------------

    def take_request(self, kiosk: str, asked: PrintRequest) -> None:
        """Keep what a resident asks, once per ``request_key``; what a rule forbids is kept as refused, with its code.

        Raises:
            Corrupt: ``message_foreign``: not this kiosk's, or not the person of that session.
            Refused: ``resident_unknown``.
        """
        self._check_sender(kiosk, asked)
        with self._hub.store.atomic():
            if self.store.get(asked.request_key):
                return
            model = self._models.store.newest(asked.model_id)
            wish = rules.Wish(asked.gcode_sha256, asked.colour, asked.copies)
            why = rules.why_not_asked(
                model.facts if model else None,
                wish,
                self._hub.money.balance_cents(asked.resident_id),
                self.store.count_open(asked.resident_id),
            )
            request = self._new_request(asked, wish, model, why or "")
            self.store.add(request)
            self._step(request, "received", asked.resident_id)
            self._hub.trail.record(
                asked.resident_id, "request_received", request.number, kiosk=kiosk, model=asked.model_id
            )
            if why:
                self._step(request, "refused")
                self._hub.trail.record(
                    self._hub.node.node_id, "request_refused_by_rule", request.number, code=why
                )

    def _check_sender(self, kiosk: str, asked: PrintRequest | Objection) -> None:
        session = self._hub.people.session(asked.session_id)
        foreign = session is not None and session.resident_id != asked.resident_id
        if foreign or (isinstance(asked, PrintRequest) and asked.kiosk_id != kiosk):
            raise Corrupt("message_foreign", sender=kiosk)
        if self._hub.people.resident(asked.resident_id) is None:
            raise Refused("resident_unknown")

    def _new_request(self, asked: PrintRequest, wish: rules.Wish, model: Model | None, why: str) -> Request:
        site, now = self._hub.node.site, self._hub.clock.now_utc()
        copies_count = model is not None and 1 <= wish.copies <= model.sheet.max_copies
        return Request(
            request_key=asked.request_key,
            number=self._new_number(),
            resident_id=asked.resident_id,
            created_by=asked.resident_id,
            session_id=asked.session_id,
            kiosk_id=asked.kiosk_id,
            sheet_no=model.sheet_no if model else None,
            model_id=asked.model_id,
            wish=wish,
            price_cents=rules.price_of(model.facts, wish.copies) if model and copies_count else 0,
            asked_utc=asked.at_utc,
            received_utc=iso(now),
            due_utc=iso(add_working_days(now, site.answer_working_days, site.timezone)),
            state="refused" if why else "received",
            rule_code=why,
        )

    def _new_number(self) -> str:
        while self.store.by_number(number := short_code("R")):
            pass
        return number

    # -- decided --------------------------------------------------------------------------------------------

    def approve(self, request_key: str, officer: OfficerCard, words: str = "") -> Request:
        """Say yes: the decision, the debit, the audit record and the order to the farm, all or nothing.

        Raises:
            Refused: a code of :func:`rules.why_not_decide` or :func:`rules.why_not_approve`, with ``by``.
            NotEnoughMoney: the balance does not cover the price any more.
        """
        with self._hub.store.atomic():
            request, model = self._for_decision(request_key, officer, "approved")
            decision = self._decision("approved", officer, model, "", words)
            self.store.decide(request_key, decision)
            self._order(request, model, officer)
            self._record_decision(request, decision)
        self._hub.nudge()
        return self.find(request_key)

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
            self.store.decide(request_key, decision)
            self.store.move(request_key, "refused")
            self._step(request, "refused", officer.officer_id, decision.role, decision.words)
            self._record_decision(request, decision)
        return self.find(request_key)

    def _for_decision(
        self, request_key: str, officer: OfficerCard, verdict: rules.Verdict
    ) -> tuple[Request, Model]:
        request = self.find(request_key)
        model = self.model_of(request)
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
            at_utc=self._now(),
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
        self.store.move(request.request_key, "approved", order.order_id)
        role = rules.acting_role(signer_of(officer), model.sheet.flags)
        self._step(request, "approved", officer.officer_id, role)
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

    # -- objected -------------------------------------------------------------------------------------------

    def take_objection(self, kiosk: str, objection: Objection) -> None:
        """Keep a resident's "I do not agree"; once, to an officer's refusal. A second one changes nothing.

        Raises:
            Corrupt: ``message_foreign``.
            Refused: ``request_unknown``, ``objection_not_possible``.
        """
        self._check_sender(kiosk, objection)
        with self._hub.store.atomic():
            request = self.find(objection.request_key)
            if request.resident_id != objection.resident_id:
                raise Corrupt("message_foreign", sender=kiosk)
            if request.objection:
                return
            if not rules.may_object(request.facts) or objection.why not in rules.OBJECTION_REASONS:
                raise Refused("objection_not_possible")
            self.store.object_to(request.request_key, objection.why, self._now())
            self.store.move(request.request_key, "objected")
            self._step(request, "objected", objection.resident_id)
            self._hub.trail.record(
                objection.resident_id, "request_objected", request.number, why=objection.why
            )

    def answer(
        self, request_key: str, officer: OfficerCard, verdict: rules.AnswerVerdict, words: str
    ) -> Request:
        """The second officer's answer: the refusal stands, or is overturned and ordered; words either way.

        Raises:
            Refused: a code of :func:`rules.why_not_answer` or :func:`rules.why_not_approve`, with ``by``.
        """
        with self._hub.store.atomic():
            request = self.find(request_key)
            model = self.model_of(request)
            flags = model.sheet.flags if model else ()
            if why := rules.why_not_answer(request.facts, flags, signer_of(officer), words):
                raise Refused(why, by=request.answer.officer_id if request.answer else "")
            role = rules.acting_role(signer_of(officer), flags)
            answer = Answer(verdict, officer.officer_id, role, words.strip()[: rules.WORDS_MAX], self._now())
            self.store.answer(request_key, answer)
            self._settle(request, model, officer, answer)
        self._hub.nudge()
        return self.find(request_key)

    def _settle(self, request: Request, model: Model | None, officer: OfficerCard, answer: Answer) -> None:
        if answer.verdict == "overturned" and model is not None:
            self._order(request, model, officer)
        else:
            self.store.move(request.request_key, "refused")
            self._step(request, "refused", officer.officer_id, answer.role, answer.words)
        self._hub.trail.record(
            officer.officer_id,
            "objection_answered",
            request.number,
            verdict=answer.verdict,
            price_cents=request.price_cents,
        )

    # -- made -----------------------------------------------------------------------------------------------

    def take_progress(self, farm: str, heard: JobProgress) -> None:
        """Move the request on; late and double messages change nothing. After the last failure the price goes back.

        Raises:
            Corrupt: ``order_unknown``, or ``message_foreign`` when another farm has the order.
        """
        with self._hub.store.atomic():
            request = self.store.by_order(heard.order_id)
            if request is None:
                raise Corrupt("order_unknown", order=heard.order_id)
            model = self.model_of(request)
            if model is None or model.farm != farm:
                raise Corrupt("message_foreign", sender=farm)
            after = rules.advance(request.progress, heard)
            if after is None:
                return
            refund = rules.is_refunded(after, request.price_cents)
            if refund:
                self._hub.money.refund(request.request_key, request.number)
                self._hub.trail.record(
                    farm, "price_refunded", request.number, price_cents=request.price_cents
                )
            self.store.progress(request.request_key, after, _changes(request, heard, refund=refund))
            if after.state != request.state:
                self._step(request, heard.state, heard.officer_id, at_utc=heard.at_utc)
                self._hub.trail.record(
                    farm, "request_progressed", request.number, state=heard.state, step=heard.step
                )

    # -- small ----------------------------------------------------------------------------------------------

    def find(self, request_key: str) -> Request:
        """One request with its steps.

        Raises:
            Refused: ``request_unknown``.
        """
        if (request := self.store.get(request_key)) is None:
            raise Refused("request_unknown")
        return request

    def model_of(self, request: Request) -> Model | None:
        """The sheet that was asked for, as it stands now."""
        return self._models.store.get(request.sheet_no) if request.sheet_no is not None else None

    def answer_due(self, request: Request) -> str:
        """When an answer was promised: to the request, or to the objection; empty when nothing is awaited."""
        if request.state == "received":
            return request.due_utc
        if request.state != "objected":
            return ""
        site = self._hub.node.site
        return iso(add_working_days(parse_iso(request.objected_utc), site.answer_working_days, site.timezone))

    def _step(
        self, request: Request, state: str, by: str = "", role: str = "", words: str = "", at_utc: str = ""
    ) -> None:
        self.store.step(request.request_key, Step(state, at_utc or self._now(), by, role, words))

    def _now(self) -> str:
        return iso(self._hub.clock.now_utc())


def _changes(request: Request, heard: JobProgress, *, refund: bool) -> dict[str, object]:
    """The columns that a message from the farm fills; what it does not say stays, except the time left."""
    is_running = heard.state in {"printing", "cooling"}
    return {
        "percent": heard.percent if is_running else None,
        "left_s": heard.left_s if is_running else None,
        "part_code": heard.part_code or request.part_code,
        "part_g": heard.grams if heard.grams is not None else request.part_g,
        "fail_reason": heard.reason if heard.state == "failed" else request.fail_reason,
        "refunded": int(refund or request.refunded),
    }
