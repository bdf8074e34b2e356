"""``make bench``: hosts beside a raw loop on the same fake printers, policy, people at kiosks, a site's memory."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from farm.profiles import find_profile
from provisioning.errors import PassageError
from tests.bench import burst, login, one, parts, policy, reach
from tests.bench.harness import BUILD, PROFILE, RAW, UART, Host, Row, Trouble, build_fake, ours
from tests.bench.hosts import other_hosts
from tests.bench.memory import memory_table
from tests.bench.tables import head_line, part_table
from tests.bench.targets import quantile, target_table

PARTS = (
    *("instant", "wire", "sixteen", "stop", "compile"),
    *("policy", "login", "burst", "one", "reach", "memory"),
)


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


class Run:
    """One run of the chosen parts; every row is kept."""

    def __init__(self, wanted: argparse.Namespace) -> None:
        self._rounds: int = wanted.rounds
        self._profile: str = wanted.profile
        self._only: Sequence[str] = wanted.only or PARTS
        self._has_hosts: bool = wanted.hosts
        self.rows: list[Row] = []
        self.is_whole = True  # no part failed

    def all(self) -> None:
        """The chosen parts in their order, the table as it grows, the targets last.

        Raises:
            Trouble: there is no C compiler.
            PassageError: there is no such profile.
        """
        acts: dict[str, Callable[[], None]] = {
            "instant": lambda: self._one_port("instant", "(a) instant printer, one port"),
            "wire": lambda: self._one_port("wire", f"(b) {UART.name} of receive buffer"),
            "sixteen": self._sixteen,
            "stop": self._stop,
            "compile": self._compile,
            "policy": self._policy,
            "login": lambda: self._signing(login.logins(), login.login_table),
            "burst": lambda: self._signing(burst.bursts(), burst.burst_table),
            "one": lambda: self._signing(one.ones(), one.one_table),
            "reach": lambda: self._signing(reach.reached(), reach.reach_table),
            "memory": lambda: say("", *memory_table()),
        }
        if {"instant", "wire", "sixteen", "stop"} & set(self._only):
            self._fake = build_fake()
            self._hosts: tuple[Host, ...] = (RAW, ours(self._profile))
            self._others = tuple(other_hosts(say)) if self._has_hosts else ()
            link = find_profile(self._profile).link
            window = f"window {link.window_lines} lines, {link.rx_bytes} bytes"
            say(f"{parts.GCODE.name}; our profile {self._profile}: {window}", "", head_line())
        for part in PARTS:
            if part in self._only:
                begun_s = time.monotonic()
                try:
                    acts[part]()
                except (Trouble, PassageError) as trouble:
                    self.is_whole = False
                    say(f"{part} was not measured: {trouble}")
                say(f"  [{time.monotonic() - begun_s:.0f} s, load {os.getloadavg()[0]:.2f}]")
        if table := target_table(self.rows):
            say("", *table)

    def _one_port(self, part: str, title: str) -> None:
        say(f"{title}; {parts.LINES[part]:,} lines, {self._rounds} rounds")
        hosts = (*self._hosts, *self._others)
        self.rows += parts.one_port(self._fake, part, self._rounds, hosts, say)
        say(*part_table(self.rows, part))

    def _sixteen(self) -> None:
        others = self._others if self._only == ["sixteen"] else ()
        if self._others and not others:
            say(
                "(OctoPrint and Printrun with 16 printers, a process each: only in `--only sixteen`, it takes long)"
            )
        hosts = (*self._hosts, *others)
        self.rows += parts.sixteen(self._fake, self._rounds, hosts, say)
        for part, title in (
            ("sixteen", f"(c) {parts.PRINTERS} printers at full speed, together"),
            (
                "ordinary",
                f"(c) {parts.PRINTERS} printers, a move every {parts.PACE_US / 1000:.2f} ms, together",
            ),
        ):
            say(f"{title}; {parts.LINES[part]:,} lines each, {self._rounds} rounds")
            say(*part_table(self.rows, part))

    def _stop(self) -> None:
        say(
            f"(d) stop request to M112 on the wire; {parts.STOP_WORKERS} workers, at every stop"
            f" at least {parts.PRINTERS} print a move every {parts.PACE_US / 1000:.2f} ms"
        )
        row = parts.stops(self._fake, self._hosts[1])
        self.rows.append(row)
        waits = row["waits_ms"]
        figures = "/".join(f"{quantile(waits, share):.2f}" for share in (0.5, 0.99, 1.0)) if waits else "-"
        say(f"{row['host']:26}  {len(waits)} stops: p50/p99/max {figures} ms, {row['missed']} never came")

    def _compile(self) -> None:
        row = parts.compiled(self._profile)
        self.rows.append(row)
        say(
            "",
            f"a file of {row['lines']:,} lines ({row['commands']:,} commands) compiled to a spool file:"
            f" {row['seconds']:.1f} s ({row['cpu_s']:.1f} of CPU), {row['lines'] / row['seconds']:,.0f} lines/s,"
            f" peak RSS {row['peak_kib'] / 1024:.1f} MiB ({row['before_kib'] / 1024:.1f} before it began),"
            f" spool file {row['spool_bytes'] / 1e6:.1f} MB, {row['progress_calls']} progress calls",
        )

    def _signing(self, rows: list[Row], table: Callable[[list[Row]], list[str]]) -> None:
        self.rows += rows
        say(*table(rows))

    def _policy(self) -> None:
        row = policy.decided()
        self.rows.append(row)
        say(*policy.policy_table(row))


def main() -> None:
    """Measure, print, keep the rows in build/bench/results.json."""
    asked = argparse.ArgumentParser(prog="make bench")
    asked.add_argument("--rounds", type=int, default=5, help="how often each figure is taken")
    asked.add_argument(
        "--hosts", action="store_true", help="OctoPrint and Printrun too, from PyPI into build/"
    )
    asked.add_argument("--only", action="append", choices=PARTS, help="this part; may be given again")
    asked.add_argument("--profile", default=PROFILE, metavar="ID", help="firmware profile of our workers")
    run = Run(asked.parse_args())
    BUILD.mkdir(parents=True, exist_ok=True)
    say(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine()}")
    try:
        run.all()
    except (Trouble, PassageError) as trouble:
        raise SystemExit(f"make bench: {trouble}") from trouble
    finally:
        say("", f"at the end: {machine()}")
        (Path(BUILD) / "results.json").write_text(json.dumps(run.rows))
    if not run.is_whole:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
