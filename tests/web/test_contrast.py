"""The colours of tokens.css, pair by pair as they are drawn (WCAG 2.2: 1.4.3 text 4.5:1, 1.4.11 parts 3:1)."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "provisioning/web/static/tokens.css").read_text("utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", CSS))
LIGHT = ("paper", "surface", "sunken")
SOFT = ("good", "wait", "bad", "info", "off")

TEXT = [
    *[(ink, ground) for ink in ("ink", "ink-soft", "accent-strong") for ground in (*LIGHT, "accent-soft")],
    *[(tone, f"{tone}-soft") for tone in SOFT],
    *[("ink", f"{tone}-soft") for tone in SOFT],
    *[(tone, ground) for tone in SOFT for ground in ("surface", "paper")],
    *[("on-accent", ground) for ground in ("accent", "accent-strong")],
    *[("on-bad", ground) for ground in ("bad", "bad-strong")],
    *[
        (ink, ground)
        for ink in ("on-slate", "on-slate-soft", "focus-halo")
        for ground in ("slate", "slate-raised")
    ],
    ("ink", "focus-halo"),
]
PARTS = [
    *[("edge", ground) for ground in (*LIGHT, "accent-soft", "off-soft")],
    *[("accent", ground) for ground in (*LIGHT, "accent-soft")],
    *[("focus", ground) for ground in LIGHT],
    ("focus-halo", "slate"),
    ("focus-halo", "slate-raised"),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(COLOURS[one]), luminance(COLOURS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_is_readable_on_its_ground(ink, ground):
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize(("part", "ground"), PARTS)
def test_what_can_be_operated_stands_out_from_its_ground(part, ground):
    assert contrast(part, ground) >= 3


def test_every_token_colour_is_held_to_a_contrast():
    checked = {name for pair in TEXT + PARTS for name in pair}
    assert set(COLOURS) - checked == {"line"}, "only the hairline between things carries no meaning"
