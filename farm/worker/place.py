"""Where a worker works: its printer, its cell, its sockets and its journals, from node.toml. Fit to be handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from farm.profiles import Profile
from provisioning.errors import Refused

if TYPE_CHECKING:
    from provisioning.config import Node


class WorkerPlace(msgspec.Struct, frozen=True):
    """What one worker needs to know; paths as text, so that it survives the way into a new program."""

    printer: str
    cell: str
    port: str
    profile: Profile
    cautious: Profile | None  # how to talk to a firmware that an officer accepted by name
    desk_socket: str
    cell_socket: str
    journal: str
    line: str


def worker_place(node: Node, printer_id: str) -> WorkerPlace:
    """The place of a printer's worker on this node.

    Raises:
        ConfigRefused: the node has no such printer.
        BadProfile: its profile is refused.
    """
    from farm.profiles import find_profile
    from provisioning.config import ConfigRefused

    sections = node.farm.printers if node.farm else ()
    section = next((one for one in sections if one.printer_id == printer_id), None)
    if section is None:
        raise ConfigRefused(file=str(node.path), reason=f"no printer {printer_id}")
    return WorkerPlace(
        printer=printer_id,
        cell=section.cell,
        port=section.port,
        profile=find_profile(section.profile),
        cautious=_cautious(),
        desk_socket=str(node.run_dir / "desk.sock"),
        cell_socket=str(node.run_dir / f"interlock-{section.cell}.sock"),
        journal=str(node.state_dir / f"worker-{printer_id}.json"),
        line=str(node.run_dir / f"worker-{printer_id}.line"),
    )


def _cautious() -> Profile | None:
    from farm.profiles import find_profile

    try:
        return find_profile("generic-cautious")
    except Refused:
        return None  # an unknown firmware then stays quarantined
