"""The bridge from templates to components: ``ui.button(...)`` in every template, without imports."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from jinja2 import StrictUndefined, Undefined

from provisioning.web.states import TONE_ICONS, look

STATIC = Path(__file__).parent / "static"
SPRITES = ("icons.svg", "vendor/tabler.svg")
FAMILIES = ("base", "forms", "data", "dialogs")  # files under templates/components, searched in this order
_TURNS_ROUND = frozenset(  # pictograms that point along the line of reading
    {
        "arrow-left",
        "arrow-right",
        "chevron-left",
        "chevron-right",
        "backspace",
        "logout",
        "send",
        "list",
        "list-check",
        "list-details",
        "volume",
    }
)


@cache
def icon_names() -> dict[str, str]:
    """Every pictogram's name and the sprite it lives in."""
    return {
        name: sprite
        for sprite in SPRITES
        for name in re.findall(r'<symbol id="([^"]+)"', (STATIC / sprite).read_text("utf-8"))
    }


class Unknown(Undefined):
    """An unknown name: false when asked (optional parts), an error when printed (a bug)."""

    __str__ = StrictUndefined.__str__
    __iter__ = StrictUndefined.__iter__
    __len__ = StrictUndefined.__len__


class Components:
    """Finds a macro by name in the component files; a bug in a template fails loudly, with the name."""

    def __init__(self, app: Flask) -> None:
        self._environment = app.jinja_env
        self._macros: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._macros:
            modules = (
                self._environment.get_template(f"components/{family}.html").module for family in FAMILIES
            )
            found = next((getattr(module, name) for module in modules if hasattr(module, name)), None)
            if found is None:
                raise AttributeError(f"there is no component {name!r}")
            self._macros[name] = found
        return self._macros[name]


def icon_address(name: str) -> str:
    """Where a pictogram is: a sprite's address with the symbol's name.

    Raises:
        KeyError: no sprite has it.
    """
    return f"{asset(icon_names()[name])}#{name}"


@cache
def asset_mark(file: str) -> str:
    """Eight characters of an asset's SHA-256: a changed file gets a new address, an old one is cached for ever."""
    return hashlib.sha256((STATIC / file).read_bytes()).hexdigest()[:8]


@cache  # a list of fifty people shows two hundred pictograms
def asset(file: str) -> str:
    """The address of a file under ``provisioning/web/static``, the same in every app of ours."""
    return url_for("static", filename=file, v=asset_mark(file))


def install_components(app: Flask) -> None:
    """Offer ``ui``, ``asset`` and what the components themselves call."""
    app.jinja_env.globals.update(
        ui=Components(app),
        asset=asset,
        icon_names=icon_names,
        icon_address=icon_address,
        icon_turns=_TURNS_ROUND.__contains__,
        look=look,
        tone_icons=TONE_ICONS,
    )
