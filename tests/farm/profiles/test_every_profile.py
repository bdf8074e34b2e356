"""Every shipped profile prints a whole real file on the board that it describes, and meets every fault there is."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from farm.bench.job import compile_as_it_is
from farm.gcode.spool import SpoolFile
from farm.link import Link
from farm.link.dialects.choice import dialect_of
from farm.link.events import (
    Event,
    HostAction,
    InDoubt,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Said,
    SourceDone,
)
from farm.link.tracks import Commands, LineSource
from farm.profiles import PROFILES_DIR, Profile, find_profile
from farm.sim.board import VirtualBoard
from farm.sim.boards import board_for
from farm.sim.dialogue import Dialogue
from farm.sim.faults import DROPPED, FAULTS, NoisyWire, PlannedWire
from farm.sim.machine import motion_digest
from tests.farm.link.dialects.kit import PROFILES as CONFORMING

GCODE = Path(__file__).parents[3] / "farm" / "sim" / "models" / "wall-hook.gcode"
IDS = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
HEATED = (
    "M109 S60",
    "G28",
    *(f"G1 X{n % 90} Y{n % 7} F6000" for n in range(150)),
    *("G4 S10",) * 30,
)  # time for a heater to be missed
OVER: tuple[type[Event], ...] = (PrinterHalted, PrinterReset, PrinterSilent, InDoubt, PortGone)
LIMIT_S = 20_000.0  # of the printer's own time
# lines are refused by number, so a spoiled one comes again; elsewhere the wire is USB or a pseudo-terminal
NUMBERED = {"marlin", "prusa", "repetier", "smoothieware"}
Talk = Dialogue[Link, VirtualBoard]


@lru_cache(maxsize=1)
def whole_file(folder: Path) -> SpoolFile:
    """As it is: what a site allows is another test's business, some of these machines are smaller than the file's."""
    target = folder / "whole.spool"
    compile_as_it_is(GCODE, target)
    return SpoolFile(target)


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> SpoolFile:
    return whole_file(tmp_path_factory.mktemp("spool"))


def ready(profile: Profile) -> Talk:
    talk = Dialogue(Link(profile), board_for(profile))
    talk.open()
    assert talk.run(lambda: talk.has(Ready) or talk.has(Quarantined), 120)
    assert talk.has(Ready), [event for event in talk.events if isinstance(event, Quarantined)]
    return talk


def print_all(talk: Talk, source: LineSource) -> bool:
    """Whether it came to its end."""
    talk.link.stream(source, 1)
    talk.run(lambda: talk.has(SourceDone) or is_over(talk), LIMIT_S)
    return talk.has(SourceDone)


def is_over(talk: Talk) -> bool:
    return any(talk.has(kind) for kind in OVER)


@pytest.mark.parametrize("profile_id", IDS)
def test_a_profile_prints_a_whole_real_file(profile_id: str, spool: SpoolFile) -> None:
    talk = ready(find_profile(profile_id))
    assert print_all(talk, spool)
    commands = (spool.command(n).decode() for n in range(1, len(spool) + 1))
    assert talk.printer.machine.motion_sha256.hexdigest() == motion_digest(commands)
    assert talk.printer.overruns == talk.link.resent_lines == 0


# --- what a profile says of itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile_id", IDS)
def test_a_profile_claims_what_the_tests_here_and_of_its_dialect_have_shown_and_no_more(
    profile_id: str,
) -> None:
    assert profile_id in CONFORMING, "the dialects' own tests pass over it"
    profile = find_profile(profile_id)
    dialect = dialect_of(profile)
    assert dict(profile.quality.items()) == {
        "simulated": "done",
        "wire_faults": "exempt" if dialect.has_faithful_wire else "done",
        "conformance": "done",
        "real_board": "todo",  # each of these three needs the machine itself, and a person beside it
        "thermal_runaway_proven": "todo",
        "stop_measured": "todo",
        "crash_continued": "done" if dialect.is_numbered else "exempt",
    }


# --- faults -----------------------------------------------------------------------------------------------------------

Spoil = Callable[[Talk], None]


def spoil_wire(talk: Talk, mask: int, *, is_back: bool = False) -> None:
    """Six bytes on their way are spoiled, far apart; none of them is one that protects its line."""
    wire = PlannedWire(dict.fromkeys(range(*((40, 400, 67) if is_back else (150, 4000, 683))), mask))
    if is_back:
        talk.back = wire
    else:
        talk.there = wire


def garble(talk: Talk) -> None:
    """Both ends run at different speeds from now on."""
    wires = NoisyWire(11), NoisyWire(12)
    for wire in wires:
        wire.is_garbled = True
    talk.there, talk.back = wires


def lose_port(talk: Talk) -> None:
    talk.events += talk.link.receive_data(b"", talk.now)
    talk._counts[PortGone] += 1


# what is done to the printer in the middle of its print, and how that may end: None is as if nothing had been
SURVIVED = None
SPOILERS: dict[str, tuple[Spoil, type[Event] | None]] = {
    "drop_out": (lambda talk: spoil_wire(talk, DROPPED), SURVIVED),
    "drop_in": (lambda talk: spoil_wire(talk, DROPPED, is_back=True), SURVIVED),
    "corrupt_out": (lambda talk: spoil_wire(talk, 1), SURVIVED),
    "corrupt_in": (lambda talk: spoil_wire(talk, 1, is_back=True), SURVIVED),
    "baud_mismatch": (garble, PrinterSilent),
    "rx_bytes": (lambda talk: talk.printer.resize(64), SURVIVED),
    "lost_ok": (lambda talk: setattr(talk.printer.mischief, "lost_oks", 3), SURVIVED),
    "doubled_ok": (lambda talk: setattr(talk.printer.mischief, "doubled_oks", 3), SURVIVED),
    "late_resend": (lambda talk: spoil_resends(talk, "resend_late_s", 0.3), SURVIVED),
    "resend_burst": (lambda talk: spoil_resends(talk, "resend_extra", 4), SURVIVED),
    "resend_no_ok": (lambda talk: spoil_resends(talk, "resends_without_ok", 2), SURVIVED),
    "slow": (lambda talk: setattr(talk.printer.machine.motion, "slowness", 20.0), SURVIVED),
    "silent": (lambda talk: setattr(talk.printer.mischief, "is_silent", True), SURVIVED),
    "runaway": (lambda talk: talk.printer.machine.nozzle.set_stuck(True, talk.now), PrinterHalted),
    "sensor_open": (lambda talk: talk.printer.machine.nozzle.set_open(True, talk.now), PrinterHalted),
    "heater_dead": (lambda talk: talk.printer.machine.nozzle.set_dead(True, talk.now), PrinterHalted),
    "reboot": (lambda talk: talk.printer.reset(talk.now), PrinterReset),
    "halt": (lambda talk: talk.printer.break_down("malfunction", talk.now), PrinterHalted),
    "run_out": (lambda talk: talk.printer.tell(talk.printer.machine.run_out_line, talk.now), SURVIVED),
    "vanish": (lose_port, PortGone),
    "move": (
        lose_port,
        PortGone,
    ),  # to a link both are one; the name is the port's: tests/farm/sim, tests/farm/worker
}
# what a pseudo-terminal (Klipper) or USB (RepRapFirmware) cannot do to bytes
WIRE_FAULTS = {
    "drop_out",
    "drop_in",
    "corrupt_out",
    "corrupt_in",
    "late_resend",
    "resend_burst",
    "resend_no_ok",
}
CASES = [
    (profile_id, fault)
    for profile_id in IDS
    for fault in SPOILERS
    if fault not in WIRE_FAULTS or find_profile(profile_id).dialect in NUMBERED
]


def spoil_resends(talk: Talk, name: str, value: float) -> None:
    """A line is spoiled, so that there is something to be asked for again."""
    setattr(talk.printer.mischief, name, type(getattr(talk.printer.mischief, name))(value))
    spoil_wire(talk, 1)


def test_every_fault_that_a_printer_can_show_is_met() -> None:
    assert SPOILERS.keys() == FAULTS.keys()


@pytest.mark.parametrize(("profile_id", "fault"), CASES)
def test_a_profile_meets_a_fault_in_mid_print_and_says_how_it_ended(profile_id: str, fault: str) -> None:
    profile = find_profile(profile_id)
    talk = ready(profile)
    spoil, ending = SPOILERS[fault]
    talk.link.stream(Commands(1, HEATED), 1)
    assert talk.run(lambda: (talk.link.acked_line or 0) >= 20 or is_over(talk), 3600)
    spoil(talk)
    talk.run(lambda: talk.has(SourceDone) or is_over(talk), LIMIT_S)
    is_whole = motion_digest(HEATED) == talk.printer.machine.motion_sha256.hexdigest()
    if ending is not None:
        # a board that begins anew says it in its own way, or cannot say it at all
        assert talk.has(ending) or (fault == "reboot" and is_over(talk)) or talk.has(PrinterReset), (
            talk.events[-5:]
        )
    elif profile.dialect in NUMBERED:
        assert talk.has(SourceDone), talk.events[-5:]
        assert is_whole
    else:
        assert is_whole if talk.has(SourceDone) else talk.has(InDoubt), talk.events[-5:]
    if fault == "run_out":
        assert any(isinstance(event, HostAction | Said) for event in talk.events)
