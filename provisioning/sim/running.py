"""The demo site as running processes: which units make it up, started and stopped as one."""

from collections.abc import Callable
from pathlib import Path

from provisioning.errors import Refused
from provisioning.sim.carried import Drawer
from provisioning.sim.demo_site import CELL, PRINTERS, DemoNode, DemoSite
from provisioning.sim.hardware import Hardware
from provisioning.sim.supervisor import Supervisor
from provisioning.sim.units import Unit, read_unit

MACHINES = "machines"  # the node id of what is no node: the virtual printers, which have their own mains
READY_S = 90.0  # 14 Python processes at once on two slow cores
UNITS: dict[str, tuple[tuple[str, str], ...]] = {  # kind of node -> (unit, instance)
    "hub": (("passage-hub.service", ""),),
    "kiosk": (("passage-kiosk.service", ""), ("passage-kiosk-reader.service", "")),
    "farm": (
        ("passage-farm.service", ""),
        ("passage-farm-reader.service", ""),
        ("passage-interlock@.service", CELL),
        *(("passage-worker@.service", printer) for printer in PRINTERS),
    ),
}


class NotReady(Refused):
    """Some processes did not come up; ``reason`` names them and quotes the first one's last words."""

    code = "not_ready"


def units_folder() -> Path:
    """Where systemd's units lie: beside the packages in a checkout, under share/ once installed."""
    checkout = Path(__file__).parents[2] / "systemd"
    return checkout if checkout.is_dir() else Path("/opt/passage/venv/share/passage/systemd")


class RunningSite:
    """A demo site's processes and hardware."""

    def __init__(self, site: DemoSite, binaries: Path) -> None:
        self.site = site
        self.supervisor = Supervisor()
        self._binaries = binaries
        for node in site.nodes.values():
            for unit, instance in UNITS[node.kind]:
                self._add(node, read_unit(units_folder() / unit, binaries, node.config, instance))
        farm = site.nodes["farm"]
        simulate = (str(binaries / "passage-farm"), "simulate", "--config", str(farm.config))
        self._add(
            farm, Unit("virtual-printers", simulate, 30.0, restart=True, restart_s=0.1), node_id=MACHINES
        )
        run_dirs = {node_id: node.folder / "run" for node_id, node in site.nodes.items()}
        self.hardware = Hardware(run_dirs, run_dirs["farm"])
        self.carried = Drawer(site)

    def _add(self, node: DemoNode, unit: Unit, node_id: str = "") -> None:
        name = process_name(node.node_id, unit.name)
        environment = {"CREDENTIALS_DIRECTORY": str(node.folder / "credentials")}
        log = self.site.base / "log" / f"{name}.log"
        self.supervisor.add(name, node_id or node.node_id, unit, environment, log)

    def start(self, tell: Callable[[str], None]) -> None:
        """Start everything; ``tell`` hears each name when it is ready.

        Raises:
            NotReady: some are not ready in time; the others were stopped.
        """
        (self.site.base / "dev").mkdir(exist_ok=True)
        self.supervisor.start_all()
        self.hardware.start()
        late = self.supervisor.wait_ready(self.supervisor.names(), READY_S, tell)
        if late:
            self.stop()
            raise NotReady(
                reason=f"These did not start: {', '.join(late)}. {late[0]} said: {self._last_words(late[0])}"
            )

    def _last_words(self, name: str) -> str:
        log = self.site.base / "log" / f"{name}.log"
        words = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return words[-1] if words else "nothing"

    def stop(self) -> None:
        """Stop everything in good order."""
        self.hardware.stop()
        self.supervisor.stop_all()


def process_name(node_id: str, unit_name: str) -> str:
    """A process's name on the bench: ``kiosk-a reader``, ``farm worker printer-1``."""
    part = unit_name.removeprefix("passage-").replace("@", " ")
    for kind in ("hub", "kiosk", "farm"):
        part = part.removeprefix(kind).lstrip("- ")
    return f"{node_id} {part or 'pages'}".replace(" ", "-")
