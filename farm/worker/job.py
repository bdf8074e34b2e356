"""A leased job: its spool file, checked, as the link wants to send it."""

from __future__ import annotations

from pathlib import Path

from farm.gcode.spool import SpoolCorrupt, SpoolFile
from farm.words import Lease
from provisioning.errors import Refused


class LeaseRefused(Refused):
    """A lease cannot be taken; ``reason`` is the code that the run fails with."""

    code = "lease_refused"


class LeasedJob:
    """Lines 1 to last of one spool file."""

    first = 1

    def __init__(self, lease: Lease) -> None:
        """Check and open the lease's spool file.

        Raises:
            LeaseRefused: ``spool_missing``, ``spool_differs`` (not the bytes that were approved), ``spool_corrupt``.
        """
        self.lease = lease
        path = Path(lease.spool)
        try:
            self.spool = SpoolFile(path)
            self._check()
        except OSError as error:
            raise LeaseRefused("spool_missing", spool=path.name) from error
        except SpoolCorrupt as error:
            raise LeaseRefused("spool_corrupt", spool=path.name) from error

    def _check(self) -> None:
        try:
            # of the map itself: a file put in its place between the look and the print changes nothing
            if self.spool.sha256() != self.lease.sha256:
                raise LeaseRefused("spool_differs", spool=self.spool.path.name)
            self.spool.verify()
        except (LeaseRefused, SpoolCorrupt):
            self.spool.close()
            raise

    @property
    def last(self) -> int:
        """The last line."""
        return len(self.spool)

    def line(self, n: int, /) -> bytes:
        """Line ``n`` ready to send."""
        return self.spool.line(n)

    def lines(self, first: int, last: int, /) -> bytes | memoryview:
        """Lines ``first`` to ``last`` ready to send."""
        return self.spool.lines(first, last)

    def offset(self, n: int, /) -> int:
        """Bytes before line ``n``."""
        return self.spool.offset(n)

    def command(self, n: int) -> bytes:
        """Line ``n`` without number and checksum."""
        return self.spool.command(n)

    def close(self) -> None:
        """Unmap it."""
        self.spool.close()
