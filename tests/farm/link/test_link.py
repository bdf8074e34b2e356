"""The link with a clean wire: who it speaks to, what it tells, how it stops."""

from __future__ import annotations

import msgspec
import pytest

from farm.link import Link, frame
from farm.link.dialects.marlin import Marlin
from farm.link.events import (
    Busy,
    ColdExtrusion,
    Held,
    HostAction,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Resent,
    Settled,
    SourceDone,
    Temperatures,
)
from farm.link.framing import MAX_REPLY_BYTES, Lines
from farm.link.identity import difference, read_identity
from farm.link.replies import LastLine, Ok, Report, Resend, Start
from farm.link.tracks import Commands
from farm.profiles import Profile, find_profile
from farm.sim.boards.marlin import VirtualMarlin
from farm.sim.dialogue import Dialogue

PROFILE = find_profile("marlin-2.1-generic-220")
MOVES = tuple(f"G1 X{n} F3000" for n in range(1, 41))


def ready(profile: Profile = PROFILE) -> Dialogue:
    talk = Dialogue(Link(profile), VirtualMarlin())
    talk.open()
    assert talk.run(lambda: talk.has(Ready) or talk.has(Quarantined), 60)
    return talk


def expecting(**changes: object) -> Profile:
    return msgspec.structs.replace(PROFILE, identify=msgspec.structs.replace(PROFILE.identify, **changes))


def test_checksums_are_those_of_the_reference() -> None:
    assert frame(3, "T0") == b"N3 T0*57\n"  # the example of the RepRap wiki's G-code page
    assert frame(4, "G92 E0") == b"N4 G92 E0*67\n"


def test_a_printer_that_answers_as_its_profile_says_is_ready() -> None:
    talk = ready()
    assert talk.has(Ready)
    assert "THERMAL_PROTECTION" in talk.link.firmware.capabilities
    assert talk.printer.machine.report_s == PROFILE.link.report_s


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"firmware_name": "^Prusa-Firmware"}, "calls itself 'Marlin 2.1.2.5"),
        ({"capabilities": ["MEATPACK"]}, "The firmware lacks MEATPACK"),
    ],
)
def test_a_printer_that_differs_is_quarantined_and_gets_no_command(
    changes: dict[str, object], sentence: str
) -> None:
    talk = ready(expecting(**changes))
    (told,) = (event for event in talk.events if isinstance(event, Quarantined))
    assert sentence in told.reason
    talk.link.submit("G28")
    talk.run(lambda: talk.has(Settled), 300)
    assert talk.printer.machine.motion_lines == 0


def test_a_firmware_that_says_it_does_not_guard_its_heaters_is_refused_by_every_profile() -> None:
    told = read_identity(
        ["FIRMWARE_NAME:Marlin 2.1.2 (x)", "Cap:AUTOREPORT_TEMP:1", "Cap:THERMAL_PROTECTION:0"]
    )
    for changes in ({}, {"firmware_name": ".", "capabilities": []}):
        assert "does not guard its heaters" in str(difference(told, expecting(**changes).identify, "p"))


def test_a_firmware_that_says_nothing_of_itself_is_told_so() -> None:
    assert "does not say its name" in str(difference(read_identity([]), PROFILE.identify, "p"))


def test_identity_keys_are_parted_though_values_hold_blanks_and_colons() -> None:
    told = read_identity(
        [
            "FIRMWARE_NAME:Marlin 2.1.2 (Nov 1 2026 10:20:30) SOURCE_CODE_URL:http://x MACHINE_TYPE:My Printer UUID:a",
            "Cap:EEPROM:1",
            "Cap:ARCS:0",
        ]
    )
    assert told.name == "Marlin 2.1.2 (Nov 1 2026 10:20:30)"
    glued = read_identity(
        ["FIRMWARE_NAME:Prusa-Firmware 3.14 based on Marlin EXTRUDER_COUNT:1Cap:AUTOREPORT_TEMP:1"]
    )
    assert glued.capabilities == {"AUTOREPORT_TEMP"}
    assert told.machine == "My Printer"
    assert told.capabilities == {"EEPROM"}


