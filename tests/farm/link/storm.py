"""Spoiled wires by the thousand: one seed, one schedule of faults, one verdict. The suite runs some, `make storm` all.

A schedule spoils bytes both ways (lost, or bits flipped) at places drawn from its seed while a print of some forty
lines goes over a wire that takes its time, so that lines sent ahead are really under way when the firmware answers.
Even seeds put up to four faults in a row, odd ones spread up to twelve over the whole print.

Two promises. *Order*: no line is ever repeated, skipped or reordered, whatever happens, as long as the firmware
insists on checksums. *Liveness*: up to four faults in a row are survived, but for an ``8`` that a wire turns into the
byte which halts a Smoothieware. Repetier and Smoothieware accept a numbered line that lost its ``*``, and no host can
know: it is not asked of them that such a line is what it was. Where a board executed something unchecked (Marlin too,
when the wire ate an ``N`` and its number) the schedule is counted as unguarded. Firmwares that count no lines have a
weather of their own, see ``calm``.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import msgspec

from farm.link import Link
from farm.link.events import Ready, Resent, SourceDone
from farm.link.tracks import Commands
from farm.profiles import Profile, find_profile
from farm.sim.boards import board_of
from farm.sim.dialogue import Dialogue
from farm.sim.faults import DROPPED, PlannedWire
from tests.farm.link import calm
from tests.farm.link.verdict import COMMANDS, ENDS, FIRST, LAST, PRINT_S, READY_S, Verdict

IN_A_ROW, SPREAD = 4, 12
# the profile that speaks for each dialect whose firmware counts lines
PROFILES = {
    "marlin": "marlin-2.1-generic-220",
    "prusa": "prusa-3.14-mk3s",
    "repetier": "repetier-1.0-generic-200",
    "smoothieware": "smoothieware-2021-generic-300",
}
DIALECTS = (*PROFILES, *calm.PROFILES)
WIDE_LINES, WIDE_BYTES = 32, 2048  # the widest that a profile may ask for in earnest
ENDINGS = (b"\n", b"\r", b";", b"(")  # what ends a line or its meaning before its checksum
UNCHECKED = {"repetier", "smoothieware"}  # a line without a checksum is accepted, number and all
STOP_BYTE = b"\x18"  # ^X; an "8" with one bit flipped
KEPT = 5  # bad seeds that are named


def profile_of(dialect: str, window: int) -> Profile:
    """The dialect's profile with a window of so many lines, and a ring that has room for them."""
    profile = find_profile(PROFILES[dialect])
    link = profile.link
    rx_bytes = WIDE_BYTES if window > link.window_lines else link.rx_bytes
    queue = max(link.queue_lines, window + 1)
    return msgspec.structs.replace(
        profile, link=msgspec.structs.replace(link, window_lines=window, rx_bytes=rx_bytes, queue_lines=queue)
    )


def windows_of(dialect: str) -> tuple[int, ...]:
    """One line, what the profile says, and the widest."""
    if dialect in calm.PROFILES:
        return calm.windows_of(dialect)
    return (1, find_profile(PROFILES[dialect]).link.window_lines, WIDE_LINES)


class Overheard(PlannedWire):
    """Knows what no host can help: a byte that became a Smoothieware's stop, and a line that lost its checksum."""

    has_carried_stop = has_bared_a_line = False

    def carry(self, data: bytes) -> bytes:
        arrived = super().carry(data)
        if arrived != data:
            self.has_carried_stop = self.has_carried_stop or STOP_BYTE in arrived
            self.has_bared_a_line = self.has_bared_a_line or (
                arrived.count(b"*") < data.count(b"*")
                or any(arrived.count(end) > data.count(end) for end in ENDINGS)
            )
        return arrived


