"""Printing on the hub: what it hears from kiosks and farms, what it shows officers, what it tells kiosks."""

from kiosk.services.base import DeskLink, HeldOrder, HubContext, HubService, OfficerCard, WorkItem
from kiosk.services.printing import TILE, sentences
from kiosk.services.printing.asking import Asking
from kiosk.services.printing.book import RequestBook
from kiosk.services.printing.deciding import Deciding
from kiosk.services.printing.holding import Holding
from kiosk.services.printing.making import Making
from kiosk.services.printing.models import ModelLife
from kiosk.services.printing.store import PRINTING
from kiosk.services.printing.views import view_of
from provisioning.contracts import (
    Contract,
    JobProgress,
    ModelSheet,
    Objection,
    OfferedModel,
    PrintRequest,
    RequestView,
)
from provisioning.errors import Corrupt
from provisioning.sync import Receiver


class PrintingService(HubService):
    """The hub's side of printing. Its parts are there for the desk pages too."""

    tile = TILE
    migrations = (PRINTING,)
    links = (
        DeskLink("Print requests", "printing.requests", "list-details", "request_viewed", 20),
        DeskLink("Models", "printing.models", "cube", "model_viewed", 30),
    )
    request_page = "printing.request_page"
    models: ModelLife
    requests: RequestBook
    asking: Asking
    deciding: Deciding
    making: Making
    holding: Holding

    def connect(self, context: HubContext, receiver: Receiver) -> None:
        """Keep the context and listen for sheets, requests, objections and progress."""
        self.context = context
        self.models = ModelLife(context)
        self.requests = RequestBook(context, self.models)
        self.asking = Asking(context, self.requests)
        self.deciding = Deciding(context, self.requests)
        self.making = Making(context, self.requests)
        self.holding = Holding(context, self.requests)
        sentences.register_sentences()
        for kind in (ModelSheet, PrintRequest, Objection, JobProgress):
            receiver.on_message(kind, self.hear)

    def hear(self, sender: str, message: Contract) -> None:
        """Act on one message, in the receiver's transaction."""
        match message:
            case ModelSheet():
                self.models.take_sheet(sender, message)
            case PrintRequest():
                self.asking.take_request(sender, message)
            case Objection():
                self.asking.take_objection(sender, message)
            case JobProgress():
                self.making.take_progress(sender, message)
            case _:
                raise Corrupt("message_unknown")

    def blueprint(self) -> object:
        """The desk pages."""
        from kiosk.services.printing.desk import make_pages

        return make_pages(self)

    def request_views(self, resident_id: str, language: str) -> list[RequestView]:
        """What this resident asked of printing, newest first."""
        book = self.requests
        return [
            view_of(request, book.model_of(request), book.answer_due(request), language)
            for request in book.store.of(resident_id)
        ]

    def work_items(self, officer: OfficerCard) -> list[WorkItem]:
        """What waits: models for their signatures, requests for a decision, objections for a second officer."""
        from kiosk.services.printing.queue import items_for

        return items_for(self, officer)

    def held_orders(self, language: str) -> list[HeldOrder]:
        """Requests and objections of held sessions."""
        return self.holding.orders(language)

    def settle_held(self, number: str, officer: OfficerCard, *, release: bool, **signed_by: str) -> None:
        """Let one go on, or drop it. Raises as :meth:`Holding.settle`."""
        self.holding.settle(number, officer, release=release, **signed_by)

    def offered_models(self) -> tuple[OfferedModel, ...]:
        """The models that two officers approved."""
        return self.models.offered()

    def picture(self, sha256: str) -> bytes | None:
        """The picture of an offered model."""
        return self.models.store.picture(sha256, offered_only=True)


def make() -> HubService:
    """The hub's side of the service."""
    return PrintingService()
