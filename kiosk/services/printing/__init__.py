"""Printing: a resident asks for a part, officers decide, a farm makes it. The tile, data only."""

from kiosk.services.base import Tile

TILE = Tile(name="printing", icon="printer-3d", word="Printing", needs_hub=False, order=10)
