"""site.toml and node.toml, read once into frozen values; the first unknown key refuses the whole file."""

import os
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import msgspec

from provisioning.errors import Refused

NodeKind = Literal["hub", "kiosk", "farm", "bench"]
DEFAULT_PATH = Path("/etc/passage/node.toml")
T = TypeVar("T")


class ConfigRefused(Refused):
    """A configuration file cannot be used; ``file``, and ``reason`` with the key."""

    code = "config_refused"


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a configuration file."""


class Site(Section, frozen=True, kw_only=True):
    """What is the same on every node of one site (site.toml)."""

    site_id: str
    name: str
    languages: tuple[str, ...] = ("nl", "fr", "en", "de", "ar")
    timezone: str = "Europe/Brussels"
    currency: str = "EUR"
    wings: tuple[str, ...] = ()
    idle_s: int = 45  # J1: a corridor screen left alone
    idle_warning_s: int = 15
    # S04: a kiosk without contact falls back within 15 minutes
    lease_s: Annotated[int, msgspec.Meta(le=900)] = 900
    # A home kiosk lets nobody in by its own word before it heard nothing for so long. Below 20 s the hub could give its
    # people no lease elsewhere that lasts until the next question (signing_in.LEAST_S, promises.SLACK_S).
    alone_after_s: Annotated[int, msgspec.Meta(ge=20, le=300)] = 30
    order_valid_days: int = 14  # workshop.md 5.5, step 8
    pin_tries: int = 5
    pin_pause_s: int = 300  # the first pause after too many tries; it doubles, up to an hour
    answer_working_days: int = 2  # G10: median first answer
    # J3.F4: an officer's desk left alone. Below 30 nobody reads a page to its end, above 600 a colleague sits down.
    desk_lock_s: Annotated[int, msgspec.Meta(ge=30, le=600)] = 60


class Peer(Section, frozen=True, kw_only=True):
    """Another node that this one talks to."""

    node_id: str
    url: str


class ReaderSection(Section, frozen=True, kw_only=True):
    """What people hold up to a node. Whoever mounts the device chooses: they see which socket holds what."""

    reader: Literal["virtual", "hid", "rdm6300", "none"] = "virtual"  # what reads badges
    reader_device: str = (
        ""  # hid: /dev/input/by-path/..., rdm6300: /dev/serial/by-path/...; the socket, not the model
    )
    reader_usb: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{4}:[0-9a-f]{4})?$")] = (
        ""  # hid: its model, as in lsusb
    )
    stick_port: str = (
        ""  # /dev/disk/by-path/... of the one USB socket for sticks, or "virtual"; empty: takes none
    )
    keys: Literal["none", "usb", "cards", "virtual"] = "none"  # security keys in a socket, cards on a reader


class KioskSection(ReaderSection, frozen=True, kw_only=True):
    """What only a kiosk has."""

    wing: str
    name: str
    home_of: tuple[str, ...] = ()  # wings whose residents may sign in here without the hub


class PrinterSection(Section, frozen=True, kw_only=True):
    """One printer of a farm node."""

    printer_id: str
    name: str
    cell: str
    port: str  # the path that names the physical socket
    profile: str  # id of a firmware profile


class CellSection(Section, frozen=True, kw_only=True):
    """One enclosure: its contacts and outputs by BCM pin number."""

    cell_id: str
    name: str
    pins: str = "mock"  # "mock", or "gpiod:<chip label>"
    contacts: dict[str, int]  # name -> pin; normally closed, closed pulls low
    relay: int
    red: int
    amber: int
    green: int
    buzzer: int


class FarmSection(ReaderSection, frozen=True, kw_only=True):
    """What only a farm node has."""

    name: str
    printers: tuple[PrinterSection, ...]
    cells: tuple[CellSection, ...]
    scale: Literal["virtual", "none"] = "virtual"


class HubSection(Section, frozen=True, kw_only=True):
    """What only a hub has."""

    session_rule: Literal["take_over", "refuse"] = "take_over"


class _NodeFile(Section, frozen=True, kw_only=True):
    node_id: str
    kind: NodeKind
    listen: str
    site: str = "site.toml"
    state: str = "/var/lib/passage"
    run: str = "/run/passage"
    credentials: str = "credentials"
    peers: tuple[Peer, ...] = ()
    kiosk: KioskSection | None = None
    farm: FarmSection | None = None
    hub: HubSection | None = None


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One node's whole configuration; every path is absolute."""

    path: Path
    site: Site
    node_id: str
    kind: NodeKind
    listen: str
    state_dir: Path
    run_dir: Path
    credentials_dir: Path
    peers: tuple[Peer, ...]
    kiosk: KioskSection | None
    farm: FarmSection | None
    hub: HubSection | None

    def peer_url(self, node_id: str) -> str:
        """Where a peer listens.

        Raises:
            ConfigRefused: this node knows no such peer.
        """
        for peer in self.peers:
            if peer.node_id == node_id:
                return peer.url
        raise ConfigRefused(file=str(self.path), reason=f"no peer {node_id}")

    def credential(self, name: str) -> bytes:
        """The bytes of one secret, from ``$CREDENTIALS_DIRECTORY`` (systemd) or the node's own folder.

        Raises:
            ConfigRefused: there is no such credential.
        """
        try:
            return (self.credentials_dir / name).read_bytes()
        except OSError as error:
            raise ConfigRefused(file=str(self.credentials_dir / name), reason=error.strerror) from error


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=kind)
    except OSError as error:
        raise ConfigRefused(file=str(path), reason=error.strerror) from error
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise ConfigRefused(file=str(path), reason=str(error)) from error


def load_node(path: Path = DEFAULT_PATH) -> Node:
    """The configuration of this node, with its site's.

    Raises:
        ConfigRefused: a file is missing, holds an unknown key or a value out of bounds; nothing is half read.
    """
    path = path.absolute()
    base = path.parent
    raw = _read(path, _NodeFile)
    if raw.kind != "bench" and getattr(raw, raw.kind) is None:
        raise ConfigRefused(file=str(path), reason=f"section [{raw.kind}] is missing")
    return Node(
        path=path,
        site=_read(base / raw.site, Site),
        node_id=raw.node_id,
        kind=raw.kind,
        listen=raw.listen,
        state_dir=base / raw.state,
        run_dir=base / raw.run,
        credentials_dir=Path(os.environ.get("CREDENTIALS_DIRECTORY") or base / raw.credentials),
        peers=raw.peers,
        kiosk=raw.kiosk,
        farm=raw.farm,
        hub=raw.hub,
    )
