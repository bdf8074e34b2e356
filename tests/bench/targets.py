"""What issue 3 asks for, beside what was seen. A target that is missed is a figure, never a failure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.harness import Row
from tests.bench.tables import align, of, percentile_us, ratios, spread

OURS, RAW, OCTOPRINT = "Passage worker", "raw pyserial ping-pong", "OctoPrint serial layer"
Rows = Sequence[Row]


@dataclass(frozen=True)
class Target:
    """``figures`` is one number a round; the median is held against ``wanted``."""

    part: str
    what: str
    wanted: float
    is_least: bool  # or it is the most
    unit: str
    form: str
    figures: Callable[[Rows], list[float]]

    def row(self, rows: Rows) -> tuple[str, ...] | None:
        """What, wanted, seen, verdict; None when the part was not measured at all."""
        if not of(rows, self.part, OURS):
            return None
        sign = ">=" if self.is_least else "<="
        wanted = f"{sign} {self.wanted:{self.form}} {self.unit}".rstrip()
        seen = self.figures(rows)
        if not seen:
            return self.what, wanted, "-", "not measured: HOSTS=1"
        middle = statistics.median(seen)
        is_met = middle >= self.wanted if self.is_least else middle <= self.wanted
        return self.what, wanted, spread(seen, self.form), "met" if is_met else "not met"


def _own(part: str, key: str, scale: float = 1.0) -> Callable[[Rows], list[float]]:
    return lambda rows: [row[key] / scale for row in of(rows, part, OURS) if row[key] is not None]


def _beside(part: str, other: str) -> Callable[[Rows], list[float]]:
    return lambda rows: ratios(of(rows, part, OURS), of(rows, part, other), "lines_s")


def _reaction_ms(share: float) -> Callable[[Rows], list[float]]:
    return lambda rows: [
        percentile_us(row["reaction"], share) / 1000 for row in of(rows, "ordinary", OURS) if row["reaction"]
    ]


def _stop_ms(share: float) -> Callable[[Rows], list[float]]:
    return lambda rows: [
        quantile(row["waits_ms"], share) for row in of(rows, "stop", OURS) if row["waits_ms"]
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted values that so large a share does not exceed."""
    return values[min(len(values) - 1, int(share * len(values)))]


TARGETS = (
    Target("instant", "(a) lines/s beside OctoPrint's", 8, True, "x", ".1f", _beside("instant", OCTOPRINT)),
    Target("instant", "(a) CPU a line", 15, False, "us", ".1f", _own("instant", "cpu_us_line")),
    Target("wire", "(b) lines/s beside OctoPrint's", 2, True, "x", ".2f", _beside("wire", OCTOPRINT)),
    Target("wire", "(b) of what the wire carries", 0.95, True, "", ".3f", _own("wire", "wire_share")),
    Target("wire", "(b) lines lost to overruns", 0, False, "", ".0f", _own("wire", "overruns")),
    Target(
        "sixteen", "(c) 16 printers, lines/s together", 40_000, True, "", ",.0f", _own("sixteen", "lines_s")
    ),
    Target(
        "sixteen",
        "(c) memory a printer (PSS)",
        10,
        False,
        "MB",
        ".1f",
        _own("sixteen", "pss_kib", 1e6 / 1024),
    ),
    Target(
        "ordinary", "(c) 300 lines/s each: p99 of ok to next line", 5, False, "ms", ".2f", _reaction_ms(0.99)
    ),
    Target(
        "ordinary",
        "(c) 300 lines/s each: CPU of all ours",
        0.3,
        False,
        "cores",
        ".2f",
        _own("ordinary", "cores"),
    ),
    Target("stop", "(d) p99 of stop request to M112", 20, False, "ms", ".2f", _stop_ms(0.99)),
)


def target_table(rows: Rows) -> list[str]:
    """One line a target of the parts that were measured."""
    found = [line for target in TARGETS if (line := target.row(rows)) is not None]
    return align([("target", "wanted", "seen", ""), *found]) if found else []
