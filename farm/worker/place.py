"""Where a worker works: its printer, its cell, its sockets and its journal, from node.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farm.profiles import Profile, find_profile
from provisioning.config import ConfigRefused, Node


@dataclass(frozen=True)
class WorkerPlace:
    """What one worker needs to know."""

    printer: str
    cell: str
    port: Path
    profile: Profile
    desk_socket: Path
    cell_socket: Path
    journal: Path


def worker_place(node: Node, printer_id: str) -> WorkerPlace:
    """The place of a printer's worker on this node.

    Raises:
        ConfigRefused: the node has no such printer.
        BadProfile: its profile is refused.
    """
    sections = node.farm.printers if node.farm else ()
    section = next((one for one in sections if one.printer_id == printer_id), None)
    if section is None:
        raise ConfigRefused(file=str(node.path), reason=f"no printer {printer_id}")
    return WorkerPlace(
        printer=printer_id,
        cell=section.cell,
        port=Path(section.port),
        profile=find_profile(section.profile),
        desk_socket=node.run_dir / "desk.sock",
        cell_socket=node.run_dir / f"interlock-{section.cell}.sock",
        journal=node.state_dir / f"worker-{printer_id}.json",
    )
