"""Twenty officers at once, and a hub that dies at any instant: decision, money and order stay together."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from provisioning.audit.trail import verify_trail
from provisioning.clock import SystemClock
from provisioning.contracts import PrintOrder
from provisioning.errors import Refused
from provisioning.identity import NodeKey
from tests.kiosk.services.printing.kit import Hub, make_hub_folder, officer, open_hub

TOP = Path(__file__).parents[4]


def check(hub: Hub) -> None:
    """A yes has exactly one order and one debit; a no has neither; a refund has its failure."""
    approved = {row["request_key"] for row in hub.store.rows(
        "SELECT request_key FROM print_decisions WHERE verdict = 'approved'"
    )}  # fmt: skip
    ordered = [
        row["subject"] for row in hub.store.rows("SELECT subject FROM outbox WHERE kind = 'PrintOrder/1'")
    ]
    paid = [row["key"] for row in hub.store.rows("SELECT key FROM move WHERE kind = 'debit'")]
    assert sorted(ordered) == sorted(approved)
    assert sorted(paid) == sorted(f"debit/{key}" for key in approved)
    given_back = {row["key"] for row in hub.store.rows("SELECT key FROM move WHERE kind = 'refund'")}
    failed = {row["request_key"] for row in hub.store.rows(
        "SELECT request_key FROM print_requests WHERE state = 'failed' AND ended = 1 AND refunded = 1"
    )}  # fmt: skip
    assert given_back == {f"refund/{key}" for key in failed}
    decided = hub.store.rows("SELECT subject FROM audit WHERE action = 'request_decided'")
    assert len(decided) == hub.count("print_decisions")
    assert hub.ledger.is_sound()
    key = NodeKey.load(hub.context.node)
    assert verify_trail(hub.store.path, key.node_id, key.key.public_key()) is None


def test_twenty_officers_at_once_make_one_decision_one_debit_and_one_order(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    start, outcomes = threading.Barrier(20), []

    def decide(number: int) -> None:
        card = officer(f"o-{number}", "workshop")
        start.wait()
        try:
            if number % 2:
                hub.service.deciding.approve(key, card)
            else:
                hub.service.deciding.refuse(key, card, "unsafe")
            outcomes.append("decided")
        except Refused as error:
            outcomes.append(error.reason)

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided"] + ["request_decided"] * 19
    assert hub.count("print_decisions") == 1
    check(hub)


def test_twenty_signatures_at_once_fill_two_slots_with_two_people(hub: Hub) -> None:
    from tests.kiosk.services.printing.kit import sheet

    hub.service.hear("farm-1", sheet())
    start = threading.Barrier(20)

    def put(number: int) -> None:
        card = officer(f"o-{number // 2}", "workshop", "security")
        start.wait()
        try:
            hub.service.models.sign(1, "workshop" if number % 2 else "security", card)
        except Refused:
            return

    threads = [threading.Thread(target=put, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    model = hub.service.models.find(1)
    assert model.state == "approved"
    assert len({signature.officer_id for signature in model.signatures}) == 2


def work(config: Path) -> None:
    """The child: ask, decide, hear progress, without end; a dot on standard output for each decision."""
    with open_hub(config, SystemClock()) as hub:
        els, tom = officer("o-els", "workshop"), officer("o-tom", "workshop")
        if not hub.service.offered_models():
            hub.offer(price_cents=1)
        number = 0
        while True:
            number += 1
            key = hub.ask()
            if number % 3 == 0:
                hub.service.deciding.refuse(key, els, "unsafe")
                hub.object_to(key)
                hub.service.deciding.answer(key, tom, "stands", "No.")
            else:
                hub.service.deciding.approve(key, els)
                hub.progress(key, 1, "printing")
                hub.progress(key, 2, "failed", final=True)
            os.write(1, b".")


@pytest.mark.parametrize("seed", [1, 2])
def test_a_hub_killed_at_any_instant_keeps_decision_debit_and_order_together(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    config = make_hub_folder(tmp_path)
    code = "import sys; from pathlib import Path; from tests.kiosk.services.printing import test_races_and_cuts as t;"
    command = [sys.executable, "-c", f"{code} t.work(Path(sys.argv[1]))", str(config)]
    decided = 0
    for _ in range(3):
        child = subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            for _ in range(chance.randrange(1, 12)):
                assert child.stdout.read(1) == b"."
            pause = threading.Event()
            pause.wait(chance.random() * 0.02)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        with open_hub(config, SystemClock()) as hub:
            check(hub)
            assert hub.count("print_decisions") > decided
            decided = hub.count("print_decisions")
            orders = [w.contract for w in hub.context.outbox.waiting("farm-1", limit=1000)]
            numbers = [order.number for order in orders if isinstance(order, PrintOrder)]
            assert len(numbers) == len(set(numbers))
