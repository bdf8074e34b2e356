"""A demo site in a scratch folder with only the processes that are asked for; kiosk identities need none."""

from __future__ import annotations

import hashlib
import json
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.hub.commands import import_notice_file, import_people
from kiosk.hub.credentials.store import Credential, CredentialStore
from kiosk.hub.node import STORE_FILE, open_hub_store
from kiosk.hub.sessions.store import SessionStore
from kiosk.services import hub_services
from kiosk.services.base import SessionFact
from provisioning.clock import SystemClock
from provisioning.config import Node, load_node
from provisioning.contracts import PublicCopy, PublicCopyAnswer
from provisioning.identity import Keyring, NodeKey, fido
from provisioning.identity.attestation import Models
from provisioning.identity.keys import SiteCA, write_secret
from provisioning.identity.stick import blind_holder, holder_key
from provisioning.readers.keys import Keys
from provisioning.sim import demo_site
from provisioning.sim.acts import AtDesk, officer_of
from provisioning.sim.demo import binaries_folder, check_ports
from provisioning.sim.demo_site import HOST, DemoRefused, DemoSite, make_site
from provisioning.sim.people import OFFICERS
from provisioning.sim.running import READY_S, RunningSite
from provisioning.sim.security_key import VirtualKey
from provisioning.store.opening import read_store
from provisioning.sync.client import NodeClient, client_of
from tests.bench.harness import Trouble

MODELS, KEY_PIN = Models(unattested=True), "271828"
HUB, KIOSK = "hub-pages", ("kiosk-a-pages", "kiosk-a-reader")
WING = "A"  # at home at kiosk-a, which is no kiosk of ours
NOTICES = Path(demo_site.__file__).parent / "notices.json"
TRIES = 20


@dataclass(frozen=True)
class Person:
    """One of the people who sign in; the PIN is known because nobody lives here."""

    resident_id: str
    badge_uid: str
    stick_uid: str
    pin: str


def people(count: int) -> list[Person]:
    """So many, the same each time, who have all signed the agreement."""
    numbers = random.Random(4)
    pins = numbers.sample(range(1000, 9999), 2 * count)
    fit = [pin for pin in pins if pin % 1111]
    return [
        Person(f"x-{number:03}", f"04BE{number:06X}", f"5ABE{number:06X}", str(fit[number]))
        for number in range(count)
    ]


def first_port() -> int:
    """The first of five ports that nobody listens on.

    Raises:
        DemoRefused: none was found.
    """
    for _ in range(TRIES):
        port = random.randrange(20000, 30000)
        try:
            check_ports(port)
        except DemoRefused:
            continue
        return port
    raise DemoRefused(reason="No five free ports were found.")


