"""What is measured: which hosts on which printer, how often and in which order."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from tests.bench.harness import (
    BUILD,
    INSTANT,
    TOP,
    UART,
    Child,
    Host,
    Row,
    Session,
    Silence,
    Trouble,
    Wire,
    with_marks,
)

GCODE = TOP / "farm" / "sim" / "models" / "wall-hook.gcode"
LINES = {"instant": 12_000, "wire": 600, "sixteen": 6_000, "ordinary": 2_100, "stop": 20_000}
PRINTERS = 16
PACE_US = 3_333  # 300 moves a second
STOP_WORKERS = 24  # of which 16 print while the others come back from a stop: a second to reopen, two to boot
STOPS = 120
STOP_PAUSE_S = 0.2  # at most, random: a stop comes at any moment of a move
SETTLED_S = 0.5  # a printer is stopped when it has printed for so long
STOP_WAIT_S = 10.0
STOPS_MAX_S = 180.0

Say = Callable[[str], None]
LONG_LINES = 700_000


def marked(part: str) -> Path:
    """The part's file: the first lines of the one that all parts share."""
    target = BUILD / f"{part}.gcode"
    with_marks(GCODE, LINES[part], target)
    return target


def by_rounds(
    rounds: int, hosts: Sequence[Host], measured: Callable[[Host], Sequence[Row]], say: Say
) -> Iterator[Row]:
    """Every host once, then all again; a host that fails is named and left out from then on."""
    left = list(hosts)
    for turn in range(rounds):
        for host in tuple(left):
            try:
                yield from ({"host": host.name, "round": turn, **row} for row in measured(host))
            except Trouble as trouble:
                left.remove(host)
                say(f"{host.name} is left out: {trouble}")


def one_port(fake: Path, part: str, rounds: int, hosts: Sequence[Host], say: Say) -> list[Row]:
    """Parts ``instant`` and ``wire``."""
    wire: Wire = UART if part == "wire" else INSTANT
    gcode = marked(part)

    def once(host: Host) -> list[Row]:
        with Session(fake, host, wire, gcode) as session:
            return [{"part": part, **session.stream()}]

    return list(by_rounds(rounds, hosts, once, say))


def sixteen(fake: Path, rounds: int, hosts: Sequence[Host], say: Say) -> list[Row]:
    """Sixteen printers, at full speed and then at an ordinary pace: parts ``sixteen`` and ``ordinary``."""
    quick, calm = marked("sixteen"), marked("ordinary")

    def twice(host: Host) -> list[Row]:
        with Session(fake, host, INSTANT, quick, PRINTERS) as session:
            first = {"part": "sixteen", **session.stream()}
        with Session(fake, host, INSTANT, calm, PRINTERS) as session:
            session.pace(PACE_US)
            return [first, {"part": "ordinary", **session.stream()}]

    return list(by_rounds(rounds, hosts, twice, say))


class Stops:
    """Our workers print at the ordinary pace and are stopped one by one; each comes back and prints again."""

    def __init__(self, session: Session, at_least: int) -> None:
        """A stop is asked for while ``at_least`` so many print."""
        self._at_least = at_least
        self._printer, self._driver = session.printer, session.senders[0]
        self._printing: dict[int, float] = {}  # since when, the longest first
        self._random = random.Random(5)
        self.waits_ms: list[float] = []
        self.missed = 0

    def run(self, wanted: int) -> None:
        """Stop until there are so many samples, or it has taken too long.

        Raises:
            Trouble: the fake printer is gone.
        """
        self._driver.say("go")
        end_s = time.monotonic() + STOPS_MAX_S
        while len(self.waits_ms) < wanted and time.monotonic() < end_s:
            self._listen(self._random.random() * STOP_PAUSE_S)
            if (port := self._next()) is not None:
                self._stop(port)

    def _listen(self, for_s: float) -> None:
        """Note who began and who ended."""
        end_s = time.monotonic() + for_s
        while (left_s := end_s - time.monotonic()) > 0:
            with suppress(Silence):
                self._note(self._printer.next(left_s))

    def _next(self) -> int | None:
        """Who printed longest, when enough print."""
        if len(self._printing) < self._at_least:
            return None
        port, since_s = next(iter(self._printing.items()))
        return port if time.monotonic() - since_s >= SETTLED_S else None

    def _stop(self, port: int) -> None:
        asked_ns = time.monotonic_ns()
        self._driver.say(f"estop {port}")
        end_s = time.monotonic() + STOP_WAIT_S
        while port in self._printing and time.monotonic() < end_s:
            try:
                said = self._printer.next(STOP_WAIT_S)
            except Silence:
                break
            if said["ev"] == "m112" and said["port"] == port:
                self.waits_ms.append((said["t"] - asked_ns) / 1e6)
            self._note(said)
        if port in self._printing:
            del self._printing[port]
            self.missed += 1
        self._driver.say(f"go {port}")

    def _note(self, said: Row) -> None:
        if said["ev"] == "begin":
            self._printing[said["port"]] = time.monotonic()
        else:  # stopped, or at its end
            self._printing.pop(said["port"], None)
            if said["ev"] == "end":
                self._driver.say(f"go {said['port']}")


def stops(fake: Path, host: Host, wanted: int = STOPS) -> Row:
    """Part ``stop``: from asking our driver to M112 read by the printer.

    Raises:
        Trouble: the workers did not come up.
    """
    with Session(fake, host, INSTANT, marked("stop"), STOP_WORKERS) as session:
        session.pace(PACE_US)
        series = Stops(session, PRINTERS)
        series.run(wanted)
    return {
        "part": "stop",
        "host": host.name,
        "round": 0,
        "waits_ms": sorted(series.waits_ms),
        "missed": series.missed,
    }


def compiled(profile: str) -> Row:
    """Part ``compile``: what one process needs for a long file under this profile's limits.

    Raises:
        Trouble: it did not come to its end.
    """
    files = (str(BUILD / "long.gcode"), str(BUILD / "long.spool"))
    child = Child(sys.executable, "-m", "tests.bench.compile_child", *files, profile, str(LONG_LINES))
    try:
        return {"part": "compile", "host": "compile", "round": 0, **child.hear("done")}
    finally:
        child.end()
