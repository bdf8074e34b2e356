"""``make demo``: the whole site on this machine, until Ctrl-C."""

import errno
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from provisioning.sim.acts import sign_demo_models
from provisioning.sim.demo_site import HOST, DemoRefused, DemoSite, make_site
from provisioning.sim.running import RunningSite

Tell = Callable[[str], None]
PORTS = 5
DEMO_MODELS = 7


def check_ports(port: int) -> None:
    """Refuse a range of ports in which something listens already.

    Raises:
        DemoRefused: with one sentence that names the port and a way out.
    """
    for number in range(port, port + PORTS):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise DemoRefused(
                    reason=f"Port {number} is taken (is the demo running already?). "
                    f"Stop that program, or choose other ports: make demo ARGS='--port {port + 100}'."
                ) from error


def bring_in(site: DemoSite, binaries: Path, tell: Tell) -> None:
    """Bring in what a technician brings into a new site before its first start: people, notices, models, reels.

    Raises:
        DemoRefused: a command of ours failed; the reason holds its last line.
    """
    hub, farm = site.nodes["hub"].config, site.nodes["farm"].config
    here = Path(__file__).parent
    steps = (
        (
            "people, badges and accounts",
            "passage-hub",
            ("people", "import", str(site.base / "people.json")),
            hub,
        ),
        ("notices", "passage-hub", ("notices", "import", str(here / "notices.json")), hub),
        ("models: reading and drawing their G-code", "passage-farm", ("models", "demo"), farm),
    )
    for what, command, words, config in steps:
        tell(f"bringing in {what}")
        done = subprocess.run(
            [str(binaries / command), *words, "--config", str(config)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise DemoRefused(reason=f"`{command} {' '.join(words)}` failed: {' '.join(last)}")


def binaries_folder() -> Path:
    """Where the four commands are: beside the Python that runs us."""
    return Path(sys.executable).parent


def build(base: Path, port: int, tell: Tell) -> RunningSite:
    """Make or resume the demo site and start all its processes.

    Raises:
        DemoRefused: a taken port, a read-only folder; with one sentence.
        NotReady: some process did not come up.
    """
    check_ports(port)
    tell("making keys and configuration")
    site = make_site(base, port)
    binaries = binaries_folder()
    if not site.is_peopled:
        bring_in(site, binaries, tell)
    running = RunningSite(site, binaries)
    names = running.supervisor.names()
    tell(f"starting {len(names)} processes")
    ready: list[str] = []

    def one_ready(name: str) -> None:
        ready.append(name)
        tell(f"{len(ready)} of {len(names)} ready: {name}")

    try:
        running.start(one_ready)
        if not site.is_peopled:
            tell("two officers sign the models")
            sign_demo_models(site, DEMO_MODELS)
            site.mark_peopled()
    except BaseException:  # Ctrl-C too: nothing of ours stays behind
        running.stop()
        raise
    return running


def table(running: RunningSite) -> str:
    """What a newcomer needs: addresses, badges, PINs, officers, and eight things to try."""
    site = running.site
    people = json.loads((site.base / "people.json").read_text())
    lines = ["", "  Passage is running. Open the bench panel first: it stands for the hardware.", ""]
    lines.append(f"  {'bench panel':<24}http://{HOST}:{site.bench_port}/")
    places = {
        "kiosk-a": "kiosk A (wing A)",
        "kiosk-b": "kiosk B (wings B, C)",
        "hub": "back office",
        "farm": "workshop desk",
    }
    lines += [f"  {name:<24}{site.nodes[node_id].url}/" for node_id, name in places.items()]
    lines += ["", f"  {'resident':<14}{'language':<10}{'wing':<6}{'badge':<14}PIN"]
    shown = _shown(people["residents"])
    lines += [
        f"  {one['first_name']:<14}{one['language']:<10}{one['wing']:<6}{one['badge_uid']:<14}{one['pin']}{_asked(one)}"
        for one in shown
    ]
    lines += ["", f"  {'officer':<16}{'sign-in name':<14}{'password':<18}{'role':<20}badge"]
    lines += [_officer_row(one) for one in people["officers"]]
    named = site.nodes["hub"].url.replace(HOST, "localhost")
    keys = f"  An officer's own security key needs a name in the address: {named}/ instead of {HOST}."
    return "\n".join([*lines, "", *TO_TRY, "", keys, *AT_THE_END, ""])


def _officer_row(one: dict[str, Any]) -> str:
    roles = ", ".join(one["roles"])
    return f"  {one['name']:<16}{one['sign_in_name']:<14}{one['secret']:<18}{roles:<20}{one['badge_uid']}"


def _shown(residents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first of each language, and whoever is asked to sign the agreement."""
    found: dict[str, dict[str, Any]] = {}
    for one in residents:
        found.setdefault(one["language"], one)
    return [*found.values(), *(one for one in residents if not one["agreement_signed"])]


def _asked(resident: dict[str, Any]) -> str:
    return "" if resident["agreement_signed"] else "  (is asked to sign the agreement)"


TO_TRY = (
    "  Eight things to try",
    "  1. Bench: lay Bram's badge on kiosk A, type his PIN on kiosk A, open 3D printing and ask for a part.",
    "  2. Back office: sign in as els, open the request, look at the pictures, approve it.",
    "  3. Workshop desk: sign in as els, reset cell 1 and watch the print run; the bench can speed up the printers.",
    "  4. Bench: open the door in mid-print, pull a USB cable, cut a kiosk's power: see who says what.",
    "  5. Stop the hub on the bench, then ask for another part at kiosk A: it waits there and is sent later.",
    "  6. Bench: plug a stick in, copy it, sign in with the copy, then use the real one: both are blocked.",
    "  7. Back office: as nadia give Bram a security key, marc signs too; plug Bram's key into kiosk A on the bench.",
    "  8. Bench: lay Nadia's badge on a kiosk, then Bram's: it is blocked there, and everywhere a moment later.",
)
AT_THE_END = ("  Ctrl-C stops everything; the next `make demo` resumes here, `make demo-reset` forgets it.",)
