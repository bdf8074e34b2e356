"""What is made of bytes, of a refusal, of an answer, of a name: forms read whole or not at all, and what they prove."""

from __future__ import annotations

import msgspec
import pytest

from farm.link.acquaintance import IDENTIFY_TRIES, Acquaintance, Stage
from farm.link.adoption import Adoption
from farm.link.dialects.base import Refusal, Standing
from farm.link.dialects.marlin import Marlin, read_position, read_report
from farm.link.events import (
    Busy,
    ColdExtrusion,
    Event,
    Found,
    HostAction,
    InDoubt,
    Position,
    PrinterHalted,
    PrinterReset,
    Quarantined,
    Ready,
    Said,
    Settled,
    Temperatures,
)
from farm.link.framing import MAX_REPLY_BYTES, OKS, Lines, checked
from farm.link.identity import MAX_CAPABILITIES, Firmware, difference, read_identity
from farm.link.replies import SAID_MAX_CHARACTERS, Identity, LastLine, Meaning, Ok, Report, Resend, Start
from farm.link.tracks import CONTROL_FIRST, Commands
from farm.profiles import find_profile

MARLIN = find_profile("marlin-2.1-generic-220")
LONG = "x" * (SAID_MAX_CHARACTERS + 50)
CUT = "x" * SAID_MAX_CHARACTERS


# --- bytes and lines --------------------------------------------------------------------------------------------------


def test_a_checksum_is_the_xor_of_all_bytes_before_it() -> None:
    assert checked("M105") == b"M105*%d\n" % (ord("M") ^ ord("1") ^ ord("0") ^ ord("5"))
    assert checked("") == b"*0\n"


def test_oks_that_came_together_are_known_by_their_bytes() -> None:
    assert OKS[:3] == (b"", b"ok\n", b"ok\nok\n")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\n\n"])
def test_a_line_ends_with_cr_or_lf_or_both(end: bytes) -> None:
    lines = Lines()
    assert lines.feed(b" ok " + end + b"start" + end + b"wa") == ["ok", "start"]
    assert not lines.is_between
    assert lines.feed(b"it" + end) == ["wait"]
    assert lines.is_between


