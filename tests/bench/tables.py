"""Rows of measurements as tables that a person reads: medians with their spread, ratios paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.bench.harness import Host, Row, Wire


def spread(values: Sequence[float], form: str) -> str:
    """``median (least-most)``."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}-{high:{form}})"


def serial_table(rows: Sequence[Row], wire: Wire, hosts: Sequence[Host]) -> list[str]:
    """One wire, one line a host. Each round's figure is divided by the raw loop's of the same round."""
    head = ("", "lines/s", "x raw", "CPU us a line", "x raw", "of the wire", "MiB RSS/PSS", "resends", "lost")
    table = [head]
    raw = [row for row in rows if (row["host"], row["wire"]) == (hosts[0].name, wire.name)]
    for host in hosts:
        own = [row for row in rows if (row["host"], row["wire"]) == (host.name, wire.name)]
        if not own:
            continue
        share = f"{statistics.median(row['wire_share'] for row in own):.2f}" if wire.bytes_s else "-"
        memory = "/".join(
            f"{statistics.median(row[key] for row in own) / 1024:.1f}" for key in ("rss_kib", "pss_kib")
        )
        table.append(
            (
                host.name,
                spread([row["lines_s"] for row in own], ",.0f"),
                _ratio(own, raw, "lines_s"),
                spread([row["cpu_us_line"] for row in own], ".1f"),
                _ratio(own, raw, "cpu_us_line"),
                share,
                memory,
                str(sum(row["resends"] for row in own)),
                str(sum(row["overruns"] for row in own)),
            )
        )
    return [f"{wire.name}: median (least-most) of {len(raw)} rounds", *align(table)]


def _ratio(own: Sequence[Row], raw: Sequence[Row], key: str) -> str:
    """By round; a CPU time that is below the clock's step has none."""
    pairs = [(one[key], other[key]) for one, other in zip(own, raw, strict=False) if other[key]]
    return spread([one / other for one, other in pairs], ".2f") if pairs else "-"


def align(table: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    ]