class BenchSite:
    """The hub's own process on a real site; ``with`` it, start what is wanted, and everything is gone afterwards."""

    def __init__(self, kiosks: int, residents: int, rule: str = "take_over") -> None:
        """Make keys, configuration, people and notices; nothing runs yet. No models: nobody prints here.

        Raises:
            PassageError: a command of ours failed.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="pgs")
        self.people = people(residents)
        self.site: DemoSite = make_site(Path(self._folder.name) / "site", first_port())
        self.kiosks = [f"k-{number:02}" for number in range(1, kiosks + 1)]
        hub = self.site.nodes["hub"]
        hub.config.write_text(
            hub.config.read_text().replace('session_rule = "take_over"', f'session_rule = "{rule}"')
        )
        self._add_kiosks()
        self._add_people()
        import_people(hub.config, self.site.base / "people.json")
        import_notice_file(hub.config, NOTICES)
        self.running = RunningSite(self.site, binaries_folder())
        self.running.hardware.start()

    # --- making it ---

    def _add_kiosks(self) -> None:
        base = self.site.base
        ca = _authority(base / "ca")
        hub = self.site.nodes["hub"]
        for name in self.kiosks:
            folder = base / name
            (folder / "credentials").mkdir(parents=True)
            (folder / "peers").mkdir()
            key, certificate = ca.issue(name)
            write_secret(folder / "credentials" / "node.key", key)
            for secret in ("session-secret", "storage-key"):
                write_secret(folder / "credentials" / secret, os.urandom(48))
            (folder / "node.crt").write_bytes(certificate)
            (folder / "ca.crt").write_bytes(ca.pem())
            (folder / "peers" / "hub.crt").write_bytes((hub.folder / "node.crt").read_bytes())
            (hub.folder / "peers" / f"{name}.crt").write_bytes(certificate)
            (folder / "site.toml").write_bytes((hub.folder / "site.toml").read_bytes())
            (folder / "node.toml").write_text(
                f'node_id = "{name}"\nkind = "kiosk"\nlisten = "{HOST}:1"\nstate = "state"\nrun = "run"\n'
                f'[[peers]]\nnode_id = "hub"\nurl = "{hub.url}"\n[kiosk]\nname = "{name}"\nwing = "{WING}"\n'
            )

    def _add_people(self) -> None:
        file = self.site.base / "people.json"
        known = json.loads(file.read_text())
        known["residents"] += [
            {
                "resident_id": one.resident_id,
                "first_name": f"Mens {one.resident_id[2:]}",
                "language": "nl",
                "wing": WING,
                "badge_uid": one.badge_uid,
                "stick_uid": one.stick_uid,
                "pin": one.pin,
                "opening_cents": 1000,
                "agreement_signed": 1,
            }
            for one in self.people
        ]
        known["kiosks"] += [{"kiosk_id": name, "name": name, "wing": WING} for name in self.kiosks]
        file.write_text(json.dumps(known))

    def give_key(self, one: Person) -> Path:
        """A new security key in a file, with a PIN of its own, in the record as this person's; before the hub runs."""
        file, clock, node = self.site.base / f"key-{one.resident_id}.json", SystemClock(), self.hub_node
        party, now = fido.kiosk_party(node.site.site_id), clock.now_utc()
        holder = blind_holder(one.resident_id, holder_key(node.credential("pepper"))).encode()
        challenge = fido.make_challenge("kiosk-a", "enrol", now, holder=holder)
        options = fido.registration_options(party, MODELS, challenge)
        made = Keys(node.site.site_id).enrol(VirtualKey.in_file(file).plug(), options, KEY_PIN, lambda: None)
        public = fido.complete_registration(
            party, MODELS, challenge, made, place="kiosk-a", purpose="enrol", now=now
        )
        store = open_hub_store(node, hub_services())
        try:
            CredentialStore(store, clock).issue(
                Credential(
                    kind="key",
                    uid=fido.to_text(public.credential_id),
                    resident_id=one.resident_id,
                    counter=public.sign_count,
                    public_key=public.public_key_cose,
                    aaguid=public.aaguid,
                    issued_by=OFFICERS[0].officer_id,
                    issued_with=OFFICERS[1].officer_id,
                )
            )
        finally:
            store.close()
        return file

    # --- running it ---

    def start(self, *names: str) -> None:
        """Start these processes, by the names that the bench panel shows.

        Raises:
            Trouble: one is not ready in time.
        """
        supervisor = self.running.supervisor
        supervisor.start_all(names)
        if late := supervisor.wait_ready(names, READY_S):
            raise Trouble(f"{late[0]} did not start")

    def pid(self, name: str) -> int:
        """The process's id.

        Raises:
            Trouble: it does not run.
        """
        found = next((one.pid for one in self.running.supervisor.processes() if one.name == name), None)
        if found is None:
            raise Trouble(f"{name} does not run")
        return found

    def close(self) -> None:
        """Stop everything and forget the folder."""
        self.running.stop()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- being a kiosk, being an officer ---

    def config(self, kiosk: str) -> Path:
        """A kiosk's node.toml."""
        return self.site.base / kiosk / "node.toml"

    def client(self, kiosk: str) -> NodeClient:
        """A kiosk's own way to the hub: its key, its envelopes, its HTTP."""
        node = load_node(self.config(kiosk))
        return client_of(node, "hub", NodeKey.load(node), Keyring.load(node), SystemClock())

    def desk(self, role: str) -> AtDesk:
        """An officer's browser."""
        return AtDesk(self.site.nodes["hub"].url, officer_of(role))

    # --- what the record says ---

    @property
    def hub_node(self) -> Node:
        """The hub's configuration."""
        return load_node(self.site.nodes["hub"].config)

    def policy_sha256(self) -> str:
        """Of the signed policy in force, as any kiosk is given it."""
        answer = self.client(self.kiosks[0]).call(PublicCopy())
        assert isinstance(answer, PublicCopyAnswer)
        return hashlib.sha256(answer.policy).hexdigest()

    def sessions(self, resident_id: str) -> list[SessionFact]:
        """Every session of a person, as the hub's database has it."""
        store = read_store(self.hub_node.state_dir / STORE_FILE)
        try:
            return SessionStore(store, SystemClock()).latest_of(resident_id)
        finally:
            store.close()


def _authority(folder: Path) -> SiteCA:
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    return SiteCA(key, x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()))
