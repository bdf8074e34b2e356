"""My requests: everything a resident asked, with every step and the reason of every no. The tile, data only."""

from kiosk.services.base import Tile

TILE = Tile(name="requests", icon="list-check", word="My requests", needs_hub=False, order=20)