def test_a_source_is_sent_whole_and_said_done_only_then() -> None:
    talk = ready()
    talk.link.stream(Commands(1, MOVES), 1)
    assert talk.run(lambda: talk.has(SourceDone), 300)
    assert talk.printer.machine.motion_lines == len(MOVES)
    assert talk.link.next_line is None


def test_a_held_print_says_where_it_stands_and_goes_on_from_there() -> None:
    talk = ready()
    source = Commands(1, MOVES)
    talk.link.stream(source, 1)
    talk.run(lambda: talk.printer.machine.motion_lines >= 10, 300)
    talk.link.hold()
    assert talk.run(lambda: talk.has(Held), 60)
    at = next(event.next_line for event in talk.events if isinstance(event, Held))
    assert talk.printer.machine.motion_lines == at - 1
    talk.link.submit("M104 S0")
    talk.link.stream(source, at)
    assert talk.run(lambda: talk.has(SourceDone), 300)
    assert talk.printer.machine.motion_lines == len(MOVES)


def test_a_hold_without_a_print_does_nothing() -> None:
    talk = ready()
    talk.link.hold()
    talk.run(lambda: False, 30)
    assert not talk.has(Held)
    assert not talk.has(Settled)


def test_a_stop_is_on_the_wire_before_everything_else_and_bare() -> None:
    talk = ready()
    talk.link.stream(Commands(1, MOVES), 1)
    talk.run(lambda: talk.printer.machine.motion_lines >= 3, 60)
    talk.link.stop(talk.now)
    assert talk.link.data_to_send(talk.now) == b"\nM112\n"
    assert talk.link.data_to_send(talk.now) == b""


def test_a_stop_that_nobody_confirms_is_told_as_such() -> None:
    link = Link(PROFILE)
    link.open(0.0)
    link.stop(1.0)
    assert link.deadline == pytest.approx(4.0)
    assert isinstance(link.handle_timeout(4.0)[0], PrinterHalted)
    assert link.deadline is None


def test_pressing_stop_again_sends_it_again_and_does_not_put_off_the_moment_of_doubt() -> None:
    link = Link(PROFILE)
    link.open(0.0)
    link.stop(1.0)
    assert link.data_to_send(1.0).endswith(b"\nM112\n")  # behind the word that ends packing, which may be on
    link.stop(3.5)
    assert link.data_to_send(3.5).endswith(b"\nM112\n")
    assert link.handle_timeout(4.0) == [
        PrinterHalted("the stop was sent, the firmware did not confirm it", is_confirmed=False)
    ]


def test_a_restart_in_mid_print_is_told_and_the_print_is_not_gone_on_with() -> None:
    talk = ready()
    talk.link.stream(Commands(1, MOVES), 1)
    talk.run(lambda: talk.printer.machine.motion_lines >= 10, 60)
    talk.printer.reset(talk.now)
    assert talk.run(lambda: talk.count(Ready) == 2, 60)
    assert talk.has(PrinterReset)
    talk.run(lambda: False, 60)
    assert talk.printer.machine.motion_lines == 0


def test_a_restart_whose_banner_was_lost_is_noticed_by_the_line_number() -> None:
    talk = ready()
    talk.link.stream(Commands(1, MOVES), 1)
    talk.run(lambda: talk.printer.machine.motion_lines >= 10, 60)
    talk.printer.reset(talk.now)
    talk.printer.advance(talk.now + 1)
    talk.printer.data_to_send()
    assert talk.run(lambda: talk.has(PrinterReset), 60)
    assert talk.printer.machine.motion_lines == 0


def test_a_halted_printer_is_told_with_its_own_words_and_left_alone() -> None:
    talk = ready()
    talk.printer.machine.nozzle.set_dead(True, talk.now)
    talk.link.stream(Commands(1, ("M109 S200", *MOVES)), 1)
    assert talk.run(lambda: talk.has(PrinterHalted), 120)
    assert "Heating failed" in next(e.reason for e in talk.events if isinstance(e, PrinterHalted))
    assert talk.link.deadline is None
    assert talk.link.data_to_send(talk.now) == b""


def test_a_printer_that_falls_silent_is_asked_and_then_given_up() -> None:
    talk = ready()
    talk.printer.cut_power(talk.now)
    assert talk.run(lambda: talk.has(PrinterSilent), 120)
    assert talk.link.deadline is None


