"""The services of the menu. Adding one is a folder and one line here; no service imports another."""

from importlib import import_module
from pathlib import Path
from typing import cast

from kiosk.services.base import HubService, Tile

# A folder's ``__init__`` holds ``TILE``; its module ``service`` has ``make() -> HubService`` for the hub; its ``pages``
# are the kiosk's.
NAMES = ("printing", "requests", "notices")


def hub_services(names: tuple[str, ...] = NAMES) -> list[HubService]:
    """Every service's hub side, freshly made, in menu order; only the hub calls this."""
    made = [cast(HubService, import_module(f"kiosk.services.{name}.service").make()) for name in names]
    return sorted(made, key=lambda service: service.tile.order)


def tiles(names: tuple[str, ...] = NAMES) -> list[Tile]:
    """Every service's tile in menu order, without loading what is behind it."""
    found = [cast(Tile, import_module(f"kiosk.services.{name}").TILE) for name in names]
    return sorted(found, key=lambda tile: tile.order)


def catalogues(names: tuple[str, ...] = NAMES) -> list[Path]:
    """The folders with every service's translations."""
    return [Path(__file__).parent / name / "translations" for name in names]
