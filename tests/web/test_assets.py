"""What is not ours is what it says it is; nothing points outside; nothing is inline; nothing is dragged."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
WEB = TOP / "provisioning/web"
VENDOR = WEB / "static/vendor"
MANIFEST = tomllib.loads((VENDOR / "MANIFEST.toml").read_text("utf-8"))["file"]
TEMPLATES = [
    file
    for package in ("kiosk", "farm", "provisioning")
    for file in (TOP / package).rglob("templates/**/*.html")
]
OWN_CODE = [
    *TEMPLATES,
    *(
        file
        for package in ("kiosk", "farm", "provisioning")
        for kind in ("css", "js")
        for file in (TOP / package).rglob(f"static/**/*.{kind}")
    ),
]
OWN_CODE = [file for file in OWN_CODE if VENDOR not in file.parents]


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["name"])
def test_a_vendored_file_has_its_hash_and_its_licence(entry):
    assert hashlib.sha256((VENDOR / entry["name"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (VENDOR / entry["licence_text"]).stat().st_size > 200
    assert entry["version"]
    assert entry["licence"] in {"0BSD", "MIT", "OFL-1.1"}


def test_every_vendored_file_is_in_the_manifest():
    files = {str(file.relative_to(VENDOR)) for file in VENDOR.rglob("*") if file.is_file()}
    listed = {entry["name"] for entry in MANIFEST} | {entry["licence_text"] for entry in MANIFEST}
    assert files == listed | {"MANIFEST.toml"}


def test_no_page_style_or_script_of_ours_names_another_machine():
    outside = re.compile(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z0-9-]+\.[a-z]", re.IGNORECASE)
    assert [file.name for file in OWN_CODE if outside.search(file.read_text("utf-8"))] == []


def test_no_template_holds_inline_style_script_or_handlers():
    inline = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    found = {str(file.relative_to(TOP)): inline.search(file.read_text("utf-8")) for file in TEMPLATES}
    assert {name for name, match in found.items() if match} == set()


def test_nothing_asks_for_dragging():
    dragging = re.compile(r"draggable=|\bondrag|addEventListener\(\"(?:drag|dragover|drop)\"")
    assert [file.name for file in OWN_CODE if dragging.search(file.read_text("utf-8"))] == []


def test_every_script_of_ours_is_short():
    assert all(len(file.read_text("utf-8").splitlines()) <= 150 for file in OWN_CODE if file.suffix == ".js")
