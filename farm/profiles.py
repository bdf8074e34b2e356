"""What we believe about one printer model with one firmware: TOML with units, limits, sources, honest quality."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from provisioning.errors import Refused

PROFILES_DIR = Path(__file__).resolve().parent.parent / "firmware_profiles"

Dialect = Literal["marlin", "prusa", "repetier", "reprapfirmware", "smoothieware", "klipper"]
Quality = Literal["done", "todo", "exempt"]
# Every key of these tables must say where it is from.
_SOURCED_TABLES = ("link", "limits", "park", "cooling", "crash")
# Firmwares that say nothing while they work; Marlin and its kin say busy, at the interval that M113 sets.
_SILENT_AT_WORK: frozenset[Dialect] = frozenset({"reprapfirmware", "smoothieware", "klipper"})
# Firmwares without M155: Klipper answers ok to the unknown command, the others have none (RRF GCodes2.cpp).
_NEVER_REPORTS: frozenset[Dialect] = frozenset({"reprapfirmware", "smoothieware", "klipper"})
# Firmwares whose Cap lines name AUTOREPORT_TEMP when M155 works (Marlin M115.cpp, Prusa-Firmware Marlin_main.cpp).
_NAMES_ITS_REPORT: frozenset[Dialect] = frozenset({"marlin", "prusa"})
# Firmwares that can unpack MeatPack (Marlin feature/meatpack.cpp, Prusa-Firmware meatpack.cpp).
_UNPACKS: frozenset[Dialect] = frozenset({"marlin", "prusa"})
# Firmwares that drop a spoiled line without a word (RRF StringParser.cpp): a second in flight would overtake it.
_DROPS_IN_SILENCE: frozenset[Dialect] = frozenset({"reprapfirmware"})
# Firmwares that check no line number: none of them can be asked which line it took last.
_KEEPS_NO_COUNT: frozenset[Dialect] = frozenset({"reprapfirmware", "klipper"})


class BadProfile(Refused):
    """A profile file was refused: ``file``, and ``reason``, which begins with the key."""

    code = "profile_refused"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a profile: an unknown key is an error. What a key means stands in its type; the README repeats it."""


class LinkTable(_Table, frozen=True):
    """How to talk to the firmware."""

    baud: Annotated[
        Literal[9600, 19200, 38400, 57600, 115200, 230400, 250000, 500000, 1000000],
        Meta(description="bit/s of the serial line; a native USB port takes any"),
    ]
    line_max_bytes: Annotated[
        int, Meta(ge=32, le=1024, description="longest line sent, with number, checksum and line end")
    ]
    rx_bytes: Annotated[
        int, Meta(ge=64, le=65536, description="bytes that may wait unread in the printer; one less is used")
    ]
    window_lines: Annotated[int, Meta(ge=1, le=64, description="most lines in flight")]
    queue_lines: Annotated[
        int, Meta(ge=1, le=64, description="command slots of the firmware, Marlin's BUFSIZE")
    ]
    boot_wait_s: Annotated[
        float, Meta(gt=0, le=600, description="how long after opening a board may swallow what is sent")
    ]
    resets_on_open: Annotated[bool, Meta(description="opening the port resets the board")]
    busy_s: Annotated[
        int, Meta(ge=0, le=30, description="how often a firmware at work says so (M113 S); 0: it never does")
    ]
    silence_s: Annotated[
        float,
        Meta(gt=0, le=600, description="neither ok nor busy for so long: the link asks, which harms nothing"),
    ]
    quiet_max_s: Annotated[
        float, Meta(ge=47, le=3600, description="a known firmware at work may say nothing for so long")
    ]
    report_s: Annotated[int, Meta(ge=1, le=60, description="how often temperatures come")]
    report: Annotated[
        Literal["auto", "poll"], Meta(description="auto: by themselves (M155); poll: the link asks (M105)")
    ]
    meatpack: Annotated[bool, Meta(description="lines are sent packed when the firmware offers it")]


class IdentifyTable(_Table, frozen=True):
    """What M115 must answer, or the printer stays quarantined."""

    firmware_name: Annotated[str, Meta(min_length=1, description="regular expression for FIRMWARE_NAME")]
    capabilities: Annotated[list[str], Meta(description="Cap lines that must be there with 1")]
    needs_acceptance: Annotated[bool, Meta(description="an officer must accept this firmware by name first")]


