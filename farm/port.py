"""One printer's serial port, named by the physical socket it is plugged into."""

from __future__ import annotations

import errno
import os
import termios
from pathlib import Path

import serial

from provisioning.errors import Unavailable

READ_BYTES = 4096
CFLAG = 2  # place of the control modes in what termios.tcgetattr gives


class Port:
    """An open port that never blocks. Reading b"" means that the printer is gone."""

    def __init__(self, path: Path, baud: int) -> None:
        """Open ``path`` for us alone.

        Raises:
            Unavailable: ``port_missing`` (nothing is plugged in there) or ``port_taken`` (another program has it).
        """
        try:
            self._serial = serial.Serial(str(path), baud, timeout=0, write_timeout=0, exclusive=True)
        except serial.SerialException as error:
            taken = error.errno in (errno.EBUSY, errno.EWOULDBLOCK) or "exclusively lock" in str(error)
            raise Unavailable("port_taken" if taken else "port_missing", port=path.name) from error
        self.fd: int = self._serial.fileno()
        self._keep_power_on_close()
        self._unsent = b""
        self.has_unsent = False  # whether bytes wait for room

    def _keep_power_on_close(self) -> None:
        """Clear HUPCL: closing must not pulse DTR, which would reset the board at the next opening."""
        try:
            attributes = termios.tcgetattr(self.fd)
            attributes[CFLAG] &= ~termios.HUPCL
            termios.tcsetattr(self.fd, termios.TCSANOW, attributes)
        except termios.error:
            return  # it vanished between opening and here; the next read says so

    def read(self) -> bytes | None:
        """What has come; None when nothing has, b"" when the port is gone."""
        try:
            return os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def write(self, data: bytes) -> None:
        """Send, now or as soon as there is room. A port that is gone is told by the next read."""
        if self.has_unsent:
            self.write_first(self._unsent + data)
        elif data:
            self.write_first(data)

    def write_first(self, data: bytes) -> None:
        """Send instead of everything that still waits here."""
        try:
            sent = os.write(self.fd, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = len(data)
        self.has_unsent = sent < len(data)
        self._unsent = data[sent:] if self.has_unsent else b""

    def flush(self) -> None:
        """Send what waits, as far as there is room."""
        if self.has_unsent:
            self.write_first(self._unsent)

    def close(self) -> None:
        """Let it go."""
        self._serial.close()
