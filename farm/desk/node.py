"""The farm's desk put together: its store, its ears towards the hub, its hands towards the machines."""

from __future__ import annotations

from dataclasses import dataclass

from farm.desk.floor import Floor
from farm.desk.intake import IntakeDesk
from farm.desk.live import Live
from farm.desk.orders import OrderDesk
from farm.desk.runs import RunDesk
from farm.desk.scale import NoScale, Scale, VirtualScale
from farm.desk.spooler import Spooler, limits_of
from farm.desk.store import DESK, DeskStore
from farm.desk.telling import Teller
from farm.gcode.limits import PrinterLimits
from farm.profiles import BadProfile, find_profile
from farm.queue.store import QUEUE, QueueStore
from farm.workshop.store import WORKSHOP, WorkshopStore
from provisioning.audit import AUDIT, Trail
from provisioning.clock import Clock
from provisioning.config import ConfigRefused, FarmSection, Node
from provisioning.identity import Keyring, NodeKey
from provisioning.store import Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import NodeClient, OutboxDrain, Receiver

STORE_FILE = "farm.sqlite"


@dataclass(frozen=True)
class Desk:
    """Everything that the desk's pages need; made by :func:`open_desk`."""

    node: Node
    farm: FarmSection
    clock: Clock
    pepper: bytes
    key: NodeKey
    store: Store
    trail: Trail
    own: DeskStore
    queue: QueueStore
    workshop: WorkshopStore
    live: Live
    runs: RunDesk
    teller: Teller
    intake: IntakeDesk
    spooler: Spooler
    floor: Floor
    receiver: Receiver
    hub: NodeClient
    drain: OutboxDrain
    kinds: dict[str, str]

    def start(self) -> None:
        """Begin to compile, to deliver and to listen to the machines."""
        self.drain.start()
        self.spooler.start()
        self.floor.start()

    def stop(self) -> None:
        """Let go of machines, hub and database, in this order."""
        self.floor.stop()
        self.spooler.stop()
        self.drain.stop()
        self.store.close()

    def changed(self) -> None:
        """Something was written: the hub is told, and jobs may start now."""
        self.drain.nudge()
        self.spooler.nudge()
        self.floor.look()


def open_desk_store(node: Node) -> Store:
    """The farm's database with every table. Raises as ``open_store``."""
    return open_store(node.state_dir / STORE_FILE, (MAIL, AUDIT, QUEUE, WORKSHOP, DESK))


def open_desk(node: Node, clock: Clock) -> Desk:
    """The desk of this farm node, ready to start.

    Raises:
        ConfigRefused: configuration, credentials or a printer's profile are missing.
        Unavailable, Corrupt: the database cannot be opened.
    """
    farm, hub_id = _farm(node)
    kinds, limits = _profiles(node, farm)
    key, keyring, pepper = NodeKey.load(node), Keyring.load(node), node.credential("pepper")
    store = open_desk_store(node)
    trail, outbox = Trail(store, key, clock), Outbox(store, clock)
    own, queue, workshop = DeskStore(store, clock), QueueStore(store, clock), WorkshopStore(store, clock)
    live = Live([one.printer_id for one in farm.printers], [one.cell_id for one in farm.cells], clock)
    teller = Teller(queue, outbox, hub_id, clock)
    hub = NodeClient(hub_id, node.peer_url(hub_id), key, keyring, clock)
    drain = OutboxDrain(outbox, hub)
    spool_dir, gcode_dir = node.state_dir / "spool", node.state_dir / "gcode"
    runs = RunDesk(farm, kinds, store, queue, workshop, live, teller, trail, clock, spool_dir)
    floor = Floor(
        node.run_dir,
        [one.cell_id for one in farm.cells],
        live,
        runs,
        own,
        trail,
        store,
        _scale(node, farm),
        clock,
    )
    spooler = Spooler(store, queue, teller, trail, limits, gcode_dir, runs.spool_path, floor.look)
    receiver = Receiver(key, keyring, store, clock)
    OrderDesk(queue, own, teller, trail, clock, hub_id, gcode_dir).connect(receiver)
    intake = IntakeDesk(
        store, queue, outbox, trail, clock, hub_id, limits, node.state_dir / "intake", gcode_dir
    )
    runs.nudge = drain.nudge
    return Desk(
        node=node,
        farm=farm,
        clock=clock,
        pepper=pepper,
        key=key,
        store=store,
        trail=trail,
        own=own,
        queue=queue,
        workshop=workshop,
        live=live,
        runs=runs,
        teller=teller,
        intake=intake,
        spooler=spooler,
        floor=floor,
        receiver=receiver,
        hub=hub,
        drain=drain,
        kinds=kinds,
    )


def _farm(node: Node) -> tuple[FarmSection, str]:
    if node.farm is None:
        raise ConfigRefused(file=str(node.path), reason="section [farm] is missing")
    if not node.peers:
        raise ConfigRefused(file=str(node.path), reason="no [[peers]]: a farm needs its hub")
    return node.farm, node.peers[0].node_id


def _profiles(node: Node, farm: FarmSection) -> tuple[dict[str, str], dict[str, PrinterLimits]]:
    kinds, limits = {}, {}
    for printer in farm.printers:
        try:
            profile = find_profile(printer.profile)
        except BadProfile as error:
            raise ConfigRefused(file=str(node.path), reason=f"{printer.printer_id}: {error}") from error
        kinds[printer.printer_id] = profile.kind
        limits[profile.kind] = limits_of(profile)
    return kinds, limits


def _scale(node: Node, farm: FarmSection) -> Scale:
    return VirtualScale(node.run_dir / "virtual-scale.sock") if farm.scale == "virtual" else NoScale()
