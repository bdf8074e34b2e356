"""What we believe about one printer model with one firmware: TOML with units, limits, sources, honest quality."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from provisioning.errors import Refused

PROFILES_DIR = Path(__file__).resolve().parent.parent / "firmware_profiles"

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Millimetres = Annotated[float, msgspec.Meta(ge=0, le=1000)]
BedSide = Annotated[float, msgspec.Meta(ge=50, le=1000)]
Quality = Literal["done", "todo", "exempt"]
# Everything a number is believed about must say where the number is from.
_SOURCED_TABLES = ("link", "limits", "park", "cooling")


class BadProfile(Refused):
    """A profile file was refused: ``file``, and ``reason``, which begins with the key."""

    code = "profile_refused"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a profile: an unknown key is an error."""


class LinkTable(_Table, frozen=True):
    """How to talk to the firmware."""

    baud: Literal[9600, 19200, 38400, 57600, 115200, 250000, 500000]
    line_max_bytes: Annotated[int, msgspec.Meta(ge=32, le=1024)]
    rx_bytes: Annotated[int, msgspec.Meta(ge=64, le=65536)]
    window_lines: Annotated[int, msgspec.Meta(ge=1, le=64)]
    boot_wait_s: Seconds  # a board that was reset by opening the port swallows what is sent for so long
    busy_s: Annotated[int, msgspec.Meta(ge=1, le=30)]  # M113 S: a firmware at work says so this often
    silence_s: Seconds  # neither ok nor busy for so long: ask
    report_s: Annotated[int, msgspec.Meta(ge=1, le=60)]  # M155 S


class IdentifyTable(_Table, frozen=True):
    """What M115 must answer, or the printer stays quarantined."""

    firmware_name: str
    capabilities: list[str]


class LimitsTable(_Table, frozen=True):
    """The site's ceiling; a job that asks for more is refused."""

    bed_x_mm: BedSide
    bed_y_mm: BedSide
    z_max_mm: BedSide
    nozzle_max_c: Annotated[float, msgspec.Meta(ge=150, le=320)]
    bed_max_c: Annotated[float, msgspec.Meta(ge=0, le=150)]


class ParkTable(_Table, frozen=True):
    """Where the head waits during a pause and after a cancel."""

    x_mm: Millimetres
    y_mm: Millimetres
    lift_mm: Annotated[float, msgspec.Meta(ge=1, le=50)]
    retract_mm: Annotated[float, msgspec.Meta(ge=0, le=20)]
    travel_mm_min: Annotated[float, msgspec.Meta(ge=300, le=20000)]
    lift_mm_min: Annotated[float, msgspec.Meta(ge=60, le=3000)]
    retract_mm_min: Annotated[float, msgspec.Meta(ge=60, le=6000)]


class CoolingTable(_Table, frozen=True):
    """When the part may be taken off."""

    part_off_bed_c: Annotated[float, msgspec.Meta(ge=20, le=80)]
    give_up_s: Annotated[
        float, msgspec.Meta(ge=60, le=14400)
    ]  # still warmer after so long: done, and said so


class Source(_Table, frozen=True):
    """Where one number is from."""

    key: str
    says: Annotated[str, msgspec.Meta(min_length=8)]


class Profile(_Table, frozen=True):
    """One profile file, checked."""

    schema: Literal[1]
    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.\-]*$")]
    name: str
    dialect: Literal["marlin"]
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9\-]+$")]  # jobs are matched to printers by kind
    link: LinkTable
    identify: IdentifyTable
    limits: LimitsTable
    park: ParkTable
    cooling: CoolingTable
    quality: dict[str, Quality]
    sources: list[Source]


def load_profile(path: Path) -> Profile:
    """The profile in ``path``.

    Raises:
        BadProfile: unreadable, unknown key, value of a wrong type or out of bounds, number without a source,
            park position off the bed, name pattern that does not compile, or ``id`` unlike the file's name.
    """
    try:
        profile = msgspec.toml.decode(path.read_bytes(), type=Profile)
    except OSError as error:
        raise BadProfile(file=path.name, reason=f"cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:  # ValidationError is one of these; its text ends with the key's path
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


def _objections(profile: Profile, path: Path) -> list[tuple[str, str]]:
    """Every (key, why) that the types alone cannot say."""
    found: list[tuple[str, str]] = []
    if profile.id != path.stem:
        found.append(("id", f"is {profile.id!r}, but the file is named {path.stem!r}"))
    try:
        re.compile(profile.identify.firmware_name)
    except re.error as error:
        found.append(("identify.firmware_name", f"is no regular expression: {error}"))
    if profile.park.x_mm > profile.limits.bed_x_mm or profile.park.y_mm > profile.limits.bed_y_mm:
        found.append(("park", "lies off the bed"))
    if not profile.quality:
        found.append(("quality", "is empty: say what is done, todo or exempt"))
    return found + _source_objections(profile)


def _source_objections(profile: Profile) -> list[tuple[str, str]]:
    said = {source.key for source in profile.sources}
    wanted = {
        f"{table}.{field}" for table in _SOURCED_TABLES for field in getattr(profile, table).__struct_fields__
    }
    missing = [(key, "has no source: add a [[sources]] with this key") for key in sorted(wanted - said)]
    stray = [("sources", f"key {key!r} names nothing in this file") for key in sorted(said - wanted)]
    return missing + stray


def _plain(text: str) -> str:
    """Msgspec's complaint with the key path first: ``link.baud: Expected ...``."""
    match = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", text, re.DOTALL)
    why, where = (match[1], match[2] or "") if match else (text, "")
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", why):
        return f"{'.'.join(filter(None, (where, unknown[1])))}: unknown key"
    return f"{where}: {why}" if where else why
