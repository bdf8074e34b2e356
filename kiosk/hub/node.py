"""The hub put together: its store, its services, its ears, and the drains towards the farms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kiosk.hub.agreement import AGREEMENT, Agreements, begin_agreements
from kiosk.hub.api import Api, HubReceiver
from kiosk.hub.credentials.blocking import Blocking
from kiosk.hub.credentials.store import CREDENTIALS, CredentialStore
from kiosk.hub.incidents.pairs import Pairs
from kiosk.hub.incidents.store import INCIDENTS, IncidentStore
from kiosk.hub.issuing.envelopes import Envelopes
from kiosk.hub.issuing.issuing import Issuing
from kiosk.hub.issuing.keys import NewKeys
from kiosk.hub.issuing.store import ISSUING, IssueStore
from kiosk.hub.nodes.contacts import Contacts
from kiosk.hub.nodes.store import NODES, NodeStore
from kiosk.hub.office.store import OFFICE
from kiosk.hub.people.directory import Directory
from kiosk.hub.people.roster import Roster
from kiosk.hub.people.secrets import SecretDesk
from kiosk.hub.people.store import PEOPLE, PeopleStore
from kiosk.hub.policy.ruling import Ruling, begin_ruling
from kiosk.hub.policy.store import POLICY
from kiosk.hub.sessions.keys import KeyDesk
from kiosk.hub.sessions.promises import Promises
from kiosk.hub.sessions.proving import Prover
from kiosk.hub.sessions.secrets import Checker
from kiosk.hub.sessions.signing_in import SigningIn
from kiosk.hub.sessions.store import SESSIONS, SessionStore
from kiosk.money.store import MONEY, Ledger
from kiosk.services import hub_services
from kiosk.services.base import HubContext, HubService
from provisioning.audit import AUDIT, Trail
from provisioning.clock import Clock, iso
from provisioning.config import ConfigRefused, HubSection, Node
from provisioning.identity import Keyring, NodeKey, hash_secret
from provisioning.identity.fido import kiosk_party
from provisioning.store import Inbox, Outbox, Store, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import OutboxDrain
from provisioning.sync.client import client_of

STORE_FILE = "hub.sqlite"
HEARD_FOR = timedelta(days=180)  # no kiosk keeps a message for half a year and then brings it again


def hub_section(node: Node) -> HubSection:
    """The hub's own part of node.toml.

    Raises:
        ConfigRefused: this is not a hub's configuration.
    """
    if node.hub is None:
        raise ConfigRefused(file=str(node.path), reason="section [hub] is missing")
    return node.hub


def open_hub_store(node: Node, services: Iterable[HubService]) -> Store:
    """The hub's database with every table, its services' included. Raises as ``open_store``."""
    hub_section(node)
    own = (
        *(MAIL, AUDIT, PEOPLE, CREDENTIALS, INCIDENTS, SESSIONS, MONEY, NODES, POLICY, AGREEMENT),
        OFFICE,
        ISSUING,
    )
    theirs = tuple(migration for service in services for migration in service.migrations)
    return open_store(node.state_dir / STORE_FILE, (*own, *theirs))


@dataclass(frozen=True)
class Hub:
    """Everything that the hub's pages and doors need; made by :func:`open_hub`."""

    node: Node
    clock: Clock
    store: Store
    trail: Trail
    key: NodeKey
    keyring: Keyring
    context: HubContext
    services: Sequence[HubService]
    people: PeopleStore
    credentials: CredentialStore
    incidents: IncidentStore
    issuing: Issuing
    envelopes: Envelopes
    sessions: SessionStore
    signing_in: SigningIn
    ledger: Ledger
    nodes: NodeStore
    contacts: Contacts
    ruling: Ruling
    agreements: Agreements
    roster: Roster
    receiver: HubReceiver
    drains: Sequence[OutboxDrain]

    def start(self) -> None:
        """Tell the farms who the officers are, and begin to deliver what waits."""
        Inbox(self.store, self.clock).forget(iso(self.clock.now_utc() - HEARD_FOR))
        self.roster.publish()
        for drain in self.drains:
            drain.start()

    def nudge(self) -> None:
        """Something was queued: deliver it now."""
        for drain in self.drains:
            drain.nudge()

    def stop(self) -> None:
        """Stop delivering and let go of the database."""
        for drain in self.drains:
            drain.stop()
        self.store.close()


