"""A whole site in one folder: authority, node keys, configuration, people. What exists already is kept."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.errors import Refused
from provisioning.identity.keys import SiteCA, write_secret
from provisioning.sim.people import OFFICERS, demo_residents

HOST = "127.0.0.1"
PRINTERS = ("printer-1", "printer-2", "printer-3")
CELL = "cell-1"
CONTACTS = {"door": 5, "emergency_stop": 6, "smoke": 13}  # BCM numbers
KIOSKS: dict[str, dict[str, object]] = {
    "kiosk-a": {"name": "Kiosk A", "wing": "A", "home_of": ["A"]},
    "kiosk-b": {"name": "Kiosk B", "wing": "B", "home_of": ["B", "C"]},
}
ALL_VIRTUAL = {
    "reader": "virtual",
    "stick_port": "virtual",
    "keys": "virtual",
}  # the bench holds what people carry
SECRETS = {"pepper": 32, "session-secret": 48, "storage-key": 32}  # bytes


class DemoRefused(Refused):
    """The demo cannot be made here; ``reason`` is one sentence for the person at the keyboard."""

    code = "demo_refused"


@dataclass(frozen=True)
class DemoNode:
    """One node of the demo: its folder and the address a browser opens."""

    node_id: str
    kind: str
    folder: Path
    port: int

    @property
    def config(self) -> Path:
        """Its node.toml."""
        return self.folder / "node.toml"

    @property
    def url(self) -> str:
        """Where its pages are."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True)
class DemoSite:
    """The demo's folder and nodes."""

    base: Path
    nodes: dict[str, DemoNode]
    bench_port: int

    @property
    def is_peopled(self) -> bool:
        """Whether people, notices and models were brought in by an earlier start."""
        return (self.base / "peopled").exists()

    def mark_peopled(self) -> None:
        """Remember that they were."""
        (self.base / "peopled").write_text("people, notices and models are in\n")


def make_site(base: Path, port: int) -> DemoSite:
    """Make the demo under ``base``, its pages on ``port`` to ``port + 4``; keys and data of an earlier one stay.

    Raises:
        DemoRefused: the folder cannot be written.
    """
    base = base.absolute()
    kinds = {"hub": "hub", "kiosk-a": "kiosk", "kiosk-b": "kiosk", "farm": "farm"}
    nodes = {
        node_id: DemoNode(node_id, kind, base / node_id, port + number)
        for number, (node_id, kind) in enumerate(kinds.items())
    }
    site = DemoSite(base, nodes, port + len(nodes))
    try:
        base.mkdir(parents=True, exist_ok=True)
        _make_keys(site)
        for node in nodes.values():
            (node.folder / "site.toml").write_text(_site_toml())
            node.config.write_text(_node_toml(site, node))
        _write_people(site)
    except OSError as error:
        raise DemoRefused(
            reason=f"The demo cannot write to {base} ({error.strerror}). Copy the project to a folder of your own."
        ) from error
    return site


def _make_keys(site: DemoSite) -> None:
    ca = _authority(site.base / "ca")
    pepper = _kept(site.base / "ca" / "pepper", SECRETS["pepper"])
    for node in site.nodes.values():
        credentials = node.folder / "credentials"
        credentials.mkdir(parents=True, exist_ok=True)
        (node.folder / "peers").mkdir(exist_ok=True)
        (node.folder / "ca.crt").write_bytes(ca.pem())
        if not (credentials / "node.key").exists():
            key, certificate = ca.issue(node.node_id)
            (node.folder / "node.crt").write_bytes(certificate)
            write_secret(credentials / "node.key", key)
        write_secret(credentials / "pepper", pepper)
        for name in ("session-secret", "storage-key"):
            _kept(credentials / name, SECRETS[name])
    for node in site.nodes.values():
        for other in site.nodes.values():
            if other is not node and "hub" in (node.node_id, other.node_id):
                (node.folder / "peers" / f"{other.node_id}.crt").write_bytes(
                    (other.folder / "node.crt").read_bytes()
                )


def _authority(folder: Path) -> SiteCA:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "ca.crt").exists():
        ca = SiteCA.create("demo")
        write_secret(folder / "ca.key", ca.key_pem())
        (folder / "ca.crt").write_bytes(ca.pem())
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return SiteCA(key, x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()))


def _kept(path: Path, length: int) -> bytes:
    if not path.exists():
        write_secret(path, os.urandom(length))
    return path.read_bytes()


def _site_toml() -> str:
    return 'site_id = "demo"\nname = "Demohuis Passage"\nwings = ["A", "B", "C"]\n'


def _table(name: str, values: Mapping[str, object]) -> str:
    """One TOML table; JSON's strings, numbers and arrays are TOML's too."""
    lines = (f"{key} = {json.dumps(value)}" for key, value in values.items())
    return f"\n{name}\n" + "\n".join(lines) + "\n"


def _node_toml(site: DemoSite, node: DemoNode) -> str:
    own = {
        "node_id": node.node_id,
        "kind": node.kind,
        "listen": f"{HOST}:{node.port}",
        "state": "state",
        "run": "run",
    }
    text = _table("", own).lstrip("\n")
    peer = {"hub": "farm"}.get(node.kind, "hub")
    text += _table("[[peers]]", {"node_id": peer, "url": site.nodes[peer].url})
    match node.node_id:
        case "hub":
            return text + _table("[hub]", {"session_rule": "take_over"})
        case "kiosk-a" | "kiosk-b":
            return text + _table("[kiosk]", {**KIOSKS[node.node_id], **ALL_VIRTUAL})
        case _:
            return text + _farm_toml(site.base)


def _farm_toml(base: Path) -> str:
    text = _table("[farm]", {"name": "Werkplaats", "reader": "virtual", "scale": "virtual"})
    pins = {"pins": "mock", "relay": 17, "red": 22, "amber": 23, "green": 24, "buzzer": 25}
    text += _table("[[farm.cells]]", {"cell_id": CELL, "name": "Cel 1", **pins})
    text += _table("[farm.cells.contacts]", dict(CONTACTS))
    for number, printer in enumerate(PRINTERS, start=1):
        values = {"printer_id": printer, "name": f"Printer {number}", "cell": CELL}
        port = str(base / "dev" / printer)
        text += _table("[[farm.printers]]", {**values, "port": port, "profile": "marlin-2.1-generic-220"})
    return text


def _write_people(site: DemoSite) -> None:
    people = {
        "residents": [msgspec.to_builtins(one) for one in demo_residents()],
        "officers": [msgspec.to_builtins(one) for one in OFFICERS],
        "kiosks": [{"kiosk_id": node_id, **values} for node_id, values in KIOSKS.items()],
    }
    write_secret(site.base / "people.json", json.dumps(people, ensure_ascii=False, indent=1).encode())
