"""Reading systemd's unit files, so that the bench starts the very commands that production starts."""

import configparser
import shlex
from dataclasses import dataclass
from pathlib import Path

from provisioning.errors import Refused

INSTALLED_BIN = "/opt/passage/venv/bin/"
INSTALLED_CONFIG = "/etc/passage/node.toml"


class UnitRefused(Refused):
    """A unit file cannot be started by the bench; ``file`` and ``reason``."""

    code = "unit_refused"


@dataclass(frozen=True)
class Unit:
    """What the bench needs of a unit: its command, how often it must pet the watchdog, the pause before a restart."""

    name: str
    argv: tuple[str, ...]
    watchdog_s: float | None
    restart: bool
    restart_s: float


def _seconds(text: str | None, otherwise: float | None) -> float | None:
    if not text:
        return otherwise
    if text.endswith("ms"):
        return float(text[:-2]) / 1000
    if text.endswith("min"):
        return float(text[:-3]) * 60
    return float(text.removesuffix("s"))


def read_unit(path: Path, binaries: Path, config: Path, instance: str = "") -> Unit:
    """A unit with its paths moved: our commands from ``binaries``, the node's configuration at ``config``.

    Raises:
        UnitRefused: there is no single plain ExecStart of ours.
    """
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[method-assign, assignment]  # systemd's keys are case-sensitive
    try:
        parser.read_string(path.read_text())
        command = parser.get("Service", "ExecStart")
    except (OSError, configparser.Error) as error:
        raise UnitRefused(file=path.name, reason=str(error)) from error
    if not command.startswith(INSTALLED_BIN):
        raise UnitRefused(file=path.name, reason=f"not a command of ours: {command}")
    words = [word.replace("%i", instance) for word in shlex.split(command)]
    words[0] = str(binaries / words[0].removeprefix(INSTALLED_BIN))
    argv = tuple(str(config) if word == INSTALLED_CONFIG else word for word in words)
    service = parser["Service"]
    return Unit(
        name=path.stem.removesuffix("@") + (f"@{instance}" if instance else ""),
        argv=argv,
        watchdog_s=_seconds(service.get("WatchdogSec"), None),
        restart=service.get("Restart", "no") != "no",
        restart_s=_seconds(service.get("RestartSec"), 0.1) or 0.1,
    )
