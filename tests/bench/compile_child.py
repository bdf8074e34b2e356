"""One process that compiles a long file and says what it took: time, lines, peak memory, calls of the progress hook."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from farm.bench.stream import peak_memory_kib
from farm.gcode.compile import compile_spool
from farm.gcode.limits import limits_of
from farm.profiles import find_profile
from tests.farm.gcode.long_file import write_long_file


def main(source: Path, target: Path, profile_id: str, least_lines: int) -> None:
    """Write ``source`` when it is not there, compile it."""
    if not source.exists():
        write_long_file(source, least_lines)
    limits = limits_of(find_profile(profile_id))
    calls = 0

    def progress(*_done: int) -> None:
        nonlocal calls
        calls += 1

    before_kib = peak_memory_kib()
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    done = compile_spool(source, target, limits, progress=progress)
    seconds, cpu_s = time.perf_counter() - begun_s, time.process_time() - begun_cpu_s
    with source.open("rb") as file:
        lines = sum(1 for _line in file)
    said = {
        "ev": "done",
        "lines": lines,
        "commands": done.lines,
        "seconds": seconds,
        "cpu_s": cpu_s,
        "peak_kib": peak_memory_kib(),
        "before_kib": before_kib,
        "progress_calls": calls,
        "spool_bytes": target.stat().st_size,
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