def test_a_line_may_be_one_character_and_an_empty_one_is_none() -> None:
    assert Lines().feed(b"?\n\n\r\n") == ["?"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    assert Lines().feed(b"\xc2\x80ok\xff\n") == ["\x80ok\ufffd"]


def test_the_longest_line_is_read_and_one_byte_more_is_not() -> None:
    for size, kept in ((MAX_REPLY_BYTES, ["x" * MAX_REPLY_BYTES]), (MAX_REPLY_BYTES + 1, [])):
        assert Lines().feed(b"x" * size + b"\n") == kept
        lines = Lines()
        assert lines.feed(b"x" * size) == []
        assert not lines.is_between
        assert lines.feed(b"\nok\nok\n") == [*kept, "ok", "ok"]
        assert lines.is_between


def test_the_rest_of_a_line_that_was_too_long_is_not_taken_for_a_line() -> None:
    lines = Lines()
    lines.feed(b"x" * (MAX_REPLY_BYTES + 1))
    assert lines.feed(b"ok") == []
    assert lines.feed(b"\nok\n") == ["ok"]


def test_what_was_begun_can_be_forgotten() -> None:
    for begun in (b"Error:", b"x" * 2000):
        lines = Lines()
        lines.feed(begun)
        lines.clear()
        assert lines.is_between
        assert lines.feed(b"ok\n") == ["ok"]


# --- Marlin's forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("ok N12", Ok(12)),
        ("ok B3", Ok(None, 3)),
        ("ok N0 Line: 0", Ok()),
        ("ok N0", Ok(0)),
        ("ok P15", Ok()),
        ("Error: checksum mismatch, Last Line: 7", LastLine(7)),
        ("Error:No Checksum with line number, Last Line: 8", LastLine(8)),
        ("Error:No Line Number with checksum, Last Line: 9", LastLine(9)),
        ("Error:something else", Said("Error:something else")),
        ("Error: Thermal Runaway, system stopped! ", PrinterHalted("Thermal Runaway, system stopped!")),
        ("Error:MINTEMP " + LONG, PrinterHalted(("MINTEMP " + LONG)[:SAID_MAX_CHARACTERS])),
        ("Error:" + LONG, Said(("Error:" + LONG)[:SAID_MAX_CHARACTERS])),
        ("!! " + LONG, PrinterHalted(CUT)),
        ("busy:heating", Busy("heating")),
        ("echo:busy: " + LONG, Busy(CUT)),
        ("//action:notification " + LONG, HostAction("notification", CUT)),
        ("echo: too long extrusion prevented", ColdExtrusion()),
        ("echo:PowerUp", Start("PowerUp")),
        ("echo: External Reset", Start("External Reset")),
        ("Marlin 2.1.2.5", Start("Marlin 2.1.2.5")),
        ("echo:Marlin bugfix-2.1.x", Start("Marlin bugfix-2.1.x")),
        ("echo: Free Memory: 3000  PlannerBufferBytes: 1200", Start("Free Memory: 3000  PlannerBufferBytes: 1200")),
        ("Cap:EEPROM:1", Identity("Cap:EEPROM:1")),
        ("FIRMWARE_NAME:Marlin", Identity("FIRMWARE_NAME:Marlin")),
        (LONG, Said(CUT)),
        ("X:1.00 Y:-2.50 Z:0.20 E:3.40 Count X:80 Y:160 Z:80", Position(1.0, -2.5, 0.2, 3.4)),
        ("X:1.2.3 Y:2.00 Z:0.20 E:3.40", Said("X:1.2.3 Y:2.00 Z:0.20 E:3.40")),
    ],
)  # fmt: skip
def test_a_form_is_read_with_all_that_it_says(line: str, meaning: Meaning) -> None:
    assert Marlin().read(line) == meaning


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ok T:20.5 /0.0", Report(Temperatures(20.5, 0.0), is_ok=True)),
        ("ok B:20.5 /60.0 @:0", Report(Temperatures(None, None, 20.5, 60.0), is_ok=True)),
        ("T:-15.00 /0.00 B:1.5/2", Report(Temperatures(-15.0, 0.0, 1.5, 2.0))),
        ("B:21.5 /0.0 T:21.9 /0.0 W:3", Report(Temperatures(21.9, 0.0, 21.5, 0.0), is_wait=True)),
        ("ok", None),
        ("ok T:nan /0", None),
        ("X:1 T:20.5 /0.0", None),
    ],
)
def test_a_report_is_an_answer_a_wait_or_unasked(line: str, told: Report | None) -> None:
    assert read_report(line) == told


def test_a_place_is_told_by_numbers_or_not_at_all() -> None:
    assert read_position("X:1.00 Y:2.00 Z:0.20 E:3.40") == Position(1.0, 2.0, 0.2, 3.4)
    assert read_position("X:1.00 Y:. Z:0.20 E:3.40") is None
    assert read_position("ok") is None


# --- a refusal, an answer ---------------------------------------------------------------------------------------------


def told(*replies: Meaning, refusal: Refusal | None = None) -> tuple[int | None, bool]:
    """What a refusal comes to."""
    refusal = refusal or Refusal()
    for reply in replies:
        refusal.take(reply)
    return refusal.last, refusal.is_closed


def test_a_refusal_is_complete_with_its_ok_and_believed_when_both_sentences_agree() -> None:
    assert told() == (None, False)
    assert told(LastLine(7)) == (None, False)
    assert told(LastLine(7), Resend(8)) == (7, False)
    assert told(LastLine(7), Resend(8), Ok()) == (7, True)
    assert told(LastLine(7), Resend(9), Ok()) == (None, True)
    assert told(Resend(8), Ok()) == (None, True)
    assert told(LastLine(7), Ok()) == (None, True)


def test_an_ok_before_a_refusal_is_not_its_own() -> None:
    assert told(Ok()) == (None, False)
    assert told(Ok(), LastLine(7), Resend(8)) == (7, False)


