"""What a technician reads instead of a code, and the options that every command of the bench has."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioning.errors import PassageError

if TYPE_CHECKING:
    from farm.profiles import Profile

MAY_BE_HOT = (
    "The heaters may be on, and nobody is left to switch them off: go to the printer and switch it off."
)
SENTENCES: dict[str, str] = {
    "port_taken": "Another program has the serial device %(port)s.",
    "not_this_printer": "%(why)s",
    "bad_log": "%(file)s is no dialogue that can be read: line %(line)s, %(why)s.",
    "profile_refused": "The profile %(file)s cannot be used: %(reason)s.",
}


@contextmanager
def spoken(port: Path | None = None) -> Iterator[None]:
    """Make one sentence of what is refused within; ``port`` as it was typed.

    Raises:
        click.ClickException: instead of a :class:`PassageError`.
    """
    try:
        yield
    except PassageError as error:
        raise click.ClickException(_sentence(error, port)) from error


def _sentence(error: PassageError, port: Path | None) -> str:
    if error.reason == "port_missing" and port is not None:
        return _why_no_port(error, port)
    if (sentence := SENTENCES.get(error.reason)) is None:
        return str(error)
    detail = error.detail if port is None else {**error.detail, "port": str(port)}
    said = sentence % detail
    return f"{said[:-1]}." if said.endswith("..") else said


def _why_no_port(error: PassageError, port: Path) -> str:
    if getattr(error.__cause__, "errno", None) in {errno.EACCES, errno.EPERM}:
        return f"You may not open the serial device {port}."
    if port.exists():
        return f"{port} is no serial device."
    return f"There is no serial device at {port}."


def known_profile(_context: click.Context, param: click.Parameter, value: str | None) -> Profile | None:
    """The shipped profile of an id; a callback of an option.

    Raises:
        click.BadParameter: there is none; names those that there are.
    """
    from farm.profiles import PROFILES_DIR, find_profile

    if value is None:
        return None
    shipped = sorted(path.stem for path in PROFILES_DIR.glob("*.toml"))
    if value not in shipped:
        raise click.BadParameter(f"there is no profile {value}; there are {', '.join(shipped)}.", param=param)
    with spoken():
        return find_profile(value)
