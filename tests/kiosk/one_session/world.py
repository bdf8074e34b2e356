"""A hub and three kiosks whose lines are cut, deafened and held up at random, and one person with two sticks too many.

The hub, the kiosks, their databases and every envelope are the product's own; only the wire between them is made here,
and time, which passes when the world says so.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.hub.node import Hub
from kiosk.terminal import passes
from kiosk.terminal.session import (
    CredentialGone,
    Idle,
    PinEntry,
    SignedIn,
    StopPressed,
    TimePassed,
    Touched,
)
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock
from provisioning.config import Node
from provisioning.errors import Unavailable
from provisioning.identity import Keyring, NodeKey
from provisioning.sync import NodeClient
from provisioning.sync.client import CALL_PATH
from tests.kiosk.hub.hub_kit import make_nodes, people_in, start_hub, stick_of
from tests.kiosk.sticks import Stick

PERSON, PIN = "r-amira", "1234"
KIOSKS = ("kiosk-a", "kiosk-b", "kiosk-c")  # kiosk-a is the person's home
PROMISE_S, RENEW_S = 5.0, 3.0  # hubside: alone_after_s / PROMISES, RENEW_S


@dataclass
class Wire(NodeClient):
    """One kiosk's line to the hub."""

    def __init__(self, kiosk: Node, world: World, clock: FakeClock) -> None:
        super().__init__("hub", "http://nowhere", NodeKey.load(kiosk), Keyring.load(kiosk), clock)
        self._world = world
        self.how = (
            "fine"  # fine | cut | deaf (the answer is lost) | late (the question arrives later, if at all)
        )

    def _post(self, path: str, body: bytes, read_s: float = 0.0) -> bytes:
        del read_s
        how = self.how
        if how == "cut" or self._world.hub is None:
            raise Unavailable("peer_away", peer="hub")
        if how == "late":
            self._world.under_way.append((path, body))
            raise Unavailable("peer_slow", peer="hub")
        answer = self._world.hear(path, body)
        if how == "deaf":
            raise Unavailable("peer_slow", peer="hub")
        return answer


class Pause:
    """What waits inside a sign-in: the world goes on meanwhile."""

    def __init__(self, world: World) -> None:
        self._world = world

    def wait(self, seconds: float) -> bool:
        """Let time pass everywhere."""
        self._world.pass_time(seconds)
        return False

    def clear(self) -> None:
        """Nothing interrupts it: one thread does everything."""


@dataclass
class Place:
    """One kiosk: its process (None: switched off), its line, its clock, and what is plugged in."""

    node: Node
    clock: FakeClock
    wire: Wire
    terminal: Terminal | None = None
    plugged: Stick | None = None
    promise_at_s: float = 0.0
    renew_at_s: float = 0.0


