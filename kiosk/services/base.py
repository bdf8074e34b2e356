"""What a service of the menu is to the hub: its tile, its tables, its ears, its desk pages, its part of the queue.

No flask and no SQL in here: a service's folder brings both in its own files (``desk.py``, ``store.py``).

**Held sessions, a rule for every service.** A person may have an emergency code that opens the screen and calls for
help. Such a session is held (:attr:`SessionFact.is_held`), and nobody who stands beside the person may notice. A
service that takes orders therefore asks :meth:`HubContext.is_held` in the transaction that keeps an order; if so, it

1. keeps the order as it keeps any other, with the same answer, number, state and promised day for its owner;
2. marks it held, lets its own tables forbid every decision on it, and shows it to no officer who would decide it;
3. moves no money and sends nothing to any other machine;
4. names it in :meth:`HubService.held_orders`, where the security officer sees it with the incident;
5. in :meth:`HubService.settle_held` lets it go on as if it had just come, or refuses it with a sentence that says
   nothing of the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlite_utils import Migrations

from kiosk.money.rules import NotEnoughMoney
from kiosk.policy import Decision
from provisioning.audit import Trail
from provisioning.clock import Clock
from provisioning.config import Node
from provisioning.contracts import Notice, OfferedModel, RequestView, ResidentCard
from provisioning.contracts.farm import OfficerRole
from provisioning.errors import Refused
from provisioning.store import Outbox, Store
from provisioning.sync import Receiver

__all__ = [
    "DeskLink",
    "HeldOrder",
    "HubContext",
    "HubService",
    "Money",
    "NotEnoughMoney",
    "OfficerCard",
    "People",
    "SessionFact",
    "SitePolicy",
    "Tile",
    "WorkItem",
]


@dataclass(frozen=True)
class Tile:
    """What the menu of a kiosk shows of a service: data, no logic."""

    name: str  # the service's folder: "printing"
    icon: str  # a pictogram of provisioning/web/static/icons.svg
    word: str  # msgid of the word under the pictogram
    needs_hub: bool  # hidden behind "not now" while the hub is away
    order: int


@dataclass(frozen=True)
class OfficerCard:
    """As much of an officer as a page or a rule needs."""

    officer_id: str
    name: str
    language: str
    roles: frozenset[OfficerRole]


@dataclass(frozen=True)
class SessionFact:
    """One session as the hub granted it; ``ended_utc`` is empty while it runs."""

    session_id: str
    resident_id: str
    kiosk_id: str
    begun_utc: str
    until_utc: str
    ended_utc: str = ""
    level: int = 0  # how strong the proof was: 0 badge, 1 stick, 2 security key
    is_held: bool = False  # the secret called for help: what is ordered here waits for the security officer
    gives_pass: bool = False  # its kiosk may let the person in by its own word later
    ending: str = ""  # why it shall end, while its kiosk has not said that it has


class Money(Protocol):
    """The site's purse as a service may use it. Every write happens inside the caller's ``store.atomic()``."""

    def balance_cents(self, resident_id: str) -> int:
        """What the resident has, in cents; 0 without an account."""
        ...

    def debit(self, resident_id: str, amount_cents: int, key: str, text: str) -> bool:
        """Take money once per ``key``: True now, False when this key was debited before (then nothing changes).

        An amount of 0 writes nothing and gives False.

        Raises:
            NotEnoughMoney: nothing was written.
        """
        ...

    def refund(self, key: str, text: str) -> bool:
        """Give back what was debited under ``key``, once: False when there was no such debit or it was given back."""
        ...


class People(Protocol):
    """Who is who, as a service may ask."""

    def resident(self, resident_id: str) -> ResidentCard | None:
        """The resident's first name, language and wing."""
        ...

    def officer(self, officer_id: str) -> OfficerCard | None:
        """The officer's name and roles."""
        ...

    def session(self, session_id: str) -> SessionFact | None:
        """A session that the hub granted, running or over."""
        ...

    def is_home(self, kiosk_id: str, resident_id: str) -> bool:
        """Whether this kiosk may let the resident in by its own word while the hub is away."""
        ...

    def label(self, resident_id: str) -> str:
        """``Amira · B``: first name and wing, for lists and part labels; the id when nobody is known."""
        ...


