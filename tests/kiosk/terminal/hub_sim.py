"""A small hub on loopback for kiosk tests: real envelopes, real HTTP, a handful of residents, everything it heard."""

from __future__ import annotations

import hashlib
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from flask import Flask

from kiosk.hub.policy.ruling import SHIPPED
from kiosk.policy.signed import sign_policy
from provisioning.clock import Clock, iso, iso_after
from provisioning.config import Node
from provisioning.contracts import (
    AgreementSigned,
    AgreementText,
    BlockHere,
    CheckPasses,
    Contract,
    CopyFound,
    EndSession,
    Factor,
    Lease,
    MyRequests,
    Notice,
    Objection,
    OfferedModel,
    OfficerBadge,
    PassesStanding,
    Pending,
    Picture,
    PictureBytes,
    PrintRequest,
    PublicCopy,
    PublicCopyAnswer,
    RenewLease,
    RequestList,
    RequestStep,
    RequestView,
    ResidentCard,
    SignIn,
    Standing,
    Suspension,
    TakeUp,
    Welcome,
    WhoComes,
)
from provisioning.errors import PassageError, Refused
from provisioning.identity import Keyring, NodeKey
from provisioning.identity.stick import Ticket, read_ticket, sign_ticket
from provisioning.ids import new_key
from provisioning.store import open_store
from provisioning.store.mail import MAIL
from provisioning.sync import Receiver
from provisioning.web.node_api import node_api
from provisioning.web.serve import Server


def _badge(uid: str) -> str:
    """The badge of the person whose stick this is: its number with a mark before it."""
    return uid.removeprefix(STICK_MARK)