def test_temperatures_do_not_end_a_refusal() -> None:
    assert told(LastLine(7), Resend(8), Report(Temperatures(), is_ok=True)) == (7, False)


def test_an_error_begins_a_new_refusal() -> None:
    assert told(LastLine(7), Resend(8), Ok(), LastLine(7)) == (None, False)
    assert told(LastLine(7), Resend(8), Ok(), LastLine(9), Resend(10)) == (9, False)


def test_where_no_error_names_a_line_the_resend_is_enough() -> None:
    assert told(Resend(8), Ok(), refusal=Refusal(has_error=False)) == (7, True)
    assert told(Resend(8), refusal=Refusal(has_error=False)) == (7, False)
    assert told(Resend(8), refusal=Refusal(has_error=False, has_ok=False)) == (7, True)


def test_an_answer_needs_the_refusal_and_the_temperatures_in_either_order() -> None:
    report, refusal = Report(Temperatures(), is_ok=True), (LastLine(7), Resend(8), Ok())
    unasked = Report(Temperatures())
    for replies, standing in (
        ((report, *refusal), Standing(7)),
        ((*refusal, report), Standing(7)),
        ((*refusal, unasked), None),
        ((report, unasked, *refusal), Standing(7)),
        ((report, LastLine(7), Resend(8)), None),
        ((report, LastLine(7), Resend(9), Ok()), None),
    ):
        inquiry = Marlin().begin_inquiry()
        answers = [inquiry.take(reply) for reply in replies]
        assert answers[-1] == standing
        assert not any(answers[:-1])


# --- who it is --------------------------------------------------------------------------------------------------------


def test_what_was_not_said_is_empty_or_off() -> None:
    assert read_identity([]) == Firmware("", "", frozenset())
    assert read_identity(["FIRMWARE_NAME:A , MACHINE_TYPE: B"]) == Firmware("A", "B")
    assert read_identity(["FIRMWARE_NAME:XX MACHINE_TYPE:X"]) == Firmware("XX", "X")
    assert read_identity(["Cap:A:1", "Cap:B:0", "Cap:c:1", "xCap:D:1x"]).capabilities == {"A"}


def test_no_firmware_has_more_capabilities_than_are_kept() -> None:
    many = [f"Cap:C{n}:1" for n in range(MAX_CAPABILITIES + 5)]
    assert read_identity(many).capabilities == {f"C{n}" for n in range(MAX_CAPABILITIES)}


def test_a_difference_is_a_sentence() -> None:
    wanted = msgspec.structs.replace(MARLIN.identify, firmware_name="^Marlin", capabilities=["A", "B", "C"])
    assert difference(Firmware("Marlin 2", "", frozenset("ABC")), wanted, "p") is None
    assert (
        difference(Firmware("Marlin 2", "", frozenset("B")), wanted, "p")
        == "The firmware lacks A, C, which profile p needs."
    )
    assert (
        difference(read_identity(["FIRMWARE_NAME:Marlin 2", "Cap:THERMAL_PROTECTION:0"]), wanted, "p")
        == "The firmware says that it does not guard its heaters; nothing may print on it unattended."
    )
    assert (
        difference(Firmware("N" * 90), wanted, "p")
        == f"The firmware calls itself '{'N' * 80}'; profile p expects ^Marlin."
    )
    assert (
        difference(Firmware(), wanted, "p")
        == "The firmware does not say its name; profile p expects ^Marlin."
    )


class Acquainting:
    """One acquaintance, and the commands that it wants sent."""

    def __init__(self, firmware_name: str = "^Marlin", busy_s: int = 2) -> None:
        profile = msgspec.structs.replace(
            MARLIN,
            identify=msgspec.structs.replace(MARLIN.identify, firmware_name=firmware_name, capabilities=[]),
            link=msgspec.structs.replace(MARLIN.link, busy_s=busy_s),
        )
        self.who = Acquaintance(profile, Marlin(), Firmware("before"))
        self.commands = Commands(1)

    def hear(self, *lines: str) -> list[Event]:
        for line in lines:
            self.who.note(Identity(line))
        return self.who.settle(self.commands)


