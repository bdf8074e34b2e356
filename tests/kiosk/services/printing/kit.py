"""A hub with the printing service in a folder: real ledger, real people, real trail, real outbox."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, g

from kiosk.hub.people.directory import Directory
from kiosk.hub.people.store import PEOPLE, Kiosk, PeopleStore, Resident
from kiosk.hub.policy.ruling import begin_ruling
from kiosk.hub.policy.store import POLICY
from kiosk.hub.sessions.store import SESSIONS, SessionStore
from kiosk.money.store import MONEY, Ledger
from kiosk.services.base import HubContext, OfficerCard
from kiosk.services.printing.records import Model, Request
from kiosk.services.printing.sentences import TRANSLATIONS
from kiosk.services.printing.service import PrintingService
from kiosk.services.printing.store import PRINTING
from provisioning.audit import AUDIT, Trail
from provisioning.clock import Clock, FakeClock, iso
from provisioning.config import load_node
from provisioning.contracts import JobProgress, ModelSheet, Objection, PrintRequest
from provisioning.contracts.farm import JobState, OfficerRole
from provisioning.identity import Keyring, NodeKey
from provisioning.ids import new_key
from provisioning.store import Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import Receiver
from provisioning.web.app import create_app
from tests.provisioning.node_kit import make_site

HUB = '[hub]\n\n[[peers]]\nnode_id = "farm-1"\nurl = "http://127.0.0.1:1"\n'
GCODE = "ab" * 32
PEOPLE_HERE = (("r-amira", "Amira", "ar", "B"), ("r-luc", "Luc", "fr", "A"), ("r-jan", "Jan", "nl", "C"))


def officer(officer_id: str, *roles: OfficerRole, name: str = "") -> OfficerCard:
    return OfficerCard(officer_id, name or officer_id.removeprefix("o-").title(), "nl", frozenset(roles))


ELS, TOM = officer("o-els", "workshop"), officer("o-tom", "teacher", "workshop")
MARC, PAUL = officer("o-marc", "security"), officer("o-paul", "director")
NADIA, BOTH = officer("o-nadia", "landing"), officer("o-both", "workshop", "security")
OFFICERS = (ELS, TOM, MARC, PAUL, NADIA, BOTH)


def png(shade: int = 200, size: int = 8) -> bytes:
    """A small grey PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\x00" + bytes([shade]) * size) * size
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def sheet(model_id: str = "m-hook", gcode: str = GCODE, **changes: object) -> ModelSheet:
    values: dict[str, object] = {
        "model_id": model_id,
        "title": {"nl": "Muurhaak", "en": "Wall hook", "ar": "خطاف حائط"},
        "purpose": {"nl": "Om iets aan op te hangen.", "en": "To hang things on."},
        "gcode_sha256": gcode,
        "model_sha256": "cd" * 32,
        "printer_kind": "marlin-2.1-ender3v2",
        "material": "PLA",
        "colours": ("white", "blue"),
        "price_cents": 150,
        "max_copies": 3,
        "grams": 12.4,
        "seconds": 4200,
        "lines": 36480,
        "layers": 120,
        "size_mm": (60.0, 24.0, 31.5),
        "nozzle_max_c": 210.0,
        "bed_max_c": 60.0,
        "flags": (),
        "top_png": png(180),
        "angle_png": png(220),
        "added_by": "o-tom",
        "at_utc": "2026-11-22T07:00:00.000Z",
    }
    return ModelSheet(**{**values, **changes})  # type: ignore[arg-type]


