"""How each firmware's lines read: whole forms from its source and from transcripts, and nothing that is nearly one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link.dialects.base import Dialect, Standing
from farm.link.dialects.klipper import Klipper
from farm.link.dialects.prusa import Prusa
from farm.link.dialects.repetier import Repetier
from farm.link.dialects.reprapfirmware import RepRapFirmware
from farm.link.dialects.smoothieware import Smoothieware
from farm.link.events import (
    Busy,
    ColdExtrusion,
    CommandRefused,
    HostAction,
    Position,
    PrinterHalted,
    Said,
    Temperatures,
)
from farm.link.identity import read_identity
from farm.link.replies import Identity, Idle, LastLine, Ok, Place, Report, Resend, Start

PRUSA = [
    ("ok T:25.1 /0.0 B:24.9 /0.0 T0:25.1 /0.0 @:0 B@:0 P:27.1 A:29.4",
     Report(Temperatures(25.1, 0.0, 24.9, 0.0), is_ok=True)),
    ("T:24.9 E:0 W:?", Report(Temperatures(24.9), is_wait=True)),
    ("T:210.1 E:0 W:3", Report(Temperatures(210.1), is_wait=True)),
    ("T:24.92 E:0 B:24.9", Report(Temperatures(24.92, None, 24.9), is_wait=True)),
    ("Error:No Line Number with checksum, Last Line: 7", LastLine(7)),
    ("Error:Printer stopped due to errors. Supervision required.",
     PrinterHalted("Printer stopped due to errors. Supervision required.")),
    ("X:0.00 Y:1.00 Z:0.15 E:2.00 Count X: 0.00 Y:1.00 Z:0.15 E:2.00", Position(0.0, 1.0, 0.15, 2.0)),
    ("LCD status changed", None),
    ("Full RX Buffer", None),
    ("RX timeout", None),
    ("T:24.9 E:0 W:", None),
]  # fmt: skip
REPETIER = [
    ("ok 3", Ok(3)),
    ("ok", Ok()),
    ("ok 3x", None),
    ("skip 7", None),
    ("Error:expected line 3 got 10", LastLine(2)),
    ("Error:Wrong checksum", None),
    ("Resend:2", Resend(2)),
    ("T:23.89 /0 B:23.33 /0 B@:0 @:0", Report(Temperatures(23.89, 0.0, 23.33, 0.0))),
    ("T:-50.88 /200 B:NAN /0 B@:0 @:255", Report(Temperatures(-50.88, 200.0))),
    ("busy:processing", Busy("processing")),
    ("busy:door open", Busy("door open")),
    ("wait", Idle()),
    ("Got:N1 M105*38", Idle()),
    ("start", Start("start")),
    ("Info:External Reset", Start("External Reset")),
    ("Info:Continue from fatal state", None),
    ("fatal:Heater/sensor error - Printer stopped and heaters disabled due to this error.",
     PrinterHalted("Heater/sensor error - Printer stopped and heaters disabled due to this error.")),
    ("X:0.00 Y:0.00 Z:0.000 E:0.0000", Position(0.0, 0.0, 0.0, 0.0)),
]  # fmt: skip
SMOOTHIE = [
    ("ok", Ok()),
    ("ok - ignored", CommandRefused("a line arrived torn")),
    ("okay", None),
    ("rs N12", Resend(12)),
    ("rs N", None),
    ("ok T:23.4 /0.0 @0 B:22.5 /60.0 @255", Report(Temperatures(23.4, 0.0, 22.5, 60.0), is_ok=True)),
    ("T:23.4 /200.0 @255", Report(Temperatures(23.4, 200.0), is_wait=True)),
    ("ok T:23.4 /0.0 @0 B:2x.5 /60.0 @255", None),
    ("ok C: X:1.0000 Y:-2.5000 Z:0.2000 E:3.1250", Place(Position(1.0, -2.5, 0.2, 3.125))),
    ("ok C: X:1.0000 Y:2.0000 Z:0.2000  E:3.1250", Place(Position(1.0, 2.0, 0.2, 3.125))),
    ("!!", PrinterHalted("!!")),
    ("HALTED, M999 or $X to exit HALT state", PrinterHalted("HALTED, M999 or $X to exit HALT state")),
    ("ALARM: Hard limit X-", PrinterHalted("ALARM: Hard limit X-")),
    ("Smoothie Running @100MHz", Start("Smoothie Running @100MHz")),
    ("Smoothie", Start("Smoothie", is_certain=False)),
    ("// action:pause", HostAction("pause")),
    ("<Idle|MPos:0.0000,0.0000,0.0000|F:0.0,100.0>", None),
]
REPRAP = [
    ("ok", Ok()),
    ("ok T:23.4 /0.0 T0:23.4 /0.0 B:22.9 /50.0", Report(Temperatures(23.4, 0.0, 22.9, 50.0), is_ok=True)),
    ("T:23.4 /200.0 T0:23.4 /200.0 B:22.9 /0.0", Report(Temperatures(23.4, 200.0, 22.9, 0.0), is_wait=True)),
    ("X:1.000 Y:2.000 Z:3.000 E:4.000 E0:4.0 Count 80 160 1200 Machine 1.000 2.000 3.000 Bed comp 0.000",
     Position(1.0, 2.0, 3.0, 4.0)),
    ("Error: G28: no macro", CommandRefused("G28: no macro")),
    ("Error: Heater 1 fault: temperature rising too slowly",
     PrinterHalted("Error: Heater 1 fault: temperature rising too slowly")),
    ("Emergency Stop! Reset the controller to continue.",
     PrinterHalted("Emergency Stop! Reset the controller to continue.")),
    ("Warning: Tool 0 was not driven because its heater temperatures were not high enough or it has a heater fault",
     ColdExtrusion()),
    ("Warning: M113: Command is not supported", None),
    ("FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.5.1",
     Identity("FIRMWARE_NAME: RepRapFirmware for Duet 2 WiFi/Ethernet FIRMWARE_VERSION: 3.5.1")),
]  # fmt: skip
KLIPPER = [
    ("ok", Ok()),
    ("ok B:21.5 /60.0 T0:21.9 /0.0", Report(Temperatures(21.9, 0.0, 21.5, 60.0), is_ok=True)),
    ("B:21.5 /60.0 T0:21.9 /200.0", Report(Temperatures(21.9, 200.0, 21.5, 60.0), is_wait=True)),
    ("ok T:0", Report(Temperatures(), is_ok=True)),
    ("ok FIRMWARE_NAME:Klipper FIRMWARE_VERSION:?",
     Identity("FIRMWARE_NAME:Klipper FIRMWARE_VERSION:?", is_ok=True)),
    ("!! Must home axis first: 1.000 2.000 0.000 [0.000]",
     CommandRefused("Must home axis first: 1.000 2.000 0.000 [0.000]")),
    ("// Klipper state: Shutdown", PrinterHalted("Klipper state: Shutdown")),
    ("// Klipper state: Disconnect", PrinterHalted("Klipper state: Disconnect")),
    ("// Klipper state: Not ready", PrinterHalted("Klipper state: Not ready")),
    ("// Klipper state: Ready", Start("Ready", is_certain=False)),
    ('// Unknown command:"M155"', None),
    ("// action:paused", HostAction("paused")),
    ("X:1.000 Y:2.000 Z:3.000 E:4.000", Position(1.0, 2.0, 3.0, 4.0)),
]  # fmt: skip
ALL: list[tuple[Dialect, list[tuple[str, object]]]] = [
    (Prusa(), PRUSA),
    (Repetier(), REPETIER),
    (Smoothieware(), SMOOTHIE),
    (RepRapFirmware(), REPRAP),
    (Klipper(), KLIPPER),
]


@pytest.mark.parametrize(
    ("dialect", "line", "meaning"),
    [
        pytest.param(dialect, *pair, id=f"{type(dialect).__name__}-{pair[0][:50]}")
        for dialect, pairs in ALL
        for pair in pairs
    ],
)
def test_a_line_reads_as_its_firmware_means_it(dialect: Dialect, line: str, meaning: object) -> None:
    assert dialect.read(line) == (Said(line) if meaning is None else meaning)


@given(st.integers(0, 4), st.data())
def test_a_spoiled_line_is_read_without_complaint(which: int, data: st.DataObject) -> None:
    dialect, pairs = ALL[which]
    line = data.draw(st.sampled_from(pairs))[0]
    at = data.draw(st.integers(0, len(line) - 1))
    dialect.read(line[:at] + data.draw(st.text(max_size=3)) + line[at + 1 :] or "x")


def test_a_name_ends_before_its_comma() -> None:
    told = read_identity(["FIRMWARE_NAME:Smoothieware, FIRMWARE_URL:http%3A//smoothieware.org, X-AXES:4"])
    assert told.name == "Smoothieware"


# --- the questions' answers -------------------------------------------------------------------------------------------


def test_two_refusals_must_agree_before_smoothieware_is_believed() -> None:
    inquiry = Smoothieware().begin_inquiry()
    assert [inquiry.take(Resend(n)) for n in (5, 6, 6)] == [None, None, Standing(5)]


def test_a_smoothieware_that_has_just_started_stands_at_nought() -> None:
    inquiry = Smoothieware().begin_inquiry()
    inquiry.take(Resend(0))
    assert inquiry.take(Resend(0)) == Standing(0)


def test_repetier_is_believed_when_the_fence_is_passed_and_both_sentences_agree() -> None:
    inquiry = Repetier().begin_inquiry()
    said = [LastLine(4), Resend(5), Ok(), Resend(5), Ok()]
    assert [inquiry.take(reply) for reply in said] == [None] * 5
    assert inquiry.take(Position(0, 0, 0, 0)) == Standing(4)


@pytest.mark.parametrize("near", [1, 100, 65_535, 70_000, 9_999_999, 14_999_999])
def test_the_number_of_repetiers_question_can_never_be_right(near: int) -> None:
    number = int(Repetier().question(near).split(b"N")[1].split(b" ")[0])
    for last in range(near - 129, near + 64):
        assert (last + 1 - number) % 65_536 != 0
        assert (last - number) % 65_536 >= 40


def test_prusas_counter_is_set_by_one_number() -> None:
    assert Prusa().sync(99) == b"\nN99 M110*%d\n" % (ord("N") ^ ord(" ") ^ ord("M") ^ ord("0"))