def _drains(node: Node, key: NodeKey, keyring: Keyring, outbox: Outbox, clock: Clock) -> list[OutboxDrain]:
    """One for each farm that node.toml names."""
    return [
        OutboxDrain(outbox, client_of(node, peer.node_id, key, keyring, clock), clock) for peer in node.peers
    ]


def _nudge(drains: Sequence[OutboxDrain]) -> None:
    for drain in drains:
        drain.nudge()


def _listening(api: Api, issuing: Issuing, key: NodeKey, keyring: Keyring, contacts: Contacts) -> HubReceiver:
    """What hears other nodes: the hub's own answers and every service's."""
    receiver = HubReceiver(key, keyring, api.context.store, api.context.clock)
    receiver.contacts = contacts
    api.connect(receiver)
    SecretDesk(api.signing_in.prover).connect(receiver)
    api.agreements.connect(receiver)
    issuing.connect(receiver)
    issuing.blocking.connect(receiver)
    for service in api.services:
        service.connect(api.context, receiver)
    return receiver


def open_hub(node: Node, clock: Clock, services: Sequence[HubService] | None = None) -> Hub:
    """The hub of this node, ready to answer; nothing runs until ``start``.

    Raises:
        ConfigRefused: configuration or credentials are missing.
        Unavailable, Corrupt: the database cannot be opened.
    """
    found = list(services) if services is not None else hub_services()
    key, keyring, pepper = NodeKey.load(node), Keyring.load(node), node.credential("pepper")
    store = open_hub_store(node, found)
    trail, outbox = Trail(store, key, clock), Outbox(store, clock)
    people, sessions = PeopleStore(store, clock), SessionStore(store, clock)
    ledger, nodes = Ledger(store, clock), NodeStore(store)
    ruling = begin_ruling(store, people, key, clock, node.site)
    drains = _drains(node, key, keyring, outbox, clock)
    context = HubContext(
        store=store,
        trail=trail,
        outbox=outbox,
        clock=clock,
        node=node,
        money=ledger,
        people=Directory(people, sessions),
        policy=ruling,
        nudge=lambda: _nudge(drains),
    )
    credentials, incidents = CredentialStore(store, clock), IncidentStore(store, clock)
    checker = Checker(pepper)
    party = kiosk_party(node.site.site_id)
    issuing = Issuing(
        credentials=credentials,
        issues=IssueStore(store, clock),
        blocking=Blocking(credentials, sessions, incidents, trail),
        pairs=Pairs(incidents, trail, clock),
        new_keys=NewKeys(party, clock),
        trail=trail,
        clock=clock,
        site=node.site,
        key=key,
        holder_key=checker.holder_key,
    )
    prover = Prover(
        people=people,
        credentials=credentials,
        incidents=incidents,
        sessions=sessions,
        trail=trail,
        checker=checker,
        keys=KeyDesk(party, credentials, clock),
        clock=clock,
        site=node.site,
        key=key,
        is_awaited=issuing.is_awaited,
    )
    signing_in = SigningIn(
        people=people,
        sessions=sessions,
        prover=prover,
        promises=Promises(node.site.alone_after_s),
        trail=trail,
        checker=checker,
        clock=clock,
        site=node.site,
        key=key,
        rule=hub_section(node).session_rule,
    )
    agreements = begin_agreements(store, context.people, trail, clock)
    api = Api(context, found, people, credentials, sessions, signing_in, ruling, agreements)
    receiver = _listening(api, issuing, key, keyring, contacts := Contacts(nodes, clock))
    return Hub(
        node=node,
        clock=clock,
        store=store,
        trail=trail,
        key=key,
        keyring=keyring,
        context=context,
        services=found,
        people=people,
        credentials=credentials,
        incidents=incidents,
        issuing=issuing,
        envelopes=Envelopes(people, issuing.issues, trail, clock, lambda pin: hash_secret(pin, pepper)),
        sessions=sessions,
        signing_in=signing_in,
        ledger=ledger,
        nodes=nodes,
        contacts=contacts,
        ruling=ruling,
        agreements=agreements,
        roster=Roster(people, nodes, outbox, context.farms, clock),
        receiver=receiver,
        drains=drains,
    )
