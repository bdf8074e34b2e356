"""A hub with a few people in a temporary folder, and peers that speak to it as kiosks and farms do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.hub.api import HubReceiver
from kiosk.hub.node import Hub, open_hub
from kiosk.hub.people.importing import Importer, KioskLine, OfficerLine, PeopleFile, ResidentLine
from kiosk.services.base import HubService
from kiosk.services.notices.service import make as make_notices
from provisioning.clock import Clock, iso
from provisioning.config import Node
from provisioning.contracts import Contract, EndSession, Lease, Pending, Refusal, SignIn, TakeUp, WhoComes
from provisioning.errors import FAMILIES
from provisioning.identity import Keyring, NodeKey, hash_secret, open_sealed, seal
from provisioning.identity.stick import blind_holder
from tests.kiosk.sticks import Stick
from tests.provisioning.node_kit import make_site

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

PEPPER = b"test pepper"
HUB = '[[peers]]\nnode_id = "farm"\nurl = "http://127.0.0.1:9"\n[hub]\nsession_rule = "{rule}"\n'
PASSWORD = "open sesame"
SECOND = {"second_name": "director", "second_password": PASSWORD}  # a colleague signs a sensitive act
AMIRA, BRAM, CHLOE = "04A1", "04B1", "04C1"


@cache
def _hash(secret: str) -> str:
    return hash_secret(secret, PEPPER)


def people_file() -> PeopleFile:
    """Three residents and an officer of every role; hashes are made once a test session."""
    residents = [("r-amira", "Amira", "ar", "A", AMIRA), ("r-bram", "Bram", "nl", "B", BRAM)]
    residents.append(("r-chloe", "Chloé", "fr", "C", CHLOE))
    officers = [
        (role, (role,)) for role in ("landing", "teacher", "workshop", "security", "technician", "director")
    ]
    return PeopleFile(
        residents=tuple(
            ResidentLine(
                resident_id=resident_id,
                first_name=name,
                language=language,
                wing=wing,
                badge_uid=uid,
                stick_uid=uid + "99",
                pin_hash=_hash("1234"),
                opening_cents=1000,
            )
            for resident_id, name, language, wing, uid in residents
        ),
        officers=tuple(
            OfficerLine(
                officer_id=f"o-{name}",
                name=name.title(),
                sign_in_name=name,
                roles=roles,  # type: ignore[arg-type]
                language="en",
                badge_uid=f"0F{number}",
                secret_hash=_hash(PASSWORD),
            )
            for number, (name, roles) in enumerate(officers)
        ),
        kiosks=(
            KioskLine(kiosk_id="kiosk-a", name="Kiosk A", wing="A", home_of=("A",)),
            KioskLine(kiosk_id="kiosk-b", name="Kiosk B", wing="B", home_of=("B", "C")),
        ),
    )


def make_nodes(
    base: Path, rule: str = "take_over", kiosks: Sequence[str] = ("kiosk-a", "kiosk-b", "kiosk-c")
) -> dict[str, Node]:
    """A hub, some kiosks and a farm that trust each other. (The farm's own configuration is never read.)"""
    kinds = {"hub": "hub", "farm": "kiosk", **dict.fromkeys(kiosks, "kiosk")}
    return make_site(base, kinds, {"hub": HUB.format(rule=rule)})


def start_hub(node: Node, clock: Clock, services: Sequence[HubService] | None = None) -> Hub:
    """The hub, with notices as its only service unless told otherwise."""
    return open_hub(node, clock, services if services is not None else [make_notices()])


def people_in(hub: Hub) -> None:
    """Bring the made-up people in."""
    Importer(hub.people, hub.ledger, PEPPER).write(people_file())


@dataclass(frozen=True)
class Peer:
    """Another node: what it says is signed, what it hears is checked, as over HTTP."""

    node: Node
    hub: Hub
    clock: Clock

    def ask(self, contract: Contract) -> Contract:
        """The hub's answer; a refusal is raised as the error it names."""
        key, ring = NodeKey.load(self.node), Keyring.load(self.node)
        opened = open_sealed(
            self.hub.receiver.answer(seal(contract, "hub", key, self.clock)), ring, self.node.node_id
        )
        return _said(opened.contract)

    def tell(self, contract: Contract, message_id: str = "") -> Contract:
        """The hub's receipt."""
        key, ring = NodeKey.load(self.node), Keyring.load(self.node)
        data = self.hub.receiver.take(seal(contract, "hub", key, self.clock, message_id))
        return _said(open_sealed(data, ring, self.node.node_id).contract)

    def sign_in(self, uid: str, pin: str = "1234") -> Lease:
        """A lease for a badge and a PIN at this kiosk."""
        lease = self.claim(uid, pin)
        assert isinstance(lease, Lease), lease
        return lease

    def claim(self, uid: str, pin: str = "1234") -> Contract:
        """What a badge and a PIN get at this kiosk: a lease, or a claim."""
        return self.ask(SignIn(kiosk_id=self.node.node_id, credential="badge", uid=uid, pin=pin))

    def take_up(self, pending: Contract, *, written: bool = False) -> Contract:
        """Go on with a claim."""
        assert isinstance(pending, Pending), pending
        return self.ask(TakeUp(kiosk_id=self.node.node_id, claim_id=pending.claim_id, written=written))

    def leave(self, lease: Lease, why: str = "stop") -> None:
        """The session is over at this kiosk, and the kiosk says so."""
        at_utc = iso(self.clock.now_utc())
        self.tell(EndSession(session_id=lease.session_id, why=why, at_utc=at_utc))  # type: ignore[arg-type]

    def show(self, stick: Stick) -> Contract:
        """What the hub says to this stick before a code is typed."""
        return self.ask(
            WhoComes(
                kiosk_id=self.node.node_id,
                credential="stick",
                uid=stick.stick_id,
                ticket=stick.shown(),
            )
        )

    def prove(self, stick: Stick, pin: str = "1234") -> Contract:
        """What a stick and a PIN get: a claim with the next ticket."""
        return self.ask(
            SignIn(
                kiosk_id=self.node.node_id,
                credential="stick",
                uid=stick.stick_id,
                pin=pin,
                ticket=stick.shown(),
            )
        )

    def enter(self, stick: Stick, pin: str = "1234") -> Lease:
        """A whole sign-in with a stick: the ticket is written and the lease taken."""
        pending = self.prove(stick, pin)
        assert isinstance(pending, Pending), pending
        stick.write(pending.ticket)
        lease = self.take_up(pending, written=True)
        assert isinstance(lease, Lease), lease
        return lease


def stick_of(hub: Hub, resident_id: str, stick_id: str) -> Stick:
    """A fresh stick of a resident of this hub."""
    holder = blind_holder(resident_id, hub.signing_in.checker.holder_key)
    return Stick.made(hub.key, hub.node.site.site_id, stick_id, holder)


def _said(contract: Contract) -> Contract:
    if isinstance(contract, Refusal):
        raise FAMILIES[contract.family](contract.code, **contract.detail)
    return contract


class Officer:
    """A browser of an officer: signed in, forms sent with the token of the page."""

    def __init__(self, app: Flask) -> None:
        self.web: FlaskClient = app.test_client()
        self.web.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"

    def form(self, page: str, action: str, status: int = 303, **fields: object) -> str:
        """Open ``page``, send its form (or any of its forms) to ``action``; the answer's text."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.web.get(page).get_data(as_text=True))
        assert found, f"{page} has no form"
        key = "0" * 32
        answer = self.web.post(action, data={"csrf_token": found[1], "form_key": key, **fields})
        assert answer.status_code == status, (answer.status_code, answer.get_data(as_text=True)[:2000])
        return answer.get_data(as_text=True)

    def sign_in(self, name: str, password: str = PASSWORD, status: int = 303, target: str = "") -> str:
        """Fill in the sign-in page."""
        return self.form("/sign-in", "/sign-in", status, name=name, password=password, next=target)

    def read(self, page: str, status: int = 200) -> str:
        """A page's text."""
        answer = self.web.get(page)
        assert answer.status_code == status, (page, answer.status_code)
        return answer.get_data(as_text=True)


_apps: dict[HubReceiver, Flask] = {}


def app_of(hub: Hub) -> Flask:
    """The hub's web app, made once: reading the translations takes a while."""
    from kiosk.hub.office.app import create_office

    if hub.receiver not in _apps:
        _apps.clear()
        _apps[hub.receiver] = create_office(hub)
    return _apps[hub.receiver]


def office(hub: Hub, name: str) -> Officer:
    """An officer of that role, signed in."""
    officer = Officer(app_of(hub))
    officer.sign_in(name)
    return officer
