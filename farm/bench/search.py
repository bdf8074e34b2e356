"""Who is at that port, when nobody knows? One question, M115, at each speed that a profile names."""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from farm.link.framing import Lines
from farm.link.identity import Firmware, difference, read_identity
from farm.port import Port
from farm.profiles import PROFILES_DIR, Profile, load_profile

QUESTION = b"\nM115\n"  # every firmware that we name answers it, unnumbered too
BOOT_S = 2.5  # the longest boot_wait_s of a profile and a half: opening may have reset the board
ANSWER_S = 3.0
TURN_S = 0.2


class Finding(msgspec.Struct, frozen=True):
    """Who answered at which speed, and the profiles that are true of it; nobody when ``baud`` is None."""

    firmware: Firmware = Firmware()
    baud: int | None = None
    profiles: tuple[str, ...] = ()


def shipped_profiles() -> list[Profile]:
    """All of them, those for strangers left out."""
    profiles = (load_profile(path) for path in sorted(PROFILES_DIR.glob("*.toml")))
    return [profile for profile in profiles if not profile.identify.needs_acceptance]


def search(port: Path, profiles: Iterable[Profile]) -> Finding:
    """Ask at each speed, the commonest first, until somebody answers. Nothing moves and nothing heats.

    Raises:
        Unavailable: ``port_missing`` or ``port_taken``.
    """
    known = list(profiles)
    speeds = [profile.link.baud for profile in known]
    for baud in sorted(set(speeds), key=speeds.count, reverse=True):
        firmware = read_identity(_ask(port, baud))
        if firmware.name:
            fitting = (one.id for one in known if difference(firmware, one.identify, one.id) is None)
            return Finding(firmware, baud, tuple(fitting))
    return Finding()


def _ask(port: Path, baud: int) -> list[str]:
    """The lines that came back, the question put once the board had time to start and once more at half time."""
    opened, heard, lines = Port(port, baud), list[str](), Lines()
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(opened.fd, selectors.EVENT_READ)
            begun_s = time.monotonic()
            due_s = [begun_s, begun_s + BOOT_S]  # at once for boards that do not start anew
            while time.monotonic() < begun_s + BOOT_S + ANSWER_S:
                if due_s and time.monotonic() >= due_s[0]:
                    due_s.pop(0)
                    opened.write(QUESTION)
                if not selector.select(TURN_S):
                    if any("FIRMWARE_NAME:" in line for line in heard):
                        break  # it has named itself, and has nothing to add
                    continue
                data = opened.read()
                if data == b"":
                    break
                heard += lines.feed(data or b"")
    finally:
        opened.close()
    return heard


def findings_text(finding: Finding) -> list[str]:
    """The finding for a person, one fact a line; the last one is the verdict."""
    if finding.baud is None:
        return ["Nobody answers at this port, at any speed that a profile names."]
    firmware = finding.firmware
    said = [
        f"firmware      {firmware.name}",
        f"machine       {firmware.machine or '-'}",
        f"capabilities  {', '.join(sorted(firmware.capabilities)) or '-'}",
        f"speed         {finding.baud} baud",
    ]
    if not finding.profiles:
        return [
            *said,
            "No profile describes this firmware. It prints only when an officer accepts it by name.",
        ]
    return [*said, f"Profiles that describe this firmware: {', '.join(finding.profiles)}."]
