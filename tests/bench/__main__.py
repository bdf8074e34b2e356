"""``make bench``: memory of a site at rest, and the serial link beside a raw loop on the same fake printer."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from provisioning.errors import PassageError
from tests.bench.harness import (
    BUILD,
    INSTANT,
    OURS,
    RAW,
    TOP,
    UART,
    Host,
    Row,
    Trouble,
    Wire,
    build_fake,
    measure,
    with_marks,
)
from tests.bench.hosts import other_hosts
from tests.bench.memory import memory_table
from tests.bench.tables import serial_table

GCODE = TOP / "farm" / "sim" / "models" / "wall-hook.gcode"
WIRES: tuple[tuple[Wire, int], ...] = ((INSTANT, 25_000), (UART, 1_000))


def say(*lines: str) -> None:
    """Print at once."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def machine() -> str:
    """Cores, kernel and load: figures without them say nothing."""
    load = " ".join(f"{one:.2f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {platform.release()}, load {load}"
    )


def serial(rounds: int, hosts: tuple[Host, ...]) -> list[Row]:
    """Every host once, then all again; a host that fails is named and left out from then on."""
    fake = build_fake()
    rows: list[Row] = []
    for wire, lines in WIRES:
        gcode = BUILD / "bench.gcode"
        counted = with_marks(GCODE, lines, gcode)
        left = list(hosts)
        for _ in range(rounds):
            for host in tuple(left):
                try:
                    rows.append(measure(fake, host, wire, gcode))
                except Trouble as trouble:
                    left.remove(host)
                    say(f"{host.name} is left out: {trouble}")
        say("", f"{GCODE.name}, {counted:,} lines", *serial_table(rows, wire, hosts))
    return rows


def main() -> None:
    """Measure, print, keep the rows in build/bench/results.json."""
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--rounds", type=int, default=5, help="how often each figure is taken")
    asked.add_argument(
        "--hosts", action="store_true", help="OctoPrint and Printrun too, from PyPI into build/"
    )
    asked.add_argument("--only", choices=("memory", "serial"))
    wanted = asked.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}")
    rows: list[Row] = []
    try:
        if wanted.only != "memory":
            rows = serial(wanted.rounds, (RAW, OURS, *(other_hosts(say) if wanted.hosts else ())))
        if wanted.only != "serial":
            say("", *memory_table())
    except (Trouble, PassageError) as trouble:
        raise SystemExit(f"make bench: {trouble}") from trouble
    finally:
        say("", f"at the end: {machine()}")
        (Path(BUILD) / "results.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
