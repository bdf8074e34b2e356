"""The dialect of a profile's name. Each file is imported only when it is spoken: a worker knows one."""

from __future__ import annotations

from importlib import import_module

from farm.link.dialects.base import Dialect
from farm.profiles import Profile

_MODULES = {
    "marlin": "marlin.Marlin",
    "prusa": "prusa.Prusa",
    "repetier": "repetier.Repetier",
    "smoothieware": "smoothieware.Smoothieware",
    "reprapfirmware": "reprapfirmware.RepRapFirmware",
    "klipper": "klipper.Klipper",
}


def dialect_of(profile: Profile) -> Dialect:
    """A dialect for one link."""
    module, _, name = _MODULES[profile.dialect].partition(".")
    made = getattr(import_module(f"farm.link.dialects.{module}"), name)()
    assert isinstance(made, Dialect)
    return made
