"""What a spoiled wire may never do, and what it may never stop."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from farm.link import Link
from farm.link.events import Held, PrinterHalted, PrinterReset, PrinterSilent, Ready, Settled, SourceDone
from farm.link.tracks import Commands
from farm.profiles import find_profile
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue
from farm.sim.faults import DROPPED, PlannedWire

PROFILE = find_profile("marlin-2.1-generic-220")
FIRST = 100
COMMANDS = ("G28", "M109 S40", *(f"G1 X{i} Y{i % 7} E{i / 10} F3000" for i in range(24)))
LAST = FIRST + len(COMMANDS) - 1
FAULTS = st.dictionaries(st.integers(0, 1500), st.one_of(st.just(DROPPED), st.integers(1, 255)), max_size=12)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ENDS = (PrinterHalted, PrinterReset, PrinterSilent)


class Bench:
    """A ready link, a print under way over two wires, and what the printer really executed."""

    def __init__(self, there: dict[int, int], back: dict[int, int]) -> None:
        self.executed: list[tuple[int | None, str]] = []
        printer = VirtualMarlin(on_executed=lambda number, text: self.executed.append((number, text)))
        self.talk = Dialogue(Link(PROFILE), printer)
        self.talk.open()
        assert self.talk.run(lambda: self.talk.has(Ready), 60)
        self.talk.there, self.talk.back = PlannedWire(there), PlannedWire(back)
        self.talk.link.stream(Commands(FIRST, COMMANDS), FIRST)

    def is_over(self) -> bool:
        return any(self.talk.has(kind) for kind in ENDS)

    def numbers(self) -> list[int]:
        """The print's lines in the order in which they were executed."""
        return [n for n, text in self.executed if n is not None and FIRST <= n <= LAST and "M110" not in text]

    def is_guarded(self) -> bool:
        """False when the wire ate a whole number: Marlin then executes the rest unchecked, and no host can know."""
        return not any(n is None and text[:1] in "GM" and text != "M105" for n, text in self.executed)


@QUICK
@given(FAULTS, FAULTS)
def test_a_spoiled_wire_never_repeats_skips_or_reorders_a_line(there, back):
    bench = Bench(there, back)
    bench.talk.run(lambda: bench.is_over() or bench.talk.has(SourceDone), 900)
    assume(bench.is_guarded())
    assert bench.numbers() == list(range(FIRST, FIRST + len(bench.numbers())))
    if bench.talk.has(SourceDone):
        assert len(bench.numbers()) == len(COMMANDS)


@QUICK
@given(FAULTS, FAULTS, st.integers(0, 30))
def test_a_spoiled_wire_never_repeats_or_skips_a_line_around_a_pause(there, back, after):
    bench = Bench(there, back)
    talk = bench.talk
    talk.run(lambda: bench.is_over() or talk.has(SourceDone) or len(bench.numbers()) >= after, 900)
    talk.link.hold()
    assert talk.run(lambda: bench.is_over() or talk.has(Held) or talk.has(SourceDone), 900)
    for event in talk.events:
        if isinstance(event, Held):
            talk.link.submit("M104 S200")
            talk.link.submit("G4 P100")
            talk.link.stream(Commands(FIRST, COMMANDS), event.next_line)
            break
    talk.run(lambda: bench.is_over() or talk.has(SourceDone), 900)
    assume(bench.is_guarded())
    assert bench.numbers() == list(range(FIRST, FIRST + len(bench.numbers())))
    if talk.has(SourceDone):
        assert len(bench.numbers()) == len(COMMANDS)


@QUICK
@given(
    direction=st.sampled_from(["there", "back"]),
    at=st.integers(0, 1400),
    apart=st.integers(1, 30),
    first=st.one_of(st.just(DROPPED), st.sampled_from([1 << bit for bit in range(8)])),
    second=st.one_of(st.just(DROPPED), st.sampled_from([1 << bit for bit in range(8)])),
)
def test_any_two_faults_in_a_row_are_survived(direction, at, apart, first, second):
    faults = {at: first, at + apart: second}
    bench = Bench(faults if direction == "there" else {}, faults if direction == "back" else {})
    assert bench.talk.run(lambda: bench.is_over() or bench.talk.has(SourceDone), 1200)
    assert bench.talk.has(SourceDone)
    bench.talk.link.submit("M104 S0")
    assert bench.talk.run(lambda: bench.talk.has(Settled), 300)
    assume(bench.is_guarded())
    assert bench.numbers() == list(range(FIRST, LAST + 1))


@pytest.mark.parametrize("first", [1, 2, 3, 9])
def test_lost_acknowledgements_cost_time_and_nothing_else(first):
    bench = Bench({}, {})
    bench.talk.run(lambda: len(bench.numbers()) >= 3, 600)
    bench.talk.printer.lost_oks = first
    assert bench.talk.run(lambda: bench.talk.has(SourceDone), 1200)
    assert bench.numbers() == list(range(FIRST, LAST + 1))


@QUICK
@given(st.binary(max_size=4000), st.lists(st.integers(1, 200), max_size=40))
def test_random_replies_raise_nothing_and_acknowledge_nothing_that_was_not_sent(noise, cuts):
    bench = Bench({}, {})
    bench.talk.run(lambda: len(bench.numbers()) >= 5, 600)
    link, now = bench.talk.link, bench.talk.now
    for cut in cuts:
        link.receive_data(noise[:cut] or b"\n", now)
        noise = noise[cut:]
        link.data_to_send(now)
    sent = link.next_line
    assert sent is None or FIRST <= sent <= LAST + 1