class SitePolicy(Protocol):
    """The rules of the house as a service may ask them."""

    def may(self, resident_id: str, service: str, kiosk_id: str, level: int, at: datetime) -> Decision:
        """Whether this person might use a service at that kiosk, with that proof, at that moment."""
        ...


@dataclass(frozen=True)
class HubContext:
    """What the hub lends to a service."""

    store: Store
    trail: Trail
    outbox: Outbox
    clock: Clock
    node: Node
    money: Money
    people: People
    policy: SitePolicy
    nudge: Callable[[], None]  # call after a commit that put something into the outbox

    def is_held(self, session_id: str) -> bool:
        """Whether what is ordered in this session waits for the security officer: the rule at the top of this file."""
        session = self.people.session(session_id)
        return session is not None and session.is_held

    @property
    def farms(self) -> tuple[str, ...]:
        """Node ids of the farm nodes: the hub's peers. Outbox destinations; also who may send farm contracts."""
        return tuple(peer.node_id for peer in self.node.peers)


@dataclass(frozen=True)
class WorkItem:
    """One thing that waits for an officer; words are already in the officer's language."""

    service: str
    number: str
    what: str
    who: str  # the resident's label, or the officer's name
    since_utc: str
    due_utc: str  # empty: no date was promised
    url: str
    mine: bool  # this officer's roles may settle it
    flags: tuple[str, ...] = ()
    state: str = ""  # a word such as "objection"; empty: simply waiting


@dataclass(frozen=True)
class DeskLink:
    """An entry of the back office's side navigation."""

    word: str  # msgid
    endpoint: str  # of the service's blueprint: "printing.models"
    icon: str
    action: str  # the policy action (kiosk.policy) that an officer needs to see it
    order: int = 50


@dataclass(frozen=True)
class HeldOrder:
    """Something ordered in a held session, which waits for the security officer; ``what`` is in their language."""

    service: str
    number: str
    what: str
    resident_id: str
    session_id: str
    since_utc: str
    state: str  # as its owner sees it
    price_cents: int = 0


class HubService:
    """What the hub asks of every service; a service overrides what it has, the rest is politely empty.

    The desk pages find the officer at hand with :func:`kiosk.services.desk.officer`.
    """

    tile: Tile
    migrations: Sequence[Migrations] = ()
    links: Sequence[DeskLink] = ()
    request_page: str = ""  # the desk page (flask endpoint) that shows one request by its ``number``
    context: HubContext

    def connect(self, context: HubContext, receiver: Receiver) -> None:
        """Keep the context and register what this service hears. Called once, after the migrations ran."""
        del receiver
        self.context = context

    def blueprint(self) -> object | None:
        """The desk pages as a flask Blueprint named like the service; import flask only in here."""
        return None

    def request_views(self, resident_id: str, language: str) -> list[RequestView]:
        """What this resident asked of this service, newest first, titles in ``language``."""
        del resident_id, language
        return []

    def work_items(self, officer: OfficerCard) -> list[WorkItem]:
        """What waits for officers; asked while a page is drawn, so gettext speaks the officer's language."""
        del officer
        return []

    def held_orders(self, language: str) -> list[HeldOrder]:
        """What was ordered in held sessions and waits for the security officer, oldest first; see above."""
        del language
        return []

    def settle_held(self, number: str, officer: OfficerCard, *, release: bool, **signed_by: str) -> None:
        """Let a held order go on, or drop it; recorded with who signed.

        Raises:
            Refused: there is no such order, a colleague was faster, or this officer may not.
        """
        del officer, release, signed_by
        raise Refused("not_held", number=number)

    def notices(self) -> tuple[Notice, ...]:
        """This service's part of the public copy: notices in force or soon."""
        return ()

    def offered_models(self) -> tuple[OfferedModel, ...]:
        """This service's part of the public copy: models that residents may ask for."""
        return ()

    def picture(self, sha256: str) -> bytes | None:
        """The PNG of that hash, when this service has it and residents may see it."""
        del sha256
        return None
