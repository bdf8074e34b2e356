"""What residents send from a kiosk: a request, once per key, and one objection to an officer's refusal."""

from dataclasses import replace
from datetime import datetime

from kiosk.policy import HIGHEST_LEVEL, add_working_days
from kiosk.services.base import HubContext
from kiosk.services.printing import rules
from kiosk.services.printing.book import RequestBook
from kiosk.services.printing.records import Model, Request
from provisioning.clock import iso, parse_iso
from provisioning.contracts import Objection, PrintRequest
from provisioning.errors import Corrupt, Refused
from provisioning.ids import short_code


class Asking:
    """Takes what kiosks deliver; every method is one transaction and may be called twice."""

    def __init__(self, context: HubContext, book: RequestBook) -> None:
        self._hub = context
        self._book = book

    def take_request(self, kiosk: str, asked: PrintRequest) -> None:
        """Keep what a resident asks, once per ``request_key``; what a rule forbids is kept as refused, with its code.

        Raises:
            Corrupt: ``message_foreign``: not this kiosk's, or not the person of that session.
            Refused: ``resident_unknown``.
        """
        self._check_sender(kiosk, asked)
        with self._hub.store.atomic():
            if self._book.store.get(asked.request_key):
                return
            model = self._book.newest_model(asked.model_id)
            wish = rules.Wish(asked.gcode_sha256, asked.colour, asked.copies)
            why = self._why_not_by_policy(kiosk, asked) or rules.why_not_asked(
                model.facts if model else None,
                wish,
                self._hub.money.balance_cents(asked.resident_id),
                self._book.store.count_open(asked.resident_id),
            )
            request = self._new_request(asked, wish, model, why or "")
            if not why and self._hub.is_held(asked.session_id):
                request = replace(request, held_in=asked.session_id)
            self._book.store.add(request)
            self._book.step(request, "received", asked.resident_id)
            self._hub.trail.record(
                asked.resident_id, "request_received", request.number, kiosk=kiosk, model=asked.model_id
            )
            if why:
                self._book.step(request, "refused")
                self._hub.trail.record(
                    self._hub.node.node_id, "request_refused_by_rule", request.number, code=why
                )

    def take_objection(self, kiosk: str, objection: Objection) -> None:
        """Keep a resident's "I do not agree"; once, to an officer's refusal. A second one changes nothing.

        Raises:
            Corrupt: ``message_foreign``.
            Refused: ``request_unknown``, ``objection_not_possible``.
        """
        self._check_sender(kiosk, objection)
        with self._hub.store.atomic():
            request = self._book.find(objection.request_key)
            if request.resident_id != objection.resident_id:
                raise Corrupt("message_foreign", sender=kiosk)
            if request.objection:
                return
            if not rules.may_object(request.facts) or objection.why not in rules.OBJECTION_REASONS:
                raise Refused("objection_not_possible")
            self._book.store.object_to(request.request_key, objection.why, self._book.now_utc())
            self._book.store.move(request.request_key, "objected")
            if self._hub.is_held(objection.session_id):
                self._book.store.hold(request.request_key, objection.session_id)
            self._book.step(request, "objected", objection.resident_id)
            self._hub.trail.record(
                objection.resident_id, "request_objected", request.number, why=objection.why
            )

    def _check_sender(self, kiosk: str, asked: PrintRequest | Objection) -> None:
        """A kiosk speaks for who signed in there by the hub's word; by its own word only at the person's home."""
        people = self._hub.people
        if people.resident(asked.resident_id) is None:
            raise Refused("resident_unknown")
        session = people.session(asked.session_id)
        if session is None:
            theirs = people.is_home(kiosk, asked.resident_id)
        else:
            theirs = session.resident_id == asked.resident_id and session.kiosk_id == kiosk
        if not theirs or (isinstance(asked, PrintRequest) and asked.kiosk_id != kiosk):
            raise Corrupt("message_foreign", sender=kiosk)

    def _why_not_by_policy(self, kiosk: str, asked: PrintRequest) -> str:
        """The rules of the house when it was asked: what waited at a kiosk is not judged by later ones."""
        session = self._hub.people.session(asked.session_id)
        level = (
            session.level if session else HIGHEST_LEVEL
        )  # without the hub, the kiosk's own pass was the proof
        at = min(_instant(asked.at_utc, self._hub.clock.now_utc()), self._hub.clock.now_utc())
        said = self._hub.policy.may(asked.resident_id, "printing", kiosk, level, at)
        return "" if said.allowed else "not_by_policy"

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
        while self._book.store.by_number(number := short_code("R")):
            pass
        return number


def _instant(text: str, otherwise: datetime) -> datetime:
    try:
        return parse_iso(text)
    except ValueError:
        return otherwise
