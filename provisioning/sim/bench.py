"""The bench panel's process: the demo's supervisor and the page that stands for its hardware."""

import json
import secrets
from pathlib import Path

from provisioning.clock import SystemClock
from provisioning.log import start_log
from provisioning.sim.demo_site import HOST
from provisioning.sim.pages import Panel, bench_nav, bench_pages
from provisioning.sim.running import RunningSite
from provisioning.web.app import create_app
from provisioning.web.serve import serve
from provisioning.web.shell import set_nav

HERE = Path(__file__).parent


def run_bench(running: RunningSite) -> None:
    """Serve the bench panel until Ctrl-C."""
    start_log("WARNING")
    people = json.loads((running.site.base / "people.json").read_text())
    app = create_app(
        "bench",
        secret=secrets.token_bytes(32),
        catalogues=[HERE / "translations"],
        clock=SystemClock(),
        ui="office",
        site_name="Bench",
    )
    app.register_blueprint(bench_pages(Panel(running, people["residents"], people["officers"])))
    set_nav(app, bench_nav)
    serve(app, f"{HOST}:{running.site.bench_port}", threads=3)
