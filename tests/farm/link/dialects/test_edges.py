"""What a dialect says and makes of a word where the virtual boards do not go."""

from __future__ import annotations

import pytest

from farm.link.dialects.base import Dialect
from farm.link.dialects.klipper import Klipper
from farm.link.dialects.marlin import NEVER_A_LINE
from farm.link.dialects.repetier import FAR_LINES, Repetier
from farm.link.dialects.reprapfirmware import RepRapFirmware
from farm.link.dialects.smoothieware import Smoothieware
from farm.link.events import CommandRefused, Said, Temperatures
from farm.link.framing import checked, frame
from farm.link.identity import Firmware
from farm.link.replies import SAID_MAX_CHARACTERS, Report, Resend, Start
from farm.profiles import find_profile

LONG = "x" * (SAID_MAX_CHARACTERS + 50)


def test_an_error_of_klippers_is_told_and_cut() -> None:
    assert Klipper().read("!! Must home axis first") == CommandRefused("Must home axis first")
    assert Klipper().read(f"!! {LONG}") == CommandRefused(LONG[:SAID_MAX_CHARACTERS])


def test_a_klipper_that_starts_up_has_not_started() -> None:
    assert Klipper().read("// Klipper state: Startup") == Said("// Klipper state: Startup")
    assert Klipper().read("// Klipper state: Ready") == Start("Ready", is_certain=False)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ok T0:21.9 /200.0", Temperatures(21.9, 200.0)),
        ("ok B:21.5 /60.0", Temperatures(None, None, 21.5, 60.0)),
        ("ok B:21.5 /60.0 T0:21.9 /200.0", Temperatures(21.9, 200.0, 21.5, 60.0)),
    ],
)
def test_a_printer_without_a_bed_or_a_nozzle_reports_what_it_has(line: str, told: Temperatures) -> None:
    assert Klipper().read(line) == Report(told, is_ok=True)


@pytest.mark.parametrize(
    ("dialect", "question"),
    [
        (Repetier(), b"\n" + checked("M114") + frame(8 + FAR_LINES, "M105")),
        (Smoothieware(), b"\n" + frame(NEVER_A_LINE, "M105") + frame(NEVER_A_LINE, "M105")),
        (RepRapFirmware(), b"\nM105\n"),
        (Klipper(), b"M105\n"),
    ],
)
def test_a_question_is_asked_in_these_words(dialect: Dialect, question: bytes) -> None:
    assert dialect.question(8) == question


@pytest.mark.parametrize("dialect", [RepRapFirmware(), Klipper()])
def test_where_there_is_no_counter_none_is_set(dialect: Dialect) -> None:
    assert dialect.sync(8) == b""


def test_a_resend_alone_is_a_whole_refusal_of_smoothiewares() -> None:
    refusal = Smoothieware().begin_refusal()
    refusal.take(Resend(8))
    assert (refusal.last, refusal.is_closed) == (7, True)


def test_a_repetier_reports_when_it_says_that_it_can() -> None:
    profile = find_profile("repetier-1.0-generic-200")
    assert Repetier().greeting(Firmware("Repetier_1.0.4"), profile) == []
    can = Firmware("Repetier_1.0.4", "", frozenset({"AUTOREPORT_TEMP"}))
    assert Repetier().greeting(can, profile) == [f"M155 S{profile.link.report_s}"]
