"""One file per firmware: how its board reads, acknowledges, refuses, stops; ``farm.sim.board`` is what they share."""

from __future__ import annotations

import re
from collections.abc import Mapping

from farm.profiles import Dialect, Profile
from farm.sim.board import Executed, VirtualBoard
from farm.sim.boards.klipper import VirtualKlipper
from farm.sim.boards.marlin import VirtualMarlin, VirtualMarlin1
from farm.sim.boards.prusa import VirtualPrusa
from farm.sim.boards.repetier import VirtualRepetier
from farm.sim.boards.reprapfirmware import VirtualRepRap
from farm.sim.boards.smoothieware import VirtualSmoothie

# the first of a dialect is the one that is meant when a name does not decide
BOARDS: Mapping[Dialect, tuple[type[VirtualBoard], ...]] = {
    "marlin": (VirtualMarlin, VirtualMarlin1),
    "prusa": (VirtualPrusa,),
    "repetier": (VirtualRepetier,),
    "reprapfirmware": (VirtualRepRap,),
    "smoothieware": (VirtualSmoothie,),
    "klipper": (VirtualKlipper,),
}
# their ports are USB of their own (or none at all): nothing overruns
FLOW_CONTROLLED: frozenset[Dialect] = frozenset({"reprapfirmware", "smoothieware", "klipper"})
_NAME = re.compile(r"FIRMWARE_NAME: ?(.*)")


def board_of(
    dialect: Dialect,
    now: float = 0.0,
    *,
    firmware: str = ".",
    factor: float = 1.0,
    on_executed: Executed | None = None,
    rx_bytes: int | None = None,
    queue_lines: int | None = None,
    has_flow_control: bool | None = None,
    **options: bool,
) -> VirtualBoard:
    """A virtual board that speaks ``dialect``; of several, the first whose FIRMWARE_NAME ``firmware`` matches.

    ``rx_bytes``, ``queue_lines``: its receive ring and its command slots where they can be chosen; the firmware's own
    when not given.
    ``options``: Marlin's ``advanced_ok``, ``emergency_parser``, ``no_timeouts``,
    ``meatpack``, this one Prusa's too; Repetier's ``echo``.
    """
    kinds = BOARDS[dialect]
    kind = next((one for one in kinds if _is_named(one, firmware)), kinds[0])
    sizes = {"rx_bytes": rx_bytes, "queue_lines": queue_lines}
    given = {name: size for name, size in sizes.items() if size is not None}
    flow = dialect in FLOW_CONTROLLED if has_flow_control is None else has_flow_control
    return kind(now, factor=factor, on_executed=on_executed, has_flow_control=flow, **given, **options)


def board_for(
    profile: Profile,
    now: float = 0.0,
    *,
    factor: float = 1.0,
    on_executed: Executed | None = None,
    rx_bytes: int | None = None,
) -> VirtualBoard:
    """A virtual board that ``profile`` is true of: firmware, ring, slots, capabilities.

    ``rx_bytes`` overrides the ring and takes flow control away; a Prusa's has 128 bytes, and its profile keeps away
    from the last. A board that opening the port does not reset has USB of its own, and so flow control.
    """
    options: dict[str, bool] = {}
    if profile.dialect == "marlin" and "EMERGENCY_PARSER" in profile.identify.capabilities:
        options["emergency_parser"] = True
    return board_of(
        profile.dialect,
        now,
        firmware=profile.identify.firmware_name,
        factor=factor,
        on_executed=on_executed,
        rx_bytes=rx_bytes or (128 if profile.dialect == "prusa" else profile.link.rx_bytes),
        queue_lines=profile.link.queue_lines,
        has_flow_control=not profile.link.resets_on_open and rx_bytes is None,
        **options,
    )


def _is_named(kind: type[VirtualBoard], firmware: str) -> bool:
    match = _NAME.search(kind.machine_class.identity)
    return match is not None and re.search(firmware, match[1]) is not None
