"""One kiosk: its session, its store, its hub, put together. What the pages and the reader's thread call."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.policy import Decision, Rulebook, decide, moment_of, read_policy
from kiosk.policy.signed import open_policy
from kiosk.services.pages import Asked, NotSignedIn, Unsent, Visitor
from kiosk.terminal.arrivals import Arrivals, Tickets
from kiosk.terminal.entrance import Entrance
from kiosk.terminal.errands import Errands
from kiosk.terminal.guarding import Guard
from kiosk.terminal.hubside import HubSide
from kiosk.terminal.keeper import Keeper
from kiosk.terminal.letters import KEEP_DAYS, Letters
from kiosk.terminal.making import Making
from kiosk.terminal.ownkeys import OwnKeys
from kiosk.terminal.ownword import OwnWord
from kiosk.terminal.passes import OFFLINE_PREFIX, OfflinePasses
from kiosk.terminal.sealing import Sealer, derive
from kiosk.terminal.session import (
    Begun,
    Credential,
    Effect,
    LeaseRenewed,
    Rules,
    SessionEnded,
    SignedIn,
)
from kiosk.terminal.store import STORE_FILE, TERMINAL, TerminalStore
from provisioning.audit import AUDIT, Trail
from provisioning.clock import Clock, iso
from provisioning.config import ConfigRefused, Node
from provisioning.contracts import (
    Contract,
    EndSession,
    Lease,
    MyRequests,
    Notice,
    Objection,
    OfferedModel,
    RenewLease,
    RequestList,
    RequestView,
)
from provisioning.errors import Corrupt, PassageError, Refused, Unavailable
from provisioning.identity import Keyring, NodeKey
from provisioning.store import Outbox, open_store
from provisioning.store.mail import MAIL
from provisioning.sync import NodeClient
from provisioning.sync.client import client_of

log = logging.getLogger("passage.kiosk")

LAST_S = 120.0  # so long an officer at the screen may point at whoever just left it
STARTS = frozenset({"signed_in", "signed_in_offline"})


def hub_client(node: Node, signer: NodeKey, clock: Clock) -> NodeClient:
    """The way to the one peer that a kiosk has.

    Raises:
        ConfigRefused: node.toml names none, or several.
    """
    if len(node.peers) != 1:
        raise ConfigRefused(file=str(node.path), reason="a kiosk has exactly one peer: its hub")
    return client_of(node, node.peers[0].node_id, signer, Keyring.load(node), clock)


class Terminal:
    """Implements :class:`kiosk.services.pages.KioskContext` for the process ``passage-kiosk serve``."""

    def __init__(self, node: Node, clock: Clock, client: NodeClient | None = None) -> None:
        if node.kiosk is None:
            raise ConfigRefused(file=str(node.path), reason="section [kiosk] is missing")
        self.node, self.clock, self.section = node, clock, node.kiosk
        storage_key = node.credential("storage-key")
        self.db = open_store(node.state_dir / STORE_FILE, (MAIL, AUDIT, TERMINAL))
        self.store = TerminalStore(self.db)
        signer = NodeKey.load(node)
        self.trail = Trail(self.db, signer, clock)
        sealer = Sealer(derive(storage_key, "outbox"))
        self.outbox = Outbox(self.db, clock, sealer.close, sealer.open)
        site = node.site
        self.passes = OfflinePasses(self.store, storage_key, clock, site.pin_tries, site.pin_pause_s)
        rules = Rules(site.idle_s, site.idle_warning_s, lease_s=site.lease_s)
        self.keeper = Keeper(clock, rules, self._perform)
        client, keyring = client or hub_client(node, signer, clock), Keyring.load(node)
        officers = Sealer(derive(storage_key, "officers"))
        self.own_word = OwnWord(self.store, self.keeper, officers, clock, site.alone_after_s)
        tickets = Tickets(keyring.key_of(client.peer), site.site_id)
        self.guard = self._guard(client.peer, storage_key)
        self._last: tuple[Credential, str, float] | None = None  # who was here: badge, first name, when
        self.hub = HubSide(
            client,
            self.outbox,
            self.store,
            clock,
            self._renew,
            lambda document: _rulebook(document, client.peer, keyring),
            self.own_word,
        )
        self.entrance = Entrance(
            node.node_id,
            self.keeper,
            self.hub,
            self.passes,
            self.own_word,
            OwnKeys(site.site_id, self.passes, clock),
            self.guard,
            self.trail,
            tickets.counter_of,
        )
        self.errands = Errands()
        self.making = Making(node.node_id, self.keeper, self.hub, self.errands.run)
        self.arrivals = Arrivals(self.keeper, self.entrance, self.making, self.errands, tickets)
        self.letters = Letters(self.store, self.outbox, self.hub, clock, derive(storage_key, "subject"))
        self._heard: tuple[str, tuple[RequestView, ...]] = ("", ())  # session id and what the hub said last
        self.reader_driver: Callable[[], str | None] = lambda: None  # the reader's port says, if there is one
        self._finish_what_a_crash_left()

    def _guard(self, hub_id: str, storage_key: bytes) -> Guard:
        return Guard(
            self.kiosk_id,
            hub_id,
            self.store,
            self.outbox,
            self.passes,
            self.own_word,
            self.keeper,
            self.trail,
            self.clock,
            storage_key,
        )

    def close(self) -> None:
        """Stop the threads and let the database go."""
        self.hub.stop()
        self.entrance.give_up()
        self.errands.join()
        self.db.close()

    # --- what pages ask (KioskContext) ---

    @property
    def kiosk_id(self) -> str:
        """This node."""
        return self.node.node_id

    @property
    def is_hub_away(self) -> bool:
        """Whether the hub did not answer the last time, or this session lives without it."""
        state = self.keeper.state
        return self.hub.is_away or (isinstance(state, SignedIn) and state.is_offline)

    @property
    def visitor(self) -> Visitor | None:
        """Who is signed in."""
        state = self.keeper.state
        if not isinstance(state, SignedIn):
            return None
        who = state.person
        return Visitor(
            who.resident_id,
            who.session_id,
            who.first_name,
            who.language,
            who.wing,
            who.balance_cents,
            state.is_offline,
        )

    def decision(self, service: str) -> Decision:
        """Whether the visitor may use a service here and now; nobody may without a policy at hand."""
        state, book = self.keeper.state, self.hub.rulebook
        if book is None or not isinstance(state, SignedIn):
            return Decision(False, "no-policy", "policy_missing")
        moment = moment_of(self.clock.now_utc(), self.node.site.timezone)
        return decide(book, state.person.standing, service, moment)

    def now_utc(self) -> datetime:
        """The instant now."""
        return self.clock.now_utc()

    def notices(self) -> tuple[Notice, ...]:
        """The notices in force for this kiosk's wing, urgent ones first, then the newest."""
        now, wing = iso(self.clock.now_utc()), self.section.wing
        in_force = [
            notice
            for notice in self.hub.copy.notices
            if notice.from_utc <= now < notice.until_utc and (not notice.wings or wing in notice.wings)
        ]
        newest_first = sorted(in_force, key=lambda notice: notice.from_utc, reverse=True)
        return tuple(sorted(newest_first, key=lambda notice: not notice.urgent))

    def models(self) -> tuple[OfferedModel, ...]:
        """The models that residents may ask for."""
        return self.hub.copy.models

    def asked(self) -> Asked:
        """What the visitor asked; without the hub, what it said last in this session.

        Raises:
            NotSignedIn: nobody is.
        """
        who = self._visitor()
        unsent = self.letters.unsent(who.resident_id)
        if not who.is_offline:
            try:
                answer = self.hub.ask_for_page(MyRequests(session_id=who.session_id), RequestList)
                self._heard = (who.session_id, answer.requests)
                return Asked(answer.requests, _not_in(unsent, answer.requests), is_fresh=True)
            except Unavailable as error:
                log.info("own requests: %s", error)
            except Refused as error:
                if self._is_ended(who.session_id, error):
                    raise NotSignedIn from error
                log.warning("own requests: %s", error)
        known = self._heard[1] if self._heard[0] == who.session_id else ()
        return Asked(known, _not_in(unsent, known), is_fresh=False)

    def send(self, contract: Contract, key: str) -> bool:
        """Keep a message for the hub, once per ``key``, and try at once: True when the hub has it already.

        Raises:
            NotSignedIn: nobody is.
            Unavailable: nothing could be written here.
        """
        return self.letters.send(contract, key, self._visitor().resident_id)

    # --- the session's life ---

    def _renew(self) -> None:
        """Tell the hub that the person is still here, and hear whether they may be."""
        state = self.keeper.state
        if not isinstance(state, SignedIn) or state.person.session_id.startswith(OFFLINE_PREFIX):
            return
        session_id, asked_s = state.person.session_id, self.keeper.now_s
        try:
            lease = self.hub.ask(RenewLease(session_id=session_id), Lease)
        except Unavailable:
            return
        except (Refused, Corrupt) as error:
            if not self._is_ended(session_id, error):
                log.error("renewing a lease: %s", error)
            return
        self.hub.hold_policy(lease.policy_sha256)
        until_s = asked_s + (lease.lasts_s or self.node.site.lease_s)
        self.keeper.feed(LeaseRenewed(session_id, until_s, lease.balance_cents, lease.standing))

    def _is_ended(self, session_id: str, error: PassageError) -> bool:
        """Whether the hub said that the session is over; if so it is over here too."""
        if error.reason != "session_ended":
            return False
        why = error.detail.get("why")
        self.keeper.feed(SessionEnded(session_id, "taken_over" if why == "taken_over" else "hub"))
        return True

    def _perform(self, effect: Effect) -> None:
        who = effect.person
        if isinstance(effect, Begun):
            action = "signed_in_offline" if effect.is_offline else "signed_in"
            self.trail.record(who.resident_id, action, who.session_id, wing=self.section.wing)
            return
        self._heard = ("", ())
        if effect.was_shown:  # a key has no number on the reader: then nobody can be pointed at
            left = (effect.credential, who.first_name, self.keeper.now_s)
            self._last = left if effect.credential.uid else None
        self._write_end(who.resident_id, who.session_id, effect.why)

    def _write_end(self, actor: str, session_id: str, why: str) -> None:
        """A session is over here, and the hub hears it even when it was the one that said so: it waits for that."""
        with self.db.atomic():
            self.trail.record(actor, "session_ended", session_id, why=why)
            if not session_id.startswith(OFFLINE_PREFIX):
                at_utc = iso(self.clock.now_utc())
                self.outbox.put(
                    self.hub.hub_id,
                    EndSession(session_id=session_id, why=why, at_utc=at_utc),  # type: ignore[arg-type]
                )
        self.hub.drain.nudge()

    def _finish_what_a_crash_left(self) -> None:
        """A start is idle: a session that the trail shows as begun and not ended is ended now."""
        ended: set[str] = set()
        for record in self.trail.latest(50):
            if record.action == "session_ended":
                ended.add(record.subject)
            elif record.action in STARTS and record.subject not in ended:
                self._write_end(record.actor, record.subject, "restart")
        self.store.prune(iso(self.clock.now_utc() - timedelta(days=KEEP_DAYS)))

    # --- the reader ---

    @property
    def was_here(self) -> tuple[Credential, str] | None:
        """Whose session ended here a moment ago, for an officer who stands there; in memory only."""
        if self._last is None or self.keeper.now_s - self._last[2] > LAST_S:
            return None
        return self._last[0], self._last[1]

    # --- small ---

    def _visitor(self) -> Visitor:
        found = self.visitor
        if found is None:
            raise NotSignedIn
        return found


def _rulebook(document: bytes, hub_id: str, keyring: Keyring) -> Rulebook:
    """A signed policy, compiled; only the hub's own signature counts."""
    return Rulebook(read_policy(open_policy(document, hub_id, keyring.key_of(hub_id)), "policy"))


def _not_in(unsent: tuple[Unsent, ...], known: tuple[RequestView, ...]) -> tuple[Unsent, ...]:
    """What waits here and is not at the hub yet: it may have been delivered between two looks."""
    keys = {view.request_key for view in known}
    return tuple(
        one for one in unsent if isinstance(one.contract, Objection) or one.contract.request_key not in keys
    )