def test_a_firmware_is_greeted_then_ready_then_settles() -> None:
    one = Acquainting()
    assert (one.who.stage, one.who.firmware) == (Stage.UNKNOWN, Firmware("before"))
    assert one.hear("FIRMWARE_NAME:Marlin") == []
    assert one.who.stage is Stage.SETTING
    assert one.commands.last == 1
    assert one.hear("FIRMWARE_NAME:Other") == [Ready(Firmware("Marlin"))]
    assert one.who.stage is Stage.READY
    assert one.hear() == [Settled()]


def test_a_firmware_that_needs_no_greeting_is_ready_at_once() -> None:
    one = Acquainting(busy_s=0)
    assert one.hear("FIRMWARE_NAME:Marlin") == [Ready(Firmware("Marlin"))]
    assert one.who.stage is Stage.READY


def test_a_spoiled_name_is_asked_for_again_before_it_is_held_against_the_firmware() -> None:
    one = Acquainting()
    for _ in range(IDENTIFY_TRIES - 1):
        assert one.hear("FIRMWARE_NAME:Mbrlin") == []
        assert one.who.stage is Stage.UNKNOWN
    (said,) = one.hear("FIRMWARE_NAME:Mbrlin")
    assert isinstance(said, Quarantined)
    assert said.firmware == Firmware("Mbrlin")
    assert "'Mbrlin'" in said.reason
    assert MARLIN.id in said.reason
    assert one.who.stage is Stage.QUARANTINED


def test_what_was_said_at_one_asking_does_not_count_at_the_next() -> None:
    one = Acquainting()
    one.hear("Cap:ONE:1", "FIRMWARE_NAME:Mbrlin")
    one.hear("Cap:TWO:1", "FIRMWARE_NAME:Marlin")
    assert one.who.firmware == Firmware("Marlin", "", frozenset({"TWO"}))


def test_a_firmware_that_never_ends_its_answer_takes_no_memory() -> None:
    one = Acquainting()
    one.hear(*["Cap:A:0"] * MAX_CAPABILITIES, "FIRMWARE_NAME:Marlin")
    assert one.who.firmware.name == ""
    one.hear(*["Cap:A:0"] * (MAX_CAPABILITIES - 1), "FIRMWARE_NAME:Marlin")
    assert one.who.firmware.name == "Marlin"


@pytest.mark.parametrize(
    ("capabilities", "report", "greeting"),
    [
        ({"AUTOREPORT_TEMP"}, "auto", ["M113 S2", "M155 S5"]),
        ({"AUTOREPORT_TEMP"}, "poll", ["M113 S2"]),
        (set(), "auto", ["M113 S2"]),
    ],
)
def test_a_firmware_is_told_to_report_where_it_can_and_shall(
    capabilities: set[str], report: str, greeting: list[str]
) -> None:
    link = msgspec.structs.replace(MARLIN.link, busy_s=2, report_s=5, report=report)
    profile = msgspec.structs.replace(MARLIN, link=link)
    firmware = Firmware("Marlin", "", frozenset(capabilities))
    assert Marlin().greeting(firmware, profile) == greeting


# --- after a host's death ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "verdict"),
    [
        (20, Found(20)),
        (40, Found(40)),
        (CONTROL_FIRST, Found(None)),
        (0, PrinterReset("the firmware has lost its line number")),
        (1, InDoubt("the firmware stands at line 1, behind line 20 that it acknowledged")),
        (19, InDoubt("the firmware stands at line 19, behind line 20 that it acknowledged")),
        (41, InDoubt("the firmware stands at line 41, beyond line 40, the print's last")),
        (9_999_999, InDoubt("the firmware stands at line 9999999, beyond line 40, the print's last")),
        (None, InDoubt("the firmware does not count lines")),
    ],
)  # fmt: skip
def test_a_print_is_taken_over_only_where_it_can_stand(last: int | None, verdict: Event) -> None:
    assert Adoption(last=40, at_least=20).judge(Standing(last)) == verdict
