"""Rows of measurements as tables that a person reads: medians with their spread, ratios paired by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from tests.bench.harness import Row

HEAD = ("", "lines/s", "x raw", "CPU us a line", "x raw", "MB PSS", "and")
WIDTHS = (26, 24, 17, 21, 17, 6, 0)  # of the one table, whose parts are printed as they are measured
MB = 1e6 / 1024  # KiB in it


def of(rows: Sequence[Row], part: str, host: str) -> list[Row]:
    """The rows of a part and a host, by round."""
    return [row for row in rows if (row["part"], row["host"]) == (part, host)]


def spread(values: Sequence[float], form: str) -> str:
    """``median (least-most)``, or the only value."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}-{high:{form}})" if len(values) > 1 else f"{middle:{form}}"


def ratios(own: Sequence[Row], other: Sequence[Row], key: str) -> list[float]:
    """Own over other, of the rounds that both came through."""
    beside = {row["round"]: row[key] for row in other}
    return [row[key] / below for row in own if (below := beside.get(row["round"]))]


def percentile_us(reaction: Sequence[tuple[int, int]], share: float) -> int:
    """Of a histogram (upper bound in us, count): the bound that so large a share of the counts does not exceed."""
    left = share * sum(count for _us, count in reaction)
    for us, count in reaction:
        left -= count
        if left <= 0:
            return us
    return reaction[-1][0]


def part_table(rows: Sequence[Row], part: str) -> list[str]:
    """One line a host, in the order in which they were measured. The raw loop is the first."""
    mine = [row for row in rows if row["part"] == part]
    hosts = list(dict.fromkeys(row["host"] for row in mine))
    raw = of(rows, part, hosts[0]) if hosts else []
    return align([_line(of(rows, part, host), raw) for host in hosts], WIDTHS)


def head_line() -> str:
    """The one table's head."""
    return align([HEAD], WIDTHS)[0]


def _line(own: Sequence[Row], raw: Sequence[Row]) -> tuple[str, ...]:
    return (
        own[0]["host"],
        spread([row["lines_s"] for row in own], ",.0f"),
        spread(ratios(own, raw, "lines_s") or [0.0], ".2f"),
        spread([row["cpu_us_line"] for row in own], ".1f"),
        spread(ratios(own, raw, "cpu_us_line") or [0.0], ".2f"),
        f"{statistics.median(row['pss_kib'] for row in own) / MB:.1f}",
        _words(own),
    )


def _words(own: Sequence[Row]) -> str:
    """What only some parts have to say."""
    words = []
    if own[0]["wire_share"] is not None:
        words.append(f"{spread([row['wire_share'] for row in own], '.2f')} of the wire")
        words.append(f"{sum(row['overruns'] for row in own)} overruns")
    words.append(f"{sum(row['resends'] for row in own)} resends")
    if own[0]["ports"] > 1:
        words.append(f"{own[0]['processes']} processes")
    if own[0]["part"] == "ordinary":
        cores, played = (statistics.median(row[key] for row in own) for key in ("cores", "played_cores"))
        words.append(f"{cores:.2f} cores" + (f" ({played:.2f} of it desk and cell)" if played else ""))
        words.append(f"ok to next line {reaction_ms(own)} ms")
        words.append(f"{sum(row['starved'] for row in own)} moves found the planner empty")
    return ", ".join(words)


def reaction_ms(rows: Sequence[Row]) -> str:
    """p50/p99/max over all rounds."""
    merged: dict[int, int] = {}
    for row in rows:
        for us, count in row["reaction"]:
            merged[us] = merged.get(us, 0) + count
    histogram = sorted(merged.items())
    if not histogram:
        return "-"
    figures = (percentile_us(histogram, 0.5), percentile_us(histogram, 0.99), histogram[-1][0])
    return "/".join(f"{us / 1000:.2f}" for us in figures)


def align(table: Sequence[Sequence[str]], least: Sequence[int] = ()) -> list[str]:
    """Columns side by side, at least so wide: the first and the last to the left, the others to the right."""
    if not table:
        return []
    count = len(table[0])
    floor = least or (0,) * count
    widths = [max(floor[column], *(len(row[column]) for row in table)) for column in range(count)]
    return [
        "  ".join(
            cell.rjust(width) if 0 < at < count - 1 or (at and not least) else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
