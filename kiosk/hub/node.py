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


def _context(
    node: Node,
    store: Store,
    trail: Trail,
    outbox: Outbox,
    ledger: Ledger,
    people: Directory,
    ruling: Ruling,
    drains: Sequence[OutboxDrain],
) -> HubContext:
    """What the hub lends to its services."""
    return HubContext(
        store=store,
        trail=trail,
        outbox=outbox,
        clock=ruling.clock,
        node=node,
        money=ledger,
        people=people,
        policy=ruling,
        nudge=lambda: _nudge(drains),
    )


def _issuing(
    node: Node, key: NodeKey, context: HubContext, blocking: Blocking, issues: IssueStore, holder_key: bytes
) -> Issuing:
    """How badges, sticks and keys are given out."""
    return Issuing(
        credentials=blocking.credentials,
        issues=issues,
        blocking=blocking,
        pairs=Pairs(blocking.incidents, context.trail, context.clock),
        new_keys=NewKeys(kiosk_party(node.site.site_id), context.clock),
        trail=context.trail,
        clock=context.clock,
        site=node.site,
        key=key,
        holder_key=holder_key,
    )


def _prover(
    node: Node,
    key: NodeKey,
    context: HubContext,
    people: PeopleStore,
    issuing: Issuing,
    checker: Checker,
) -> Prover:
    """How somebody proves who they are."""
    blocking, clock = issuing.blocking, context.clock
    return Prover(
        people=people,
        credentials=blocking.credentials,
        incidents=blocking.incidents,
        sessions=blocking.sessions,
        trail=context.trail,
        checker=checker,
        keys=KeyDesk(kiosk_party(node.site.site_id), blocking.credentials, clock),
        clock=clock,
        site=node.site,
        key=key,
        is_awaited=issuing.is_awaited,
    )


def _signing_in(node: Node, prover: Prover) -> SigningIn:
    """How a proven person becomes a session."""
    return SigningIn(
        people=prover.people,
        sessions=prover.sessions,
        prover=prover,
        promises=Promises(node.site.alone_after_s),
        trail=prover.trail,
        checker=prover.checker,
        clock=prover.clock,
        site=node.site,
        key=prover.key,
        rule=hub_section(node).session_rule,
    )


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
    context = _context(node, store, trail, outbox, ledger, Directory(people, sessions), ruling, drains)
    credentials, incidents = CredentialStore(store, clock), IncidentStore(store, clock)
    checker, blocking = Checker(pepper), Blocking(credentials, sessions, incidents, trail)
    issuing = _issuing(node, key, context, blocking, IssueStore(store, clock), checker.holder_key)
    prover = _prover(node, key, context, people, issuing, checker)
    signing_in = _signing_in(node, prover)
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
