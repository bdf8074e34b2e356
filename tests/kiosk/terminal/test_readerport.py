"""Orders from the pages to the reader: each is answered once, by whom it concerns, whatever dies in between."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioning.config import Node
from provisioning.identity import fido
from provisioning.identity.attestation import Models
from provisioning.linesock import MAX_LINE_BYTES, dial
from provisioning.readers.stick.places import SLOT_AT
from provisioning.readers.words import (
    BadgeGone,
    BadgeSeen,
    Did,
    EnrolKey,
    FormatStick,
    KeyGone,
    KeySeen,
    Lift,
    Plug,
    PlugKey,
    Pull,
    PullKey,
    ReaderReady,
    ReaderWord,
    SignWithKey,
    StickGone,
    StickSeen,
    Tear,
    Touch,
    TouchKey,
    TouchWanted,
    WriteSlot,
    line,
)
from provisioning.sim.stick import issue, make_blank, make_foreign
from tests.kiosk.terminal.reader_kit import Pages, agent, bench, make_kiosk, pages
from tests.provisioning.stick.stick_kit import Hub, header_sector, ticket_sector
from tests.support import wait_until

RUN = (
    "from pathlib import Path; from provisioning.readers.agent import run; import sys; run(Path(sys.argv[1]))"
)
PIN = "271828"
PARTY = fido.kiosk_party("test")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


@pytest.fixture
def node(run_dir: Path) -> Node:
    made = make_kiosk(run_dir)
    made.run_dir.mkdir()
    return made


@pytest.fixture
def stick(run_dir: Path) -> Path:
    return issue(run_dir / "stick.img", header_sector(), ticket_sector(1))


@pytest.fixture
def key(run_dir: Path) -> Path:
    return run_dir / "key.json"


def slot_of(image: Path, index: int) -> bytes:
    with image.open("rb") as file:
        file.seek(SLOT_AT[index])
        return file.read(512)


@contextmanager
def together(node: Node) -> Iterator[Pages]:
    with pages(node) as made, agent(node):
        wait_until(made.has_reader, 20, what="the agent")
        yield made


# --- the port -----------------------------------------------------------------------------------------------------


def test_without_a_reader_the_answer_is_away_at_once(node: Node) -> None:
    with pages(node) as here:
        assert here.port.ask(WriteSlot("o", 0, bytes(512)), 60) == Did("o", "reader_away")
    assert here.port.ask(WriteSlot("o", 0, bytes(512)), 60) == Did("o", "reader_away")


def test_a_port_that_ends_answers_whoever_waits(node: Node) -> None:
    with ThreadPoolExecutor(1) as pool:
        with pages(node) as here, dial(node.run_dir / "reader.sock") as silent:
            silent.sendall(line(ReaderReady("none")))
            wait_until(here.has_reader, what="the agent")
            waiting = pool.submit(here.port.ask, WriteSlot("o", 0, bytes(512)), 60)
            silent.settimeout(10)
            assert b'"order":"o"' in silent.recv(4096)
        assert waiting.result(10) == Did("o", "reader_away")


def test_an_agent_that_comes_anew_has_none_of_the_former_ones_orders(node: Node) -> None:
    with ThreadPoolExecutor(1) as pool, pages(node) as here, dial(node.run_dir / "reader.sock") as former:
        former.sendall(line(ReaderReady("none")))
        wait_until(here.has_reader, what="the agent")
        waiting = pool.submit(here.port.ask, WriteSlot("o", 0, bytes(512)), 60)
        former.settimeout(10)
        assert b'"order":"o"' in former.recv(4096)
        with dial(node.run_dir / "reader.sock") as newer:
            newer.sendall(line(ReaderReady("none")))
            assert waiting.result(10) == Did("o", "reader_away")
            assert former.recv(1) == b""  # hung up


def test_the_first_answer_counts_and_one_to_a_question_nobody_asked_is_dropped(node: Node) -> None:
    with ThreadPoolExecutor(1) as pool, pages(node) as here, dial(node.run_dir / "reader.sock") as reader:
        reader.sendall(line(ReaderReady("none")) + line(Did("never asked")))
        wait_until(here.has_reader, what="the agent")
        waiting = pool.submit(here.port.ask, WriteSlot("o", 0, bytes(512)), 60)
        reader.settimeout(10)
        reader.recv(4096)
        reader.sendall(line(Did("o", "first")) + line(Did("o", "second")))
        assert waiting.result(10).code == "first"
        reader.sendall(line(BadgeSeen("04A1")))
        here.hears(BadgeSeen)
        assert here.heard == [BadgeSeen("04A1")]


def test_an_order_under_way_is_not_given_twice_and_its_name_is_free_when_it_is_done(node: Node) -> None:
    order = WriteSlot("o", 0, bytes(512))
    with ThreadPoolExecutor(1) as pool, pages(node) as here, dial(node.run_dir / "reader.sock") as reader:
        reader.sendall(line(ReaderReady("none")))
        wait_until(here.has_reader, what="the agent")
        for _ in range(3):
            waiting = pool.submit(here.port.ask, order, 60)
            reader.settimeout(10)
            reader.recv(4096)
            with pytest.raises(ValueError, match="already"):
                here.port.ask(order, 60)
            reader.sendall(line(Did("o")))
            assert waiting.result(10) == Did("o")


def test_a_slow_reader_is_told_to_stop_and_its_late_answer_harms_nobody(node: Node) -> None:
    with pages(node) as here, dial(node.run_dir / "reader.sock") as reader:
        reader.sendall(line(ReaderReady("none")))
        wait_until(here.has_reader, what="the agent")
        assert here.port.ask(WriteSlot("o", 0, bytes(512)), 0.05).code == "reader_slow"
        reader.settimeout(10)
        said = b""
        while said.count(b"\n") < 2:
            said += reader.recv(4096)
        assert b'"cancel_order","order":"o"' in said
        reader.sendall(line(Did("o")) + line(BadgeSeen("04A1")))
        here.hears(BadgeSeen)


def test_the_ports_own_thread_may_not_wait_for_itself(node: Node) -> None:
    refused: list[str] = []
    done = threading.Event()

    def ask(_word: ReaderWord) -> None:
        with pytest.raises(RuntimeError) as raised:
            here.port.ask(WriteSlot("o", 0, bytes(512)), 1)
        refused.append(str(raised.value))
        done.set()

    with pages(node, ask) as here, dial(node.run_dir / "reader.sock") as reader:
        reader.sendall(line(ReaderReady("none")) + line(BadgeSeen("04A1")))
        assert done.wait(10)
    assert refused == ["the reader's thread would wait for itself"]


def test_an_order_longer_than_a_line_is_refused_here_and_the_largest_words_fit(node: Node) -> None:
    with pages(node) as here, agent(node):
        wait_until(here.has_reader, what="the agent")
        assert here.port.ask(SignWithKey("o", b"x" * MAX_LINE_BYTES, PIN), 1).code == "order_too_long"
    many = fido.authentication_options(PARTY, fido.make_challenge("k", "p", NOW, allowed=(b"c" * 64,) * 250))
    for word in (
        StickSeen("ours", bytes(512), (bytes(512), bytes(512))),
        FormatStick("o" * 32, bytes(512), bytes(512)),
        SignWithKey("o" * 32, many, PIN),
    ):
        assert len(line(word)) < MAX_LINE_BYTES


# --- sticks -------------------------------------------------------------------------------------------------------


def test_a_stick_is_told_with_its_sectors_written_and_told_anew_to_pages_that_come_back(
    node: Node, stick: Path
) -> None:
    with agent(node):
        with pages(node) as here:
            wait_until(here.has_reader, 20, what="the agent")
            bench(node, Plug(str(stick)))
            assert here.hears(StickSeen) == StickSeen("ours", header_sector(), (ticket_sector(1), bytes(512)))
            assert here.port.ask(WriteSlot("o1", 1, ticket_sector(2)), 20) == Did("o1")
            assert slot_of(stick, 1) == ticket_sector(2)
        with pages(node) as here:
            assert here.hears(StickSeen).slots == (ticket_sector(1), ticket_sector(2))
            bench(node, Pull())
            here.hears(StickGone)
            assert here.port.ask(WriteSlot("o2", 0, ticket_sector(3)), 20).code == "stick_gone"
    assert slot_of(stick, 0) == ticket_sector(1)


def test_a_blank_stick_becomes_ours_and_one_from_a_shop_only_when_an_officer_says_so(
    node: Node, run_dir: Path
) -> None:
    blank, shop = make_blank(run_dir / "blank.img"), make_foreign(run_dir / "shop.img")
    order = FormatStick("o1", header_sector(), ticket_sector(1))
    with together(node) as here:
        bench(node, Plug(str(blank)))
        assert here.hears(StickSeen).state == "blank"
        assert here.port.ask(WriteSlot("o0", 0, ticket_sector(2)), 20).code == "stick_gone"  # it has no slots
        assert slot_of(blank, 0) == bytes(512)
        assert here.port.ask(order, 60) == Did("o1")
        bench(node, Plug(str(shop)))
        assert here.hears(StickSeen, 2).state == "foreign"
        assert here.port.ask(FormatStick("o2", order.header, order.ticket), 60).code == "stick_not_blank"
        assert here.port.ask(FormatStick("o3", order.header, order.ticket, erase=True), 60) == Did("o3")
        bench(node, Plug(str(blank)))
        assert here.hears(StickSeen, 3) == StickSeen("ours", order.header, (order.ticket, bytes(512)))


def test_what_is_out_and_in_again_in_one_breath_was_out(node: Node, stick: Path, key: Path) -> None:
    with together(node) as here:
        bench(node, Plug(str(stick)), PlugKey(str(key)))
        here.hears(StickSeen)
        here.hears(KeySeen)
        bench(node, Pull(), Plug(str(stick)), PullKey(), PlugKey(str(key)))
        here.hears(StickSeen, 2)
        here.hears(KeySeen, 2)
        gone = [one for one in here.heard if isinstance(one, StickGone | KeyGone)]
        assert sorted(type(one).__name__ for one in gone) == ["KeyGone", "StickGone"]


def test_sectors_that_are_none_never_reach_the_stick(node: Node, stick: Path) -> None:
    with together(node) as here:
        bench(node, Plug(str(stick)))
        here.hears(StickSeen)
        for order in (
            WriteSlot("a", 2, bytes(512)),
            WriteSlot("b", 0, bytes(511)),
            FormatStick("c", b"", bytes(512)),
        ):
            assert here.port.ask(order, 20).code == "order_unreadable"
    assert slot_of(stick, 0) == ticket_sector(1)


@pytest.mark.parametrize("after_bytes", [0, 1, 200, 511])
def test_a_stick_torn_out_of_a_write_says_gone_and_signs_in_again(
    node: Node, stick: Path, after_bytes: int
) -> None:
    hub = Hub(1)
    with together(node) as here:
        bench(node, Plug(str(stick)))
        index, sector = hub.offer(here.hears(StickSeen).slots)  # type: ignore[arg-type]
        bench(node, Tear(after_bytes), Touch("04A1B2C3"))
        here.hears(BadgeSeen)  # so the lever is pulled
        assert here.port.ask(WriteSlot("o", index, sector), 20).code == "stick_gone"
        here.hears(StickGone)
        assert slot_of(stick, index) != sector
        bench(node, Plug(str(stick)))
        again = here.hears(StickSeen, 2)
        assert hub.shown(again.slots) == "good"  # type: ignore[arg-type]
        index, sector = hub.offer(again.slots)  # type: ignore[arg-type]
        assert here.port.ask(WriteSlot("o2", index, sector), 20) == Did("o2")


def test_many_at_once_get_their_own_answers(node: Node, stick: Path) -> None:
    with together(node) as here, ThreadPoolExecutor(20) as pool:
        bench(node, Plug(str(stick)))
        here.hears(StickSeen)
        orders = [WriteSlot(f"o{number}", 1, ticket_sector(2)) for number in range(40)]
        assert list(pool.map(lambda order: here.port.ask(order, 30), orders)) == [
            Did(one.order) for one in orders
        ]


@contextmanager
def process(node: Node) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", RUN, str(node.path)], env=dict(os.environ)) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("writes", [0, 1, 3])
def test_a_reader_killed_in_mid_write_leaves_a_ticket_that_the_next_one_reads(
    node: Node, stick: Path, writes: int, moment: str
) -> None:
    hub = Hub(1)
    with pages(node) as here, ThreadPoolExecutor(1) as pool:
        with process(node) as reader:
            bench(node, Plug(str(stick)))
            slots = here.hears(StickSeen).slots
            for number in range(writes):
                index, sector = hub.offer(slots)  # type: ignore[arg-type]
                assert here.port.ask(WriteSlot(f"o{number}", index, sector), 20).code == ""
                hub.confirm()
                slots = (sector, slots[1]) if index == 0 else (slots[0], sector)
            index, sector = hub.offer(slots)  # type: ignore[arg-type]
            last = pool.submit(here.port.ask, WriteSlot("last", index, sector), 20)
            if moment == "after":
                wait_until(lambda: slot_of(stick, index) == sector, what="the ticket lies there")
            reader.kill()
            assert last.result(20).code in {"", "reader_away"}
        with process(node):
            again = here.hears(StickSeen, 2)
            wanted = {"promoted"} if moment == "after" else {"good", "promoted"}
            assert hub.shown(again.slots) in wanted  # type: ignore[arg-type]
            index, sector = hub.offer(again.slots)  # type: ignore[arg-type]
            assert here.port.ask(WriteSlot("next", index, sector), 20) == Did("next")


# --- keys ---------------------------------------------------------------------------------------------------------


def enrol(here: Pages, node: Node, key: Path) -> fido.SecurityKey:
    """A virtual key with a credential, its finger away."""
    challenge = fido.make_challenge("k", "enrol", NOW, holder=b"somebody")
    options = fido.registration_options(PARTY, Models(unattested=True), challenge)
    bench(node, PlugKey(str(key)), TouchKey(touched=True))
    here.hears(KeySeen)
    did = here.port.ask(EnrolKey("enrol", options, PIN), 30)
    assert did.code == ""
    bench(node, TouchKey(touched=False))
    return fido.complete_registration(
        PARTY, Models(unattested=True), challenge, did.data, place="k", purpose="enrol", now=NOW
    )


def sign_order(name: str, pin: str = PIN) -> tuple[fido.Challenge, SignWithKey]:
    challenge = fido.make_challenge("k", "sign_in", NOW)
    return challenge, SignWithKey(name, fido.authentication_options(PARTY, challenge), pin)


def test_a_key_asks_for_a_finger_signs_and_badges_are_read_meanwhile(node: Node, key: Path) -> None:
    with together(node) as here, ThreadPoolExecutor(1) as pool:
        held = enrol(here, node, key)
        challenge, order = sign_order("sign")
        waiting = pool.submit(here.port.ask, order, 30)
        wait_until(lambda: TouchWanted("sign") in here.heard, what="the key asks")
        bench(node, Touch("04A1B2C3"), Lift())
        here.hears(BadgeGone)
        assert not waiting.done()
        bench(node, TouchKey(touched=True))
        did = waiting.result(30)
        signed = fido.complete_authentication(
            PARTY, [held], challenge, did.data, place="k", purpose="sign_in", now=NOW
        )
        assert signed.sign_count > held.sign_count
        bench(node, PullKey())
        here.hears(KeyGone)
        assert here.port.ask(sign_order("late")[1], 30).code == "key_gone"


def test_a_wrong_pin_is_told_with_the_tries_that_are_left(node: Node, key: Path) -> None:
    with together(node) as here:
        enrol(here, node, key)
        assert here.port.ask(sign_order("o1", "999999")[1], 30) == Did("o1", "pin_wrong", 7)
        assert here.port.ask(sign_order("o2", "999999")[1], 30) == Did("o2", "pin_wrong", 6)


def test_who_walks_away_ends_the_keys_waiting_and_the_next_person_is_served(node: Node, key: Path) -> None:
    with together(node) as here, ThreadPoolExecutor(1) as pool:
        enrol(here, node, key)
        waiting = pool.submit(here.port.ask, sign_order("first")[1], 30)
        wait_until(lambda: TouchWanted("first") in here.heard, what="the key asks")
        here.port.cancel("first")
        assert waiting.result(30).code == "key_cancelled"
        assert here.port.ask(sign_order("second")[1], 0.2).code == "reader_slow"  # nobody touches
        bench(node, TouchKey(touched=True))
        assert here.port.ask(sign_order("third")[1], 30).code == ""


def test_a_key_pulled_while_it_waits_is_gone(node: Node, key: Path) -> None:
    with together(node) as here, ThreadPoolExecutor(1) as pool:
        enrol(here, node, key)
        waiting = pool.submit(here.port.ask, sign_order("o")[1], 30)
        wait_until(lambda: TouchWanted("o") in here.heard, what="the key asks")
        bench(node, PullKey())
        assert waiting.result(30).code == "key_gone"
        here.hears(KeyGone)


def test_an_agent_that_goes_while_a_key_waits_leaves_nobody_waiting(node: Node, key: Path) -> None:
    with ThreadPoolExecutor(1) as pool, pages(node) as here:
        with agent(node):
            wait_until(here.has_reader, what="the agent")
            enrol(here, node, key)
            waiting = pool.submit(here.port.ask, sign_order("o")[1], 60)
            wait_until(lambda: TouchWanted("o") in here.heard, what="the key asks")
        assert waiting.result(30).code == "reader_away"
    assert threading.active_count() < 20


def test_a_node_without_sockets_says_that_it_has_none(run_dir: Path) -> None:
    from tests.provisioning.node_kit import make_site

    node = make_site(run_dir, {"k": "kiosk"})["k"]
    with together(node) as here:
        assert here.port.ask(WriteSlot("o1", 0, bytes(512)), 20).code == "no_reader"
        assert here.port.ask(SignWithKey("o2", b"{}", PIN), 20).code == "no_reader"
