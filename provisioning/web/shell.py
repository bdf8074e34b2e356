"""What one web process knows about itself: its name, looks, clock, languages, navigation and health checks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from flask import Flask, current_app

from provisioning.clock import Clock

Ui = Literal["kiosk", "office"]


@dataclass(frozen=True)
class NavItem:
    """One entry of the office's side navigation; ``label`` is already translated, ``count`` 0 shows no number."""

    label: str
    url: str
    icon: str
    active: bool = False
    count: int = 0


@dataclass
class Shell:
    """One web process as its shared parts see it; hung on the app by ``create_app``."""

    name: str
    ui: Ui
    clock: Clock
    languages: tuple[str, ...]
    timezone: str = "Europe/Brussels"
    site_name: str = ""
    home_url: str = "/"
    language_of: Callable[[], str | None] | None = None
    nav: Callable[[], Sequence[NavItem]] = tuple
    checks: dict[str, Callable[[], bool]] = field(default_factory=dict)
    quiet: set[str] = field(default_factory=lambda: {"static", "web.health"})


def shell_of(app: Flask | None = None) -> Shell:
    """The shell of ``app``, or of the app that answers the request at hand."""
    return cast(Shell, (app or current_app).extensions["passage"])


def set_nav(app: Flask, nav: Callable[[], Sequence[NavItem]]) -> None:
    """Name the function that lists the side navigation; asked once per drawn office page."""
    shell_of(app).nav = nav


def add_check(app: Flask, name: str, check: Callable[[], bool]) -> None:
    """Let ``/-/health`` ask ``check``; any answer but True makes the process unhealthy (503)."""
    shell_of(app).checks[name] = check


def keep_quiet(app: Flask, *endpoints: str) -> None:
    """Leave well-answered requests to these endpoints (polling) out of the journal."""
    shell_of(app).quiet.update(endpoints)
