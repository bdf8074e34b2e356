"""What the farm tells of an approved request: each step towards the part, and the price back after the last failure."""

from kiosk.services.base import HubContext
from kiosk.services.printing import rules
from kiosk.services.printing.book import RequestBook
from kiosk.services.printing.records import Request
from provisioning.contracts import JobProgress
from provisioning.errors import Corrupt


class Making:
    """Takes what farms deliver about their orders; one transaction, and may be called twice."""

    def __init__(self, context: HubContext, book: RequestBook) -> None:
        self._hub = context
        self._book = book

    def take_progress(self, farm: str, heard: JobProgress) -> None:
        """Move the request on; late and double messages change nothing. After the last failure the price goes back.

        Raises:
            Corrupt: ``order_unknown``, or ``message_foreign`` when another farm has the order.
        """
        with self._hub.store.atomic():
            request = self._book.store.by_order(heard.order_id)
            if request is None:
                raise Corrupt("order_unknown", order=heard.order_id)
            model = self._book.model_of(request)
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
            self._book.store.progress(request.request_key, after, _changes(request, heard, refund=refund))
            if after.state != request.state:
                self._book.step(request, heard.state, heard.officer_id, at_utc=heard.at_utc)
                self._hub.trail.record(
                    farm, "request_progressed", request.number, state=heard.state, step=heard.step
                )


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
