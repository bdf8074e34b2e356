"""A firmware that no profile describes, and that an officer has accepted by its name. Pure."""

from __future__ import annotations

import re

import msgspec

from farm.profiles import IdentifyTable, Profile


def may_accept(own: Profile, name: str) -> bool:
    """Whether an officer's word can let this firmware in: one that the printer's profile does not describe.

    A firmware of the right name that was turned away lacks something that the profile wants, such as protection.
    """
    return bool(name) and (
        own.identify.needs_acceptance or re.search(own.identify.firmware_name, name) is None
    )


def under_caution(own: Profile, cautious: Profile, name: str) -> Profile:
    """The printer's own profile with the cautious way to talk, for the firmware of exactly this name.

    Its limits, its parking place and its speed of the line (it has answered at that) stay the printer's own.
    """
    return msgspec.structs.replace(
        own,
        dialect=cautious.dialect,
        link=msgspec.structs.replace(cautious.link, baud=own.link.baud),
        identify=IdentifyTable(rf"^{re.escape(name)}\Z", [], needs_acceptance=True),
        crash=cautious.crash,
    )


def why_not(profile: Profile, name: str, accepted: str) -> str | None:
    """A sentence when a firmware that the profile lets through still needs an officer's word, else ``None``."""
    if not profile.identify.needs_acceptance or (name and name == accepted):
        return None
    said = f"calls itself {name[:80]!r}" if name else "does not say its name"
    return f"The firmware {said}; profile {profile.id} wants an officer to accept it."