def plan(seed: int) -> tuple[dict[int, int], dict[int, int]]:
    """What is spoiled there and back: positions and masks."""
    chance = random.Random(seed)
    there: dict[int, int] = {}
    back: dict[int, int] = {}
    in_a_row = seed % 2 == 0
    at = chance.randrange(1500)
    for _ in range(chance.randint(1, IN_A_ROW if in_a_row else SPREAD)):
        mask = chance.choice((DROPPED, 1 << chance.randrange(8), chance.randint(1, 255)))
        if chance.random() < 0.6:
            there[at] = mask
        else:
            back[at // 5] = mask  # an answer is a fifth as long as its line
        at += chance.randint(1, 30) if in_a_row else chance.randrange(400)
    return there, back


def endure(dialect: str, window: int, seed: int) -> Verdict:
    """Print over wires spoiled by the seed's schedule; where the wire is faithful, by its other troubles."""
    if dialect in calm.PROFILES:
        return calm.endure(dialect, window, seed)
    executed: list[tuple[int | None, str]] = []
    profile = profile_of(dialect, window)
    board = board_of(
        dialect,
        0.0,
        on_executed=lambda number, text: executed.append((number, text)),
        rx_bytes=profile.link.rx_bytes,
        queue_lines=profile.link.queue_lines,
    )
    talk = Dialogue(Link(profile), board, baud=115_200, usb_s=0.001)
    talk.open()
    assert talk.run(lambda: talk.has(Ready), READY_S), "a clean wire"
    there, back = plan(seed)
    wire = Overheard(there)
    talk.there, talk.back = wire, PlannedWire(back)
    talk.link.stream(Commands(FIRST, COMMANDS), FIRST)
    talk.run(lambda: talk.has(SourceDone) or any(talk.has(kind) for kind in ENDS), PRINT_S)
    numbers = [n for n, text in executed if n is not None and FIRST <= n <= LAST and "M110" not in text]
    is_whole = talk.has(SourceDone)
    return Verdict(
        is_in_order=numbers == list(range(FIRST, FIRST + len(numbers)))
        and (len(numbers) == len(COMMANDS) or not is_whole),
        is_whole=is_whole,
        is_guarded=is_guarded(executed),
        is_bared=dialect in UNCHECKED and wire.has_bared_a_line,
        must_be_whole=seed % 2 == 0 and not (dialect == "smoothieware" and wire.has_carried_stop),
        ended_by=",".join(kind.__name__ for kind in ENDS if talk.has(kind)),
        resent=talk.count(Resent),
        overruns=board.overruns,
    )


def is_guarded(executed: Sequence[tuple[int | None, str]]) -> bool:
    """False when a command of the print was executed that does not stand in it, or without its number."""
    known = set(COMMANDS)
    return all(text in known for n, text in executed if n is not None and FIRST <= n <= LAST) and not any(
        n is None and text[:1] in "GM" and not text.startswith(("M105", "M114", "M110"))
        for n, text in executed
    )


def _some(dialect: str, window: int, seeds: range) -> list[tuple[int, Verdict]]:
    return [(seed, endure(dialect, window, seed)) for seed in seeds]


def storm(dialect: str, window: int, schedules: int, pool: ProcessPoolExecutor) -> Iterator[str]:
    """One table line, and the seeds that broke a promise."""
    begun_s = time.monotonic()
    parts = [range(at, min(at + 250, schedules)) for at in range(0, schedules, 250)]
    counts: Counter[str] = Counter()
    broken: list[str] = []
    for part in pool.map(partial(_some, dialect, window), parts):
        for seed, one in part:
            counts["guarded"] += one.is_guarded
            counts["whole"] += one.is_whole
            counts["resent"] += one.resent
            counts["overruns"] += one.overruns
            if not one.is_kept:
                counts["broken"] += 1
                broken.append(f"  seed {seed}: {one}")
    yield (
        f"{dialect:14} window {window:2}: {schedules:,} schedules, {counts['broken']} broken promises, "
        f"{counts['whole']:,} printed to the end, {schedules - counts['guarded']} unguarded, "
        f"{counts['resent']:,} resends, {counts['overruns']} bytes overrun, {time.monotonic() - begun_s:.0f} s"
    )
    yield from broken[:KEPT]


def main() -> None:
    """``python -m tests.farm.link.storm [--schedules N] [--dialect NAME]``: exit 1 when a promise was broken."""
    asked = argparse.ArgumentParser(prog="make storm")
    asked.add_argument("--schedules", type=int, default=10_000, help="for each dialect and window")
    asked.add_argument("--dialect", choices=DIALECTS, action="append")
    wanted = asked.parse_args()
    is_broken = False
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for dialect in wanted.dialect or DIALECTS:
            for window in windows_of(dialect):
                for line in storm(dialect, window, wanted.schedules, pool):
                    is_broken = is_broken or line.startswith("  seed")
                    sys.stdout.write(line + "\n")
                    sys.stdout.flush()
    sys.exit(is_broken)


if __name__ == "__main__":
    main()