class LimitsTable(_Table, frozen=True):
    """The site's ceiling; a job that asks for more is refused."""

    bed_x_mm: Annotated[float, Meta(ge=50, le=1000, description="farthest nozzle position in x")]
    bed_y_mm: Annotated[float, Meta(ge=50, le=1000, description="farthest nozzle position in y")]
    z_max_mm: Annotated[float, Meta(ge=50, le=1000, description="highest nozzle position")]
    nozzle_max_c: Annotated[float, Meta(ge=150, le=320, description="hottest nozzle")]
    bed_max_c: Annotated[float, Meta(ge=0, le=150, description="hottest bed")]


class ParkTable(_Table, frozen=True):
    """Where the head waits during a pause and after a cancel."""

    x_mm: Annotated[float, Meta(ge=0, le=1000, description="where the head waits in x")]
    y_mm: Annotated[float, Meta(ge=0, le=1000, description="where the head waits in y")]
    lift_mm: Annotated[float, Meta(ge=1, le=50, description="how far it rises first")]
    retract_mm: Annotated[float, Meta(ge=0, le=20, description="filament drawn back before it rises")]
    travel_mm_min: Annotated[float, Meta(ge=300, le=20000, description="speed across")]
    lift_mm_min: Annotated[float, Meta(ge=60, le=3000, description="speed upwards")]
    retract_mm_min: Annotated[float, Meta(ge=60, le=6000, description="speed of the filament")]


class CoolingTable(_Table, frozen=True):
    """When the part may be taken off."""

    part_off_bed_c: Annotated[float, Meta(ge=20, le=80, description="a bed this cool lets go of the part")]
    give_up_s: Annotated[float, Meta(ge=60, le=14400, description="still warmer then: done, and said so")]


class CrashTable(_Table, frozen=True):
    """What a worker does with the print that it finds going on when it comes back."""

    after: Annotated[
        Literal["continue", "ask", "end"],
        Meta(
            description="continue: at the line the firmware names; ask: park, an officer decides; end: it failed"
        ),
    ]
    within_s: Annotated[
        float, Meta(ge=0, le=600, description="a print that stood still longer needs an officer to go on")
    ]


class QualityTable(_Table, frozen=True):
    """What has been shown and what has not: done, todo, or exempt where it cannot apply."""

    simulated: Annotated[Quality, Meta(description="a print on the virtual printer of this dialect")]
    wire_faults: Annotated[Quality, Meta(description="the same over a spoiled wire, no line lost or doubled")]
    conformance: Annotated[
        Quality,
        Meta(description="the dialect held against a virtual board written from the firmware's sources"),
    ]
    real_board: Annotated[Quality, Meta(description="a print on the real machine")]
    thermal_runaway_proven: Annotated[
        Quality, Meta(description="heater unplugged on the real machine, it halted")
    ]
    stop_measured: Annotated[Quality, Meta(description="emergency stop timed on the real machine")]
    crash_continued: Annotated[Quality, Meta(description="worker killed in mid-print, every line ran once")]

    def items(self) -> Iterator[tuple[str, Quality]]:
        """Every key with its value, in the order of the table."""
        return iter(msgspec.structs.asdict(self).items())


class Source(_Table, frozen=True):
    """Where one value is from."""

    key: Annotated[str, Meta(description="table.key of the value")]
    says: Annotated[
        str, Meta(min_length=8, description='file and symbol of the firmware, or "our choice: why"')
    ]


class Profile(_Table, frozen=True):
    """One profile file, checked."""

    schema: Annotated[Literal[1], Meta(description="edition of this format")]
    id: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.\-]*$", description="the file's name")]
    name: Annotated[str, Meta(min_length=1, description="what people call it")]
    dialect: Annotated[Dialect, Meta(description="how the firmware talks")]
    kind: Annotated[str, Meta(pattern=r"^[a-z0-9\-]+$", description="jobs are matched to printers by kind")]
    link: LinkTable
    identify: IdentifyTable
    limits: LimitsTable
    park: ParkTable
    cooling: CoolingTable
    crash: CrashTable
    quality: QualityTable
    sources: list[Source]


def load_profile(path: Path) -> Profile:
    """The profile in ``path``.

    Raises:
        BadProfile: unreadable, unknown or missing key, value of a wrong type or out of bounds, value without a
            source, values that contradict each other or the dialect, name pattern that does not compile, or ``id``
            unlike the file's name.
    """
    try:
        profile = msgspec.toml.decode(path.read_bytes(), type=Profile)
    except OSError as error:
        raise BadProfile(file=path.name, reason=f"cannot be read: {error.strerror}") from error
    except (
        msgspec.DecodeError,
        UnicodeDecodeError,
    ) as error:  # a ValidationError's text ends with the key's path
        raise BadProfile(file=path.name, reason=_plain(str(error))) from error
    for key, why in _objections(profile, path):
        raise BadProfile(file=path.name, reason=f"{key}: {why}")
    return profile


