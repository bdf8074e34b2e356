"""A farm's desk with a real database, a hub that signs, officers who sign in, and machines that speak by script."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from farm.desk.app import create_desk
from farm.desk.intake import settle
from farm.desk.node import Desk, open_desk
from provisioning.clock import FakeClock
from provisioning.config import load_node
from provisioning.contracts import ModelDecision, ModelSheet, OfficerRoster, PrintOrder, RosterOfficer
from provisioning.contracts.base import Contract, Refusal
from provisioning.identity import Keyring, NodeKey, SiteCA, hash_secret, open_sealed, seal
from provisioning.linesock import dial
from tests.farm.queue.support import make_order, make_sheet
from tests.support import wait_readable

PEPPER = b"p" * 32
PASSWORD = "workshop-password"
HASH = hash_secret(PASSWORD, PEPPER)
KIND = "fdm-220"
GCODE = b"""G21
G90
M82
G28
M109 S205
G92 E0
G1 X50 Y50 Z0.2 F3000
G1 X80 Y50 E2 F1200
G1 X80 Y80 E4
G1 X50 Y80 E6
G1 X50 Y50 E8
M104 S0
"""
NODE = """
node_id = "farm"
kind = "farm"
listen = "127.0.0.1:0"
state = "state"
run = "run"
[[peers]]
node_id = "hub"
url = "http://127.0.0.1:9"
[farm]
name = "Workshop"
[[farm.printers]]
printer_id = "printer-1"
name = "Printer 1"
cell = "cell-1"
port = "/dev/null"
profile = "marlin-2.1-generic-220"
[[farm.printers]]
printer_id = "printer-2"
name = "Printer 2"
cell = "cell-1"
port = "/dev/null"
profile = "marlin-2.1-generic-220"
[[farm.cells]]
cell_id = "cell-1"
name = "Cell 1"
relay = 17
red = 22
amber = 23
green = 24
buzzer = 25
[farm.cells.contacts]
door = 5
smoke = 13
"""


def officer(officer_id: str, *roles: str, language: str = "en") -> RosterOfficer:
    return RosterOfficer(
        officer_id=officer_id,
        name=officer_id.removeprefix("o-").title(),
        sign_in_name=officer_id.removeprefix("o-"),
        roles=roles,  # type: ignore[arg-type]
        secret_hash=HASH,
        badge_uid="",
        language=language,
    )


OFFICERS = (
    officer("o-els", "workshop"),
    officer("o-marc", "security"),
    officer("o-ines", "technician"),
    officer("o-paul", "director"),
    officer("o-nadia", "landing"),
)


class Site:
    """A farm node's folder and the keys of its peers."""

    def __init__(self, base: Path) -> None:
        ca = SiteCA.create("test")
        self.base = base
        self.keys: dict[str, NodeKey] = {}
        certificates = {}
        for node_id in ("hub", "farm", "kiosk-a"):
            pem, certificates[node_id] = ca.issue(node_id)
            key = serialization.load_pem_private_key(pem, None)
            assert isinstance(key, Ed25519PrivateKey)
            self.keys[node_id] = NodeKey(node_id, key)
            if node_id == "farm":
                (base / "credentials").mkdir()
                (base / "credentials" / "node.key").write_bytes(pem)
        (base / "peers").mkdir()
        for node_id in ("hub", "kiosk-a"):
            (base / "peers" / f"{node_id}.crt").write_bytes(certificates[node_id])
        (base / "ca.crt").write_bytes(ca.pem())
        (base / "credentials" / "pepper").write_bytes(PEPPER)
        (base / "credentials" / "session-secret").write_bytes(b"s" * 48)
        (base / "site.toml").write_text('site_id = "test"\nname = "Test site"\n')
        (base / "node.toml").write_text(NODE)
        self.hears = Keyring({"farm": self.keys["farm"].key.public_key()})


