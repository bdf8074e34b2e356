"""The demo site's models: real slicer output, shapes of our own, words in five languages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

FOLDER = Path(__file__).resolve().parent
LANGUAGES = ("nl", "fr", "en", "de", "ar")


class DemoModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One ``[[model]]`` of ``models.toml``; ``approved`` = the demo begins with it already approved."""

    id: str
    gcode: str
    stl: str
    approved: bool
    material: str
    colours: tuple[str, ...]
    price_cents: Annotated[int, msgspec.Meta(ge=0)]
    max_copies: Annotated[int, msgspec.Meta(ge=1)]
    title: dict[str, str]
    purpose: dict[str, str]

    @property
    def gcode_path(self) -> Path:
        return FOLDER / self.gcode

    @property
    def stl_path(self) -> Path:
        return FOLDER / self.stl


class _Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: tuple[DemoModel, ...]


def demo_models() -> tuple[DemoModel, ...]:
    """Every demo model, in the order of ``models.toml``."""
    return msgspec.toml.decode((FOLDER / "models.toml").read_bytes(), type=_Models).model
