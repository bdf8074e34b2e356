"""A virtual security key: CTAP2 with real signatures, for the demo's bench, trainings and tests."""

from provisioning.sim.security_key.cable import plug_in
from provisioning.sim.security_key.device import KeyHandle, KeySocket, VirtualKey
from provisioning.sim.security_key.memory import DEMO_AAGUID, Memory, blank_memory, load_memory, save_memory
from provisioning.sim.security_key.seal import make_seal

__all__ = [
    "DEMO_AAGUID",
    "KeyHandle",
    "KeySocket",
    "Memory",
    "VirtualKey",
    "blank_memory",
    "load_memory",
    "make_seal",
    "plug_in",
    "save_memory",
]