class Farm:
    """A desk with its pages."""

    def __init__(self, base: Path, clock: FakeClock, site: Site | None = None) -> None:
        self.site = site or Site(base)
        self.clock = clock
        self.desk: Desk = open_desk(load_node(base / "node.toml"), clock)
        self.app: Flask = create_desk(self.desk)
        self.messages = 0

    def close(self) -> None:
        """Stop what a test started; nothing here ever reaches a hub."""
        self.desk.floor.stop()
        self.desk.spooler.stop()
        self.desk.store.close()

    # --- the hub ------------------------------------------------------------------------------------------------

    def hear(self, contract: Contract, sender: str = "hub", message_id: str = "") -> Contract:
        """Deliver a signed message; the farm's signed receipt."""
        receipt = self.desk.receiver.take(
            seal(contract, "farm", self.site.keys[sender], self.clock, message_id)
        )
        return open_sealed(receipt, self.site.hears, sender).contract

    def hear_roster(self, edition: int = 1) -> None:
        answer = self.hear(OfficerRoster(edition=edition, officers=OFFICERS))
        assert not isinstance(answer, Refusal)

    def told(self) -> list[Contract]:
        """Everything that waits for the hub."""
        row = self.desk.store.rows("SELECT body, kind FROM outbox ORDER BY seq")
        from provisioning.contracts.base import decode

        return [decode(str(one["kind"]), msgspec.json.decode(one["body"])) for one in row]

    def add_model(self, gcode: bytes = GCODE, *, approved: bool = True, **changes: Any) -> ModelSheet:
        """A model whose G-code lies in the store, decided as said."""
        from hashlib import sha256

        digest = sha256(gcode).hexdigest()
        sheet = make_sheet(gcode_sha256=digest, printer_kind=KIND, added_by="o-els", **changes)
        self.desk.queue.add_model(sheet)
        path = self.desk.intake.new_file()
        path.write_bytes(gcode)
        folder = self.desk.node.state_dir / "gcode"
        folder.mkdir(exist_ok=True)
        settle(path, folder / f"{digest}.gcode")
        if approved:
            self.decide(sheet, approved=True)
        return sheet

    def decide(self, sheet: ModelSheet, *, approved: bool) -> None:
        self.hear(
            ModelDecision(
                model_id=sheet.model_id,
                gcode_sha256=sheet.gcode_sha256,
                approved=approved,
                by=("o-els", "o-marc"),
                at_utc="2026-11-22T08:00:00.000Z",
            )
        )

    def order(self, sheet: ModelSheet, **changes: Any) -> PrintOrder:
        order = make_order(
            model_id=sheet.model_id,
            gcode_sha256=sheet.gcode_sha256,
            model_sha256=sheet.model_sha256,
            printer_kind=sheet.printer_kind,
            resident_id="r-007",
        )
        return msgspec.structs.replace(order, **changes)

    # --- people ---------------------------------------------------------------------------------------------------

    def browser(self, name: str = "els") -> Browser:
        browser = Browser(self.app.test_client())
        answer = browser.post("/sign-in", name=name, password=PASSWORD, next="")
        assert answer.status_code == 303, answer.text
        return browser


class Browser:
    """A page reader that sends forms as they were drawn."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers)

    def fields(self, path: str) -> dict[str, str]:
        """CSRF token and a fresh form key of a page."""
        page = self.client.get(path).text
        return {
            name: re.search(rf'name="{name}" value="([^"]+)"', page)[1]  # type: ignore[index]
            for name in ("csrf_token", "form_key")
        }

    def post(self, path: str, page: str = "", **fields: Any) -> TestResponse:
        """Send a form drawn on ``page``."""
        drawn = self.fields(page or ("/sign-in" if path == "/sign-in" else "/"))
        return self.client.post(path, data={**drawn, **fields}, content_type="multipart/form-data")

    def post_twice(self, path: str, page: str = "", **fields: Any) -> tuple[TestResponse, TestResponse]:
        """The same drawn form, sent twice."""
        drawn = {**self.fields(page or "/"), **fields}
        return self.client.post(path, data=drawn), self.client.post(path, data=drawn)


class Line:
    """One end of a local socket that speaks words."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._rest = b""

    @classmethod
    def to(cls, path: Path) -> Line:
        return cls(dial(path, 10))

    def say(self, **word: object) -> None:
        self.sock.sendall(json.dumps(word).encode() + b"\n")

    def hear(self) -> dict[str, Any]:
        while b"\n" not in self._rest:
            wait_readable(self.sock)
            data = self.sock.recv(4096)
            if not data:
                return {}
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return dict(json.loads(line))

    def close(self) -> None:
        self.sock.close()
