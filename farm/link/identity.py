"""Who a firmware says it is (M115), held against what the profile believes."""

from __future__ import annotations

import re

import msgspec

from farm.profiles import IdentifyTable

GUARD = "THERMAL_PROTECTION"  # without it a loose thermistor is a fire (Marlin M115)
MAX_CAPABILITIES = 128  # Marlin 2.1 names about 40
_KEY = re.compile(r"\b([A-Z][A-Z_]{2,}):")
_BEFORE_CAPABILITY = re.compile("(?=Cap:)")
_CAPABILITY = re.compile(r"Cap:([A-Z0-9_]+):([01])")


class Firmware(msgspec.Struct, frozen=True):
    """An answer to M115: the name as it was given, the machine, what it says that it can and what it says it cannot."""

    name: str = ""
    machine: str = ""
    capabilities: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()


def read_identity(lines: list[str]) -> Firmware:
    """The answer in ``lines``; what was not said is empty or off."""
    fields: dict[str, str] = {}
    capabilities: set[str] = set()
    lacks: set[str] = set()
    # a newline may be missing before the first capability (Prusa-Firmware without MACHINE_UUID)
    for line in (part for whole in lines for part in _BEFORE_CAPABILITY.split(whole)):
        if match := _CAPABILITY.fullmatch(line):
            told = capabilities if match[2] == "1" else lacks
            if len(told) < MAX_CAPABILITIES:
                told.add(match[1])
        elif "FIRMWARE_NAME:" in line:
            fields = _fields(line)
    return Firmware(
        fields.get("FIRMWARE_NAME", ""),
        fields.get("MACHINE_TYPE", ""),
        frozenset(capabilities),
        frozenset(lacks),
    )


def _fields(line: str) -> dict[str, str]:
    """``KEY:value`` pairs whose values may hold blanks; a URL's colon does not begin a key."""
    keys = list(_KEY.finditer(line))
    ends = [key.start() for key in keys[1:]] + [len(line)]
    return {key[1]: line[key.end() : end].strip(" ,") for key, end in zip(keys, ends, strict=True)}


def difference(firmware: Firmware, wanted: IdentifyTable, profile_id: str) -> str | None:
    """A sentence that names what differs from the profile, ``None`` when nothing does."""
    if GUARD in firmware.lacks:
        return "The firmware says that it does not guard its heaters; nothing may print on it unattended."
    if not re.search(wanted.firmware_name, firmware.name):
        said = f"calls itself {firmware.name[:80]!r}" if firmware.name else "does not say its name"
        return f"The firmware {said}; profile {profile_id} expects {wanted.firmware_name}."
    missing = [name for name in wanted.capabilities if name not in firmware.capabilities]
    if missing:
        return f"The firmware lacks {', '.join(missing)}, which profile {profile_id} needs."
    return None