def find_profile(profile_id: str, folder: Path = PROFILES_DIR) -> Profile:
    """The shipped profile of that id.

    Raises:
        BadProfile: there is none, or it is refused.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.\-]*", profile_id):
        raise BadProfile(file=profile_id, reason="id: only a-z, 0-9, dot and dash")
    return load_profile(folder / f"{profile_id}.toml")


def _objections(profile: Profile, path: Path) -> Iterator[tuple[str, str]]:
    """Every (key, why) that the types alone cannot say."""
    if profile.id != path.stem:
        yield "id", f"is {profile.id!r}, but the file is named {path.stem!r}"
    try:
        re.compile(profile.identify.firmware_name)
    except re.error as error:
        yield "identify.firmware_name", f"is no regular expression: {error}"
    if profile.park.x_mm > profile.limits.bed_x_mm:
        yield "park.x_mm", "lies off the bed"
    if profile.park.y_mm > profile.limits.bed_y_mm:
        yield "park.y_mm", "lies off the bed"
    yield from _link_objections(profile)
    yield from _dialect_objections(profile)
    yield from _source_objections(profile)


def _link_objections(profile: Profile) -> Iterator[tuple[str, str]]:
    """Where two values of the link contradict each other."""
    link, is_stranger = profile.link, profile.identify.needs_acceptance
    if link.rx_bytes - 1 < link.line_max_bytes:
        yield "link.rx_bytes", f"one less must hold a line of link.line_max_bytes ({link.line_max_bytes})"
    if is_stranger and link.window_lines != 1:
        yield "link.window_lines", "must be 1 where identify.needs_acceptance is true"
    if is_stranger and profile.crash.after == "continue":
        yield "crash.after", "must be ask or end where identify.needs_acceptance is true"


def _dialect_objections(profile: Profile) -> Iterator[tuple[str, str]]:
    """Where a value asks for what the dialect cannot do."""
    link, dialect, identify = profile.link, profile.dialect, profile.identify
    if dialect in _SILENT_AT_WORK and link.busy_s:
        yield "link.busy_s", f"must be 0: {dialect} says nothing while it works"
    if not (dialect in _SILENT_AT_WORK or identify.needs_acceptance or link.busy_s):
        yield "link.busy_s", f"must be 1 or more: {dialect} says when it is busy"
    if dialect in _DROPS_IN_SILENCE and link.window_lines != 1:
        yield "link.window_lines", f"must be 1: {dialect} drops a spoiled line without a word"
    if link.report == "auto" and dialect in _NEVER_REPORTS:
        yield "link.report", f"must be poll: {dialect} has no M155"
    if (
        link.report == "auto"
        and dialect in _NAMES_ITS_REPORT
        and "AUTOREPORT_TEMP" not in identify.capabilities
    ):
        yield "link.report", "auto needs AUTOREPORT_TEMP among identify.capabilities"
    if link.meatpack and dialect not in _UNPACKS:
        yield "link.meatpack", f"must be false: {dialect} cannot unpack"
    if profile.crash.after != "end" and dialect in _KEEPS_NO_COUNT:
        yield "crash.after", f"must be end: {dialect} cannot say which line it took last"


def _source_objections(profile: Profile) -> Iterator[tuple[str, str]]:
    """Values without a source, sources without a value, values with two."""
    said = [source.key for source in profile.sources]
    wanted = {
        f"{table}.{field}" for table in _SOURCED_TABLES for field in getattr(profile, table).__struct_fields__
    }
    welcome = wanted | {f"identify.{field}" for field in profile.identify.__struct_fields__}
    for key in sorted(wanted - set(said)):
        yield key, "has no source: add a [[sources]] with this key"
    for key in sorted(set(said) - welcome):
        yield "sources", f"key {key!r} names nothing in this file"
    for key in sorted({key for key in said if said.count(key) > 1}):
        yield "sources", f"key {key!r} has more than one"


def _plain(text: str) -> str:
    """Msgspec's complaint with the key path first: ``link.baud: Expected ...``."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", text, re.DOTALL)
    why, where = (match[1], match[2] or "") if match else (text, "")
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", why):
        return f"{'.'.join(filter(None, (where, unknown[1])))}: unknown key"
    if missing := re.fullmatch(r"Object missing required field `(.*)`", why):
        return f"{'.'.join(filter(None, (where, missing[1])))}: is missing"
    return f"{where}: {why}" if where else why