def png_of(grey: int) -> bytes:
    """A real 8 x 8 PNG in one grey (PNG specification, third edition: greyscale, 8 bits)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + bytes([grey]) * 8 for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


STICK_MARK = "57"
PNG = png_of(200)
PNG_SHA = hashlib.sha256(PNG).hexdigest()
PRICE_CENTS = 120

GAUGE = OfferedModel(
    model_id="step-gauge",
    gcode_sha256="a" * 64,
    title={
        "nl": "Trapmaatje",
        "en": "Step gauge",
        "ar": "مقياس متدرج",
        "fr": "Jauge à gradins",
        "de": "Stufenlehre",
    },
    purpose={"en": "To learn measuring.", "nl": "Om te leren meten.", "ar": "لتعلّم القياس."},
    grams=6.3,
    seconds=34 * 60,
    price_cents=PRICE_CENTS,
    colours=("white", "blue", "black"),
    max_copies=3,
    picture_sha256=PNG_SHA,
)
HOOK = OfferedModel(
    model_id="hook",
    gcode_sha256="b" * 64,
    title={"nl": "Handdoekhaak", "en": "Towel hook", "ar": "علّاقة منشفة", "fr": "Crochet", "de": "Haken"},
    purpose={"en": "For your towel.", "nl": "Voor uw handdoek.", "ar": "لمنشفتك."},
    grams=11.8,
    seconds=3720,
    price_cents=0,
    colours=("blue",),
    max_copies=1,
    picture_sha256="",
)


@dataclass
class HubSim:
    """What the hub knows and what it was told. ``people`` maps a badge to its PIN and card."""

    node: Node
    clock: Clock
    people: dict[str, tuple[str, ResidentCard]]
    may_offline: bool = True
    balance_cents: int = 500
    etag: str = "1"
    notices: tuple[Notice, ...] = ()
    models: tuple[OfferedModel, ...] = (GAUGE, HOOK)
    sessions: dict[str, str] = field(default_factory=dict)  # session id -> resident id
    ended: dict[str, str] = field(default_factory=dict)  # session id -> why
    requests: list[RequestView] = field(default_factory=list)
    heard: list[Contract] = field(default_factory=list)
    strong: set[str] = field(default_factory=set)  # sessions that began with a stick
    sign_ins: int = 0
    asked_passes: list[CheckPasses] = field(default_factory=list)
    refuse_with: PassageError | None = None
    refuse_at: frozenset[type[Contract]] = frozenset({WhoComes, SignIn})  # the questions that get that no
    policy: bytes = b""  # the shipped one, unless a test gives another
    regime: str = ""
    suspensions: tuple[Suspension, ...] = ()
    agreement: AgreementText | None = None  # none, unless a test brings one: people have nothing to sign
    fallen: set[str] = field(default_factory=set)  # stamps of passes that stand no more
    paused: set[str] = field(default_factory=set)  # stamps of passes whose person is elsewhere
    counters: dict[str, int] = field(default_factory=dict)  # stick -> the ticket that it must show
    claims: dict[str, tuple[str, int]] = field(default_factory=dict)  # claim -> stick, its next ticket
    elsewhere: str = ""  # the kiosk that must let go before anybody gets a lease
    factor: Factor = "pin"
    officers: set[str] = field(default_factory=set)  # numbers of officers' badges

    def __post_init__(self) -> None:
        self.policy = self.policy or self.sign(SHIPPED.read_text())
        store = open_store(self.node.state_dir / "hub.sqlite", [MAIL])
        self._key = NodeKey.load(self.node)
        receiver = Receiver(self._key, Keyring.load(self.node), store, self.clock)
        for kind, answer in (
            (WhoComes, self._welcome),
            (SignIn, self._sign_in),
            (TakeUp, self._take_up),
            (RenewLease, self._renew),
            (MyRequests, self._requests),
            (PublicCopy, self._copy),
            (Picture, self._picture),
            (CheckPasses, self._check_passes),
        ):
            receiver.on_call(kind, answer)
        for message in (PrintRequest, Objection, BlockHere, CopyFound, EndSession, AgreementSigned):
            receiver.on_message(message, self._hear)
        self._store = store
        self.receiver = receiver
        self.app = Flask("hub-sim")
        self.app.register_blueprint(node_api(receiver))

    def sign(self, text: str) -> bytes:
        """A policy's text with this hub's signature."""
        return sign_policy(text, NodeKey.load(self.node))

    @contextmanager
    def on_air(self) -> Iterator[None]:
        """Reachable for the length of the block, at the address that the kiosk knows."""
        server = Server(self.app, self.node.listen, threads=2)
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            yield
        finally:
            server.stop()
            thread.join()

    def close(self) -> None:
        """Let the database go."""
        self._store.close()

    def heard_of(self, kind: type[Contract]) -> list[Contract]:
        """The messages of one kind, each counted once."""
        return [message for message in self.heard if isinstance(message, kind)]

    # --- answers ---

    def _refuse(self, asked: Contract) -> None:
        if self.refuse_with is not None and type(asked) in self.refuse_at:
            raise self.refuse_with

    def _welcome(self, sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, WhoComes)
        assert sender == asked.kiosk_id
        self._refuse(asked)
        if asked.uid in self.officers:
            return Welcome(is_officer=True)
        known = self.people.get(_badge(asked.uid))
        return Welcome(language=known[1].language, factor=self.factor) if known else Welcome()

    def _sign_in(self, sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, SignIn)
        assert sender == asked.kiosk_id
        self.sign_ins += 1
        self._refuse(asked)
        if _badge(asked.uid) not in self.people:
            raise Refused("badge_unknown")
        pin, _card = self.people[_badge(asked.uid)]
        if asked.pin != pin:
            raise Refused("pin_wrong", tries_left=4)
        claim_id = new_key()
        self.claims[claim_id] = (asked.uid, 0)
        if asked.credential == "stick":
            ticket = read_ticket(asked.ticket, self._key.key.public_key(), self.node.site.site_id)
            if ticket.counter < self.counters.get(asked.uid, 1):
                raise Refused("stick_copied")
            self.claims[claim_id] = (asked.uid, ticket.counter + 1)
        return self._go_on(claim_id, written=asked.credential != "stick")

    def _take_up(self, sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, TakeUp)
        assert sender == asked.kiosk_id
        self._refuse(asked)
        if asked.claim_id not in self.claims:
            raise Refused("session_taken_over")
        return self._go_on(asked.claim_id, written=asked.written)

    def _go_on(self, claim_id: str, *, written: bool) -> Contract:
        uid, counter = self.claims[claim_id]
        if not written or self.elsewhere:
            return Pending(
                claim_id=claim_id,
                ticket=b"" if written else self._ticket(uid, counter),
                elsewhere=self.elsewhere,
                until_utc=iso_after(self.clock, 900) if self.elsewhere else "",
            )
        del self.claims[claim_id]
        session_id = new_key()
        self.sessions[session_id] = self.people[_badge(uid)][1].resident_id
        if counter:
            self.counters[uid] = counter
            self.strong.add(session_id)
        return msgspec.structs.replace(self._lease(session_id), counter=counter)

    def _ticket(self, uid: str, counter: int) -> bytes:
        site_id, now = self.node.site.site_id, iso(self.clock.now_utc())
        ticket = Ticket(
            site_id=site_id, stick_id=uid, holder="0" * 32, counter=counter, at_utc=now, nonce=new_key()
        )
        return sign_ticket(ticket, self._key)

    def _lease(self, session_id: str) -> Lease:
        card = next(card for _, card in self.people.values() if card.resident_id == self.sessions[session_id])
        return Lease(
            session_id=session_id,
            resident=card,
            until_utc=iso_after(self.clock, 900),
            balance_cents=self.balance_cents,
            pass_stamp=f"stamp-{card.resident_id}",
            may_offline=self.may_offline and session_id in self.strong,
            standing=Standing(
                resident_id=card.resident_id,
                regime=self.regime,
                site_id="test",
                kiosk_id="kiosk-1",
                place="A",
                suspensions=self.suspensions,
            ),
            policy_sha256=hashlib.sha256(self.policy).hexdigest(),
            agreement_due=self._due(card.resident_id),
        )

    def _due(self, resident_id: str) -> int:
        version = self.agreement.version if self.agreement else 0
        signed = self.heard_of(AgreementSigned)
        is_signed = any(
            isinstance(one, AgreementSigned) and (one.resident_id, one.version) == (resident_id, version)
            for one in signed
        )
        return 0 if is_signed else version

    def _renew(self, _sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, RenewLease)
        return self._lease(self._running(asked.session_id))

    def _running(self, session_id: str) -> str:
        if session_id in self.ended or session_id not in self.sessions:
            raise Refused("session_ended", why=self.ended.get(session_id, "unknown"))
        return session_id

    def _requests(self, _sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, MyRequests)
        self._running(asked.session_id)
        return RequestList(requests=tuple(self.requests), balance_cents=self.balance_cents)

    def _copy(self, _sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, PublicCopy)
        version = self.agreement.version if self.agreement else 0
        etag = f"{self.etag}{version}{hashlib.sha256(self.policy).hexdigest()}"
        if asked.etag == etag:
            return PublicCopyAnswer(etag=etag, changed=False)
        return PublicCopyAnswer(
            etag=etag,
            changed=True,
            notices=self.notices,
            models=self.models,
            policy=self.policy,
            agreement=self.agreement,
        )

    def _check_passes(self, _sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, CheckPasses)
        self.asked_passes.append(asked)
        return PassesStanding(
            stamps=tuple(one for one in asked.stamps if one not in self.fallen),
            paused=tuple(one for one in asked.stamps if one in self.paused),
            as_of=str(len(self.asked_passes)),
            officers=(OfficerBadge(officer_id="o-nadia", uid="0FF1CE"),),
        )

    def _picture(self, _sender: str, asked: Contract) -> Contract:
        assert isinstance(asked, Picture)
        if asked.sha256 != PNG_SHA:
            raise Refused("picture_unknown")
        return PictureBytes(sha256=asked.sha256, png=PNG)

    # --- messages ---

    def _hear(self, _sender: str, message: Contract) -> None:
        self.heard.append(message)
        if isinstance(message, EndSession):
            self.ended.setdefault(message.session_id, message.why)
        if isinstance(message, PrintRequest) and not any(
            view.request_key == message.request_key for view in self.requests
        ):
            self.requests.insert(0, self._view(message))

    def _view(self, wish: PrintRequest) -> RequestView:
        now = iso(self.clock.now_utc())
        model = next(model for model in self.models if model.model_id == wish.model_id)
        return RequestView(
            request_key=wish.request_key,
            number=f"R-{len(self.requests):06d}",
            service="printing",
            title=model.title["en"],
            state="received",
            steps=(RequestStep(state="received", at_utc=now),),
            ask_whom="Ask the workshop officer.",
            model_id=wish.model_id,
            colour=wish.colour,
            copies=wish.copies,
            price_cents=model.price_cents * wish.copies,
        )
