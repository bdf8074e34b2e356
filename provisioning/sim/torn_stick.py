"""A stick that is pulled out in the middle of a write, after a given number of bytes: for the bench and for tests."""

from collections.abc import Callable
from pathlib import Path

from provisioning.errors import Unavailable
from provisioning.readers.stick.door import StickDoor
from provisioning.readers.stick.places import SLOT_AT


class TearingDoor(StickDoor):
    """The door of a stick image. ``tear`` is asked at each write: None, or how many bytes of it arrive."""

    def __init__(self, path: Path, tear: Callable[[], int | None]) -> None:
        super().__init__(path)
        self._image, self._tear = path, tear

    def write_slot(self, index: int, sector: bytes) -> None:
        """As the door does it; torn, the beginning of the sector lies there and the socket is empty.

        Raises:
            Unavailable: ``stick_gone`` when torn; and what the door raises.
        """
        after_bytes = self._tear()
        if after_bytes is None:
            super().write_slot(index, sector)
            return
        with self._image.open("r+b") as file:
            file.seek(SLOT_AT[index])
            file.write(sector[:after_bytes])
        if self._image.is_symlink():  # the name in the socket; never the stick itself
            self._image.unlink()
        raise Unavailable("stick_gone")