@dataclass
class Hub:
    """One hub under test; kiosk and farm messages are handed to the service as their receiver would."""

    store: Store
    context: HubContext
    service: PrintingService
    ledger: Ledger
    sessions: SessionStore
    clock: Clock
    nudges: list[None]

    def offer(self, **changes: object) -> Model:
        """A model that a farm sent and two officers approved."""
        wanted = sheet(**changes)  # type: ignore[arg-type]
        self.service.hear("farm-1", wanted)
        models = self.service.models
        waiting = next(m for m in models.store.live(wanted.model_id) if m.state == "waiting")
        models.sign(waiting.sheet_no, "workshop", ELS)
        return models.sign(waiting.sheet_no, "security", MARC)

    def ask(self, resident_id: str = "r-amira", model_id: str = "m-hook", **changes: object) -> str:
        """A request from a kiosk; its key."""
        values: dict[str, object] = {
            "request_key": new_key(),
            "resident_id": resident_id,
            "session_id": new_key(),
            "kiosk_id": "kiosk-1",
            "model_id": model_id,
            "gcode_sha256": GCODE,
            "colour": "blue",
            "copies": 1,
            "at_utc": iso(self.clock.now_utc()),
        }
        request = PrintRequest(**{**values, **changes})  # type: ignore[arg-type]
        self.service.hear("kiosk-1", request)
        return request.request_key

    def object_to(self, key: str, why: str = "facts_wrong", resident_id: str = "r-amira") -> None:
        at_utc = iso(self.clock.now_utc())
        self.service.hear(
            "kiosk-1",
            Objection(request_key=key, resident_id=resident_id, session_id=new_key(), why=why, at_utc=at_utc),
        )

    def progress(self, key: str, step: int, state: JobState, **changes: object) -> None:
        heard = JobProgress(
            order_id=self.request(key).order_id,
            request_key=key,
            step=step,
            state=state,
            at_utc=iso(self.clock.now_utc()),
            **changes,  # type: ignore[arg-type]
        )
        self.service.hear("farm-1", heard)

    def request(self, key: str) -> Request:
        return self.service.requests.find(key)

    def balance(self, resident_id: str = "r-amira") -> int:
        return self.ledger.balance_cents(resident_id)

    def count(self, table: str, where: str = "1") -> int:
        row = self.store.row(f"SELECT count(*) AS n FROM {table} WHERE {where}")
        assert row
        return int(row["n"])


def make_hub_folder(base: Path) -> Path:
    """The configuration of a site's hub under ``base``; node.toml's path."""
    make_site(base, {"hub": "hub", "kiosk-1": "kiosk", "farm-1": "farm"}, {"hub": HUB, "farm-1": FARM})
    return base / "hub" / "node.toml"


FARM = '[farm]\nname = "Farm"\nprinters = []\ncells = []\n'


@contextmanager
def open_hub(config: Path, clock: Clock | None = None) -> Iterator[Hub]:
    """The hub of a folder made by :func:`make_hub_folder`, closed at the end."""
    clock = clock or FakeClock()
    node = load_node(config)
    signer = NodeKey.load(node)
    store = open_store(
        node.state_dir / "hub.sqlite", [MAIL, AUDIT, MONEY, PEOPLE, SESSIONS, POLICY, PRINTING]
    )
    nudges: list[None] = []
    people, sessions, ledger = PeopleStore(store, clock), SessionStore(store, clock), Ledger(store, clock)
    ruling = begin_ruling(store, people, signer, clock, node.site)
    context = HubContext(
        store=store,
        trail=Trail(store, signer, clock),
        outbox=Outbox(store, clock),
        clock=clock,
        node=node,
        money=ledger,
        policy=ruling,
        people=Directory(people, sessions),
        nudge=lambda: nudges.append(None),
    )
    service = PrintingService()
    service.connect(context, Receiver(signer, Keyring.load(node), store, clock))
    if people.resident("r-amira") is None:
        _settle(people, ledger)
    try:
        yield Hub(store, context, service, ledger, sessions, clock, nudges)
    finally:
        store.close()


def _settle(people: PeopleStore, ledger: Ledger) -> None:
    for resident_id, name, language, wing in PEOPLE_HERE:
        people.put_resident(Resident(resident_id, name, language, wing, (), "hash"))
        ledger.open_purse(resident_id, 1000)
    people.put_kiosk(Kiosk("kiosk-1", "Kiosk 1", "A", home_of=("A", "B", "C")))
    for card in OFFICERS:
        people.put_officer(card, card.name.lower(), "hash")


def make_app(hub: Hub, who: Callable[[], OfficerCard]) -> Flask:
    """The service's desk pages in an office of their own; ``who()`` is the officer at hand."""
    app = create_app(
        "hub",
        secret=b"a secret of thirty-two bytes, ok",
        catalogues=[TRANSLATIONS],
        clock=hub.clock,
        ui="office",
        language_of=lambda: g.officer.language if "officer" in g else None,
        site_name="Test house",
    )

    def admit() -> None:
        g.officer = who()

    app.before_request(admit)
    app.context_processor(lambda: {"officer_name": g.officer.name} if "officer" in g else {})
    app.register_blueprint(cast(Blueprint, hub.service.blueprint()))
    return app
