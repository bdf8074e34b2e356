"""My requests on the hub: nothing of its own; each service says what was asked of it (``request_views``)."""

from kiosk.services.base import HubService
from kiosk.services.requests import TILE


class RequestsService(HubService):
    """Only a tile: the kiosk's pages show what the hub gathered from every service."""

    tile = TILE


def make() -> HubService:
    """The hub's side of the service."""
    return RequestsService()