def test_a_port_that_vanishes_is_told_once() -> None:
    talk = ready()
    assert talk.link.receive_data(b"", talk.now) == [PortGone()]
    assert talk.link.receive_data(b"", talk.now) == []
    assert talk.link.deadline is None


def test_a_long_wait_for_heat_is_not_silence() -> None:
    talk = ready()
    before = talk.link.questions.asked
    talk.link.stream(Commands(1, ("M109 S210", "G28")), 1)
    talk.run(lambda: talk.printer.machine.is_heat_waiting, 60)
    asked = talk.link.questions.asked
    assert talk.run(lambda: talk.has(SourceDone), 300)
    assert before < asked
    assert talk.link.questions.asked == asked + 1  # only the last one: was it all taken?


def test_an_interrupted_wait_ends_at_once() -> None:
    talk = ready()
    talk.link.stream(Commands(1, ("M109 S210", *MOVES)), 1)
    talk.run(lambda: talk.printer.machine.is_heat_waiting, 60)
    begun = talk.now
    talk.link.hold()
    talk.link.interrupt()
    assert talk.run(lambda: talk.has(Held), 60)
    assert talk.now - begun < 5
    held = next(event for event in talk.events if isinstance(event, Held))
    assert held.next_line == 2 + talk.printer.machine.motion_lines  # what was sent ahead is done, and no more
    assert talk.printer.machine.motion_lines < PROFILE.link.window_lines


def test_a_refused_line_is_sent_again_from_the_source() -> None:
    talk = ready()
    talk.link.stream(Commands(1, MOVES), 1)
    talk.run(lambda: talk.printer.machine.motion_lines >= 5, 60)
    talk.printer.last_number -= 1  # as if the firmware had missed one
    assert talk.run(lambda: talk.has(Resent), 60)


@pytest.mark.parametrize("command", ["", "G1 X1\nM112", "G1 X1;no", "G1 \u00e9", "G1 " + "X1 " * 40])
def test_a_command_that_is_not_one_plain_line_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match=r"command|bytes"):
        Link(PROFILE).submit(command)


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("ok", Ok()),
        ("ok N5 P15 B3", Ok(5, 3)),
        ("ok P15 B3", Ok(None, 3)),
        ("okay", None),
        ("Error:checksum mismatch, Last Line: 1", LastLine(1)),
        ("Error:Line Number is not Last Line Number+1, Last Line: 22", LastLine(22)),
        ("Resend: 3", Resend(3)),
        ("Resend:3", Resend(3)),
        ("Resend: 3x", None),
        ("start", Start("start")),
        ("echo:busy: processing", Busy("processing")),
        ("echo:busy: paused for user", Busy("paused for user")),
        ("//action:out_of_filament T0", HostAction("out_of_filament", "T0")),
        ("// action:paused", HostAction("paused")),
        ("echo: cold extrusion prevented", ColdExtrusion()),
        ("ok T:23.12 /0.00 B:22.50 /0.00 @:0 B@:0", Report(Temperatures(23.12, 0.0, 22.5, 0.0), is_ok=True)),
        ("T:23.1 /200.0 B:22.5 /60.0 @:127 W:?", Report(Temperatures(23.1, 200.0, 22.5, 60.0), is_wait=True)),
        ("Error:MAXTEMP triggered, system stopped! Heater_ID: E0",
         PrinterHalted("MAXTEMP triggered, system stopped! Heater_ID: E0")),
        ("Error:Printer halted. kill() called!", PrinterHalted("Printer halted. kill() called!")),
        ("!! KILL caused by too much inactive time", PrinterHalted("KILL caused by too much inactive time")),
        ('echo:Unknown command: "FOO"', None),
    ],
)  # fmt: skip
def test_replies_are_read_as_marlin_means_them(line: str, meaning: object) -> None:
    assert meaning is None or Marlin().read(line) == meaning
    assert meaning is not None or type(Marlin().read(line)).__name__ == "Said"


def test_a_line_without_end_takes_no_memory() -> None:
    lines = Lines()
    for _ in range(1000):
        assert lines.feed(b"x" * 100) == []
    assert len(lines._rest) <= MAX_REPLY_BYTES
    assert lines.feed(b"\nok\r\n") == ["ok"]
