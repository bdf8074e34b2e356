"""The farm's desk put together: its store, its ears towards the hub, its hands towards the machines."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from farm.desk.floor import Floor
from farm.desk.intake import IntakeDesk
from farm.desk.live import Live
from farm.desk.orders import OrderDesk
from farm.desk.runs import RunDesk
from farm.desk.scale import NoScale, Scale, VirtualScale
from farm.desk.spooler import Spooler
from farm.desk.store import DESK, DeskStore
from farm.desk.telling import Teller
from farm.gcode.limits import PrinterLimits, limits_of
from farm.profiles import BadProfile, Profile, find_profile
from farm.queue.store import QUEUE, QueueStore
from farm.workshop.store import WORKSHOP, WorkshopStore
from provisioning.audit import AUDIT, Trail
from provisioning.clock import Clock
from provisioning.config import ConfigRefused, FarmSection, Node
from provisioning.identity import Keyring, NodeKey
from provisioning.store import Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import NodeClient, OutboxDrain, Receiver
from provisioning.sync.client import client_of

STORE_FILE = "farm.sqlite"


@dataclass(frozen=True)
class Books:
    """What a farm node is, and everything that it remembers."""

    node: Node
    farm: FarmSection
    hub_id: str
    clock: Clock
    key: NodeKey
    keyring: Keyring
    pepper: bytes
    kinds: dict[str, str]
    profiles: dict[str, Profile]
    limits: dict[str, PrinterLimits]
    store: Store
    trail: Trail
    outbox: Outbox
    own: DeskStore
    queue: QueueStore
    workshop: WorkshopStore


@dataclass(frozen=True)
class Desk(Books):
    """Everything that the desk's pages need; made by :func:`open_desk`."""

    live: Live
    runs: RunDesk
    teller: Teller
    intake: IntakeDesk
    spooler: Spooler
    floor: Floor
    receiver: Receiver
    hub: NodeClient
    drain: OutboxDrain

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


def open_books(node: Node, clock: Clock) -> Books:
    """The farm's record, open. Raises as :func:`open_desk`."""
    farm, hub_id = _farm(node)
    profiles = _profiles(node, farm)
    key, keyring, pepper = NodeKey.load(node), Keyring.load(node), node.credential("pepper")
    store = open_desk_store(node)
    return Books(
        node=node,
        farm=farm,
        hub_id=hub_id,
        clock=clock,
        key=key,
        keyring=keyring,
        pepper=pepper,
        kinds={printer_id: profile.kind for printer_id, profile in profiles.items()},
        profiles=profiles,
        limits={profile.kind: limits_of(profile) for profile in profiles.values()},
        store=store,
        trail=Trail(store, key, clock),
        outbox=Outbox(store, clock),
        own=DeskStore(store, clock),
        queue=QueueStore(store, clock),
        workshop=WorkshopStore(store, clock),
    )


def open_desk(node: Node, clock: Clock) -> Desk:
    """The desk of this farm node, ready to start.

    Raises:
        ConfigRefused: configuration, credentials or a printer's profile are missing.
        Unavailable, Corrupt: the database cannot be opened.
    """
    books = open_books(node, clock)
    farm, store, queue, trail = books.farm, books.store, books.queue, books.trail
    cells = [one.cell_id for one in farm.cells]
    live = Live([one.printer_id for one in farm.printers], cells, clock)
    teller = Teller(queue, books.outbox, books.hub_id, clock)
    hub = client_of(node, books.hub_id, books.key, books.keyring, clock)
    gcode_dir = node.state_dir / "gcode"
    spool_dir = node.state_dir / "spool"
    runs = RunDesk(farm, books.kinds, store, queue, books.workshop, live, teller, trail, clock, spool_dir)
    floor = Floor(node.run_dir, cells, live, runs, books.own, trail, store, _scale(node, farm), clock)
    spooler = Spooler(store, queue, teller, trail, books.limits, gcode_dir, runs.spool_path, floor.look)
    receiver = Receiver(books.key, books.keyring, store, clock)
    OrderDesk(queue, books.own, teller, trail, clock, books.hub_id, gcode_dir).connect(receiver)
    drain = OutboxDrain(books.outbox, hub, clock)
    runs.nudge = drain.nudge
    return Desk(
        **{field.name: getattr(books, field.name) for field in fields(books)},
        live=live,
        runs=runs,
        teller=teller,
        intake=_intake(books, gcode_dir),
        spooler=spooler,
        floor=floor,
        receiver=receiver,
        hub=hub,
        drain=drain,
    )


def _intake(books: Books, gcode_dir: Path) -> IntakeDesk:
    return IntakeDesk(
        books.store,
        books.queue,
        books.outbox,
        books.trail,
        books.clock,
        books.hub_id,
        books.limits,
        books.node.state_dir / "intake",
        gcode_dir,
    )


def _farm(node: Node) -> tuple[FarmSection, str]:
    if node.farm is None:
        raise ConfigRefused(file=str(node.path), reason="section [farm] is missing")
    if not node.peers:
        raise ConfigRefused(file=str(node.path), reason="no [[peers]]: a farm needs its hub")
    return node.farm, node.peers[0].node_id


def _profiles(node: Node, farm: FarmSection) -> dict[str, Profile]:
    """What is believed of each printer, by its id."""
    profiles = {}
    for printer in farm.printers:
        try:
            profiles[printer.printer_id] = find_profile(printer.profile)
        except BadProfile as error:
            raise ConfigRefused(file=str(node.path), reason=f"{printer.printer_id}: {error}") from error
    return profiles


def _scale(node: Node, farm: FarmSection) -> Scale:
    return VirtualScale(node.run_dir / "virtual-scale.sock") if farm.scale == "virtual" else NoScale()
