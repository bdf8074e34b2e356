"""Requests of held sessions: the security officer lets them go on, or drops them. Their owner sees nothing of it."""

from kiosk.services.base import HeldOrder, HubContext, OfficerCard
from kiosk.services.printing import rules
from kiosk.services.printing.book import RequestBook
from kiosk.services.printing.models import signer_of
from kiosk.services.printing.records import Request
from provisioning.errors import Refused


class Holding:
    """What :class:`kiosk.services.base.HubService` asks about held orders; may be called twice."""

    def __init__(self, context: HubContext, book: RequestBook) -> None:
        self._hub = context
        self._book = book

    def orders(self, language: str) -> list[HeldOrder]:
        """What waits for the security officer, oldest first."""
        return [self._order(request, language) for request in self._book.store.held()]

    def _order(self, request: Request, language: str) -> HeldOrder:
        model = self._book.model_of(request)
        return HeldOrder(
            service="printing",
            number=request.number,
            what=model.title(language) if model else request.model_id,
            resident_id=request.resident_id,
            session_id=request.held_in,
            since_utc=request.objected_utc or request.received_utc,
            state=request.state,
            price_cents=request.price_cents,
        )

    def settle(self, number: str, officer: OfficerCard, *, release: bool, **signed_by: str) -> None:
        """Let it go on to the officers who decide, or refuse it by rule. No money moves either way.

        Raises:
            Refused: ``request_unknown``, ``not_held`` (a colleague was faster), ``role_missing``.
        """
        with self._hub.store.atomic():
            if (request := self._book.store.by_number(number)) is None:
                raise Refused("request_unknown")
            if why := rules.why_not_settle_held(request.facts, signer_of(officer)):
                raise Refused(why)
            self._book.store.let_go(request.request_key)
            if not release:
                self._book.store.drop(request.request_key, rules.DROPPED)
                self._book.step(request, "refused")
            self._hub.trail.record(
                officer.officer_id, "hold_released" if release else "hold_dropped", number, **signed_by
            )
