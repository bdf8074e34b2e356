"""The hub's book of requests: find one, its model and its due day; note each step with who and when."""

from kiosk.policy import add_working_days
from kiosk.services.base import HubContext
from kiosk.services.printing.models import ModelLife
from kiosk.services.printing.records import Model, Request, Step
from kiosk.services.printing.store import RequestStore
from provisioning.clock import iso, parse_iso
from provisioning.errors import Refused


class RequestBook:
    """What asking, deciding and making share: the requests' store with the models they name."""

    def __init__(self, context: HubContext, models: ModelLife) -> None:
        self._hub = context
        self._models = models
        self.store = RequestStore(context.store)

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

    def step(
        self, request: Request, state: str, by: str = "", role: str = "", words: str = "", at_utc: str = ""
    ) -> None:
        """Note that a request came to a state, in the transaction of the fact."""
        self.store.step(request.request_key, Step(state, at_utc or self.now_utc(), by, role, words))

    def now_utc(self) -> str:
        """This moment as it stands in the columns."""
        return iso(self._hub.clock.now_utc())

    def newest_model(self, model_id: str) -> Model | None:
        """The latest sheet of a model, as it stands now."""
        return self._models.store.newest(model_id)
