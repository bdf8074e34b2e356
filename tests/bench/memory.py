"""What a whole demo site holds in memory when nobody does anything: every process of every node."""

from __future__ import annotations

import random
import tempfile
import threading
from pathlib import Path

from provisioning.sim.demo import build, check_ports
from provisioning.sim.demo_site import DemoRefused
from provisioning.sim.supervisor import proportional_kib, resident_kib
from tests.bench.tables import align

REST_S = 20.0  # queues are drained, caches given back
TRIES = 20


def _ports() -> int:
    """The first of five ports that nobody listens on."""
    for _ in range(TRIES):
        port = random.randrange(20000, 30000)
        try:
            check_ports(port)
        except DemoRefused:
            continue
        return port
    raise DemoRefused(reason="No five free ports were found.")


def memory_table() -> list[str]:
    """Build a site in a scratch folder, let it rest, read, stop it.

    Raises:
        PassageError: it did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="pgb") as folder:
        running = build(Path(folder) / "site", _ports(), lambda _text: None)
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
