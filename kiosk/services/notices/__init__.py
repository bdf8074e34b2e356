"""Notices: what the house tells its residents. The tile, data only."""

from kiosk.services.base import Tile

TILE = Tile(name="notices", icon="bell", word="Notices", needs_hub=False, order=30)