@dataclass
class World:
    """Everything, and what happened in it."""

    base: Path
    seed: int
    rule: str = "take_over"
    hub: Hub | None = None
    under_way: list[tuple[str, bytes]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.choose = random.Random(self.seed)
        passes.MEMORY_KIB = 8  # the price of guessing a PIN has no part in this
        nodes = make_nodes(self.base, self.rule, KIOSKS)
        self._hub_node, self._clock = nodes["hub"], FakeClock()
        self._start_hub()
        assert self.hub is not None
        people_in(self.hub)
        self.sticks = []
        for number in range(2):
            stick_id = f"5A{number:04X}"
            self.hub.credentials.put("stick", stick_id, resident_id=PERSON)
            self.sticks.append(stick_of(self.hub, PERSON, stick_id))
        self.places = {name: self._place(nodes[name]) for name in KIOSKS}

    def _place(self, node: Node) -> Place:
        clock = FakeClock()
        clock.advance(self.choose.uniform(-15, 15))  # no two nodes agree about the time
        place = Place(node, clock, Wire(node, self, clock))
        self._switch_on(place)
        return place

    def _switch_on(self, place: Place) -> None:
        terminal = Terminal(place.node, place.clock, client=place.wire)
        terminal.entrance._pause = Pause(self)  # type: ignore[assignment]
        place.terminal, place.plugged = terminal, None

    def _start_hub(self) -> None:
        self.hub = start_hub(self._hub_node, self._clock)
        self.hub.signing_in.checker._which = lambda secret, *_: "own" if secret == PIN else ""

    # --- the wire ---

    def hear(self, path: str, body: bytes) -> bytes:
        """What the hub answers to an envelope."""
        assert self.hub is not None
        receiver = self.hub.receiver
        return receiver.answer(body) if path == CALL_PATH else receiver.take(body)

    # --- time ---

    def pass_time(self, seconds: float) -> None:
        """Let time pass in small pieces; each kiosk's thread does what is due."""
        while seconds > 0:
            piece = min(seconds, 2.5)
            seconds -= piece
            self._clock.advance(piece)
            for place in self.places.values():
                place.clock.advance(piece)
            for place in self.places.values():
                self._turn(place)
            self.look()

    def _turn(self, place: Place) -> None:
        terminal, now_s = place.terminal, place.clock.monotonic_s()
        if terminal is None:
            return
        if now_s >= place.promise_at_s:
            place.promise_at_s = now_s + PROMISE_S
            terminal.hub.promise()
        terminal.own_word.look()
        terminal.keeper.feed(TimePassed())
        if now_s >= place.renew_at_s:
            place.renew_at_s = now_s + RENEW_S
            terminal._renew()
        self._drain(terminal)

    def _drain(self, terminal: Terminal) -> None:
        try:
            terminal.hub.drain.drain_once()
        except Unavailable:
            self.seen["message waits"] += 1

    # --- what must never be ---

    def look(self) -> None:
        """Look at all screens.

        Raises:
            AssertionError: two of them hold the person.
        """
        held = [name for name, place in self.places.items() if self._holds(place)]
        assert len(held) <= 1, f"seed {self.seed}: {held} hold one person after {dict(self.seen)}"

    def _holds(self, place: Place) -> bool:
        if place.terminal is None:
            return False
        state = place.terminal.keeper.state
        return isinstance(state, SignedIn) and state.person.resident_id == PERSON

    # --- what happens ---

    def act(self) -> None:
        """Something happens somewhere."""
        place = self.places[self.choose.choice(KIOSKS)]
        deeds: list[tuple[int, Callable[[Place], None]]] = [
            (8, self._duel),
            (24, self._split),
            (50, self._come),
            (14, self._stay),
            (10, self._leave),
            (3, self._switch),
            (1, self._restart_hub),
            (6, self._deliver_late),
        ]
        weights, acts = zip(*deeds, strict=True)
        self.choose.choices(acts, weights)[0](place)
        self.look()
        self.pass_time(self.choose.choice([0.3, 1, 3, 8, 20, 35, 100]))

    def _split(self, place: Place) -> None:
        """The line of one kiosk breaks in one of three ways, or is whole again."""
        how = self.choose.choice(["cut", "deaf", "late", "fine", "fine", "fine"])
        if how not in {"fine", place.wire.how}:
            self.seen["split"] += 1
        place.wire.how = how

    def _duel(self, other: Place) -> None:
        """The home kiosk's line breaks, and both sticks come at about the same time: there, and elsewhere."""
        home = self.places["kiosk-a"]
        other.wire.how, pauses = "fine", [0.1, 2, 12, 27, 31, 45]
        self._leave(home)
        self._leave(other)
        if self.choose.random() < 0.7:
            home.wire.how = "fine"
            self.pass_time(12)
            self._come(home)
            self._leave(home)
        home.wire.how = self.choose.choice(["cut", "deaf", "late"])
        self.seen["split"] += 1
        self.pass_time(self.choose.choice(pauses))
        first, second = self.choose.sample([home, other], 2)
        for place in (first, second):
            self._come(place)
            if self.choose.random() < 0.3:
                home.wire.how = "fine"
            self.look()
            self.pass_time(self.choose.choice(pauses))
        self.seen["duels"] += 1

    def _come(self, place: Place) -> None:
        """The person, or whoever has the other stick, plugs it in and types the code."""
        free = [
            stick for stick in self.sticks if all(one.plugged is not stick for one in self.places.values())
        ]
        if place.terminal is None or not free or isinstance(place.terminal.keeper.state, SignedIn):
            return
        place.terminal.keeper.feed(CredentialGone("stick"))
        terminal, stick = place.terminal, self.choose.choice(free)
        place.plugged = stick
        terminal.entrance.reader = stick
        terminal.arrivals.saw(terminal.arrivals._tickets.credential_of(stick.seen()))
        self.look()
        if isinstance(terminal.keeper.state, PinEntry):
            terminal.entrance.sign_in(PIN)
        state = terminal.keeper.state
        if isinstance(state, SignedIn):
            self.seen["signed in by its own word" if state.is_offline else "signed in"] += 1
        else:
            self.seen[str(getattr(state, "code", type(state).__name__))] += 1

    def _stay(self, place: Place) -> None:
        """Somebody goes on using the screen, for minutes."""
        for _ in range(self.choose.choice([1, 8, 40])):
            if place.terminal is None or not isinstance(place.terminal.keeper.state, SignedIn):
                return
            place.terminal.keeper.feed(Touched())
            self.pass_time(25)
            self.seen["stayed"] += 1

    def _leave(self, place: Place) -> None:
        """Stop, or pull the stick."""
        if place.terminal is not None:
            event = self.choose.choice([StopPressed(), CredentialGone("stick")])
            place.terminal.keeper.feed(event)
            if isinstance(event, CredentialGone) or isinstance(place.terminal.keeper.state, Idle):
                place.plugged = None

    def _switch(self, place: Place) -> None:
        """Power off without a word, or on again."""
        if place.terminal is None:
            self._switch_on(place)
            return
        place.terminal.db.close()
        place.terminal, place.plugged = None, None
        self.seen["switched off"] += 1

    def _restart_hub(self, _place: Place) -> None:
        assert self.hub is not None
        self.hub.store.close()
        self._start_hub()
        self.seen["hub restarted"] += 1

    def _deliver_late(self, _place: Place) -> None:
        """What was under way arrives, in any order; nobody waits for the answer any more."""
        self.choose.shuffle(self.under_way)
        for path, body in self.under_way:
            self.hear(path, body)
            self.seen["arrived late"] += 1
        self.under_way.clear()

    def close(self) -> None:
        """Let everything go."""
        for place in self.places.values():
            if place.terminal is not None:
                place.terminal.db.close()
        if self.hub is not None:
            self.hub.store.close()
