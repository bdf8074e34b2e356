"""What a whole demo site holds in memory when nobody does anything: every process of every node."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from provisioning.sim.demo import build
from provisioning.sim.supervisor import proportional_kib, resident_kib
from tests.bench.site import first_port
from tests.bench.tables import align

REST_S = 20.0  # queues are drained, caches given back


def memory_table() -> list[str]:
    """Build a site in a scratch folder, let it rest, read, stop it.

    Raises:
        PassageError: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="pgb") as folder:
        running = build(Path(folder) / "site", first_port(), lambda _text: None)
        try:
            threading.Event().wait(REST_S)
            rows = [
                (managed.name, resident_kib(managed.pid), proportional_kib(managed.pid))
                for managed in running.supervisor.processes()
                if managed.pid
            ]
        finally:
            running.stop()
    rows.append((f"all {len(rows)}", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    table = [("", "MiB RSS", "MiB PSS")]
    table += [(name, f"{rss / 1024:.1f}", f"{pss / 1024:.1f}") for name, rss, pss in rows]
    return [f"demo site at rest, {REST_S:.0f} s after its start", *align(table)]
