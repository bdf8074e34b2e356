"""Every shipped profile loads; a faulty one is refused as a whole, naming file and key."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.gcode.limits import limits_of
from farm.profiles import PROFILES_DIR, BadProfile, Profile, find_profile, load_profile
from tests.farm.profiles.toml_kit import TABLES, described, keys_of, reason, text_of

SHIPPED = sorted(PROFILES_DIR.glob("*.toml"))
GOOD = PROFILES_DIR / "marlin-2.1-generic-220.toml"
SOURCED = ("link", "limits", "park", "cooling", "crash")


def tree(path: Path = GOOD) -> dict[str, Any]:
    """A fresh copy of what a profile file says."""
    return tomllib.loads(path.read_text())


# --- what we ship ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_profile_loads_and_states_its_quality(path: Path) -> None:
    profile = load_profile(path)
    assert find_profile(profile.id) == profile
    assert "todo" in dict(profile.quality.items()).values()


def test_every_dialect_has_a_profile() -> None:
    dialects = {load_profile(path).dialect for path in SHIPPED}
    assert dialects == {"marlin", "prusa", "repetier", "reprapfirmware", "smoothieware", "klipper"}


def test_printers_of_one_kind_take_the_same_files() -> None:
    by_kind: dict[str, set[Any]] = {}
    for profile in map(load_profile, SHIPPED):
        by_kind.setdefault(profile.kind, set()).add(limits_of(profile))
    assert [kind for kind, limits in by_kind.items() if len(limits) > 1] == []


def test_only_an_unknown_firmware_needs_acceptance() -> None:
    strangers = [path.stem for path in SHIPPED if load_profile(path).identify.needs_acceptance]
    assert strangers == ["generic-cautious"]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_file_written_anew_from_what_it_says_is_the_same_profile(path: Path, tmp_path: Path) -> None:
    (tmp_path / path.name).write_text(text_of(tree(path)))
    assert load_profile(tmp_path / path.name) == load_profile(path)


# --- faults that a type can see: at every key of every shipped file ------------------------------------------------

files = st.sampled_from(SHIPPED)
places = st.sampled_from([(table, key) for table in ("", *TABLES) for key in keys_of(table)])


def table_of(said: dict[str, Any], name: str) -> dict[str, Any]:
    """The table of that name; the file itself for no name."""
    return said[name] if name else said  # type: ignore[no-any-return]


def path_of(table: str, key: str) -> str:
    return f"{table}.{key}" if table else key


@given(files, st.sampled_from(["", *TABLES]), st.from_regex(r"\Azz_[a-z]{1,8}\Z"))
def test_an_unknown_key_is_refused_in_every_table(path: Path, table: str, key: str) -> None:
    said = tree(path)
    table_of(said, table)[key] = 1
    assert reason(said, path.name) == f"{path_of(table, key)}: unknown key"


@given(files, places)
def test_a_removed_key_is_refused_at_every_place(path: Path, place: tuple[str, str]) -> None:
    said = tree(path)
    del table_of(said, place[0])[place[1]]
    assert reason(said, path.name) == f"{path_of(*place)}: is missing"


@given(files, places, st.sampled_from([[], {"a": 1}, "5 mm", True, 5, -1.5, math.nan, math.inf]))
def test_a_value_of_another_type_is_refused_at_every_place(
    path: Path, place: tuple[str, str], value: object
) -> None:
    table, key = place
    said = tree(path)
    old = table_of(said, table)[key]
    if _is_same_type(old, value):
        return
    table_of(said, table)[key] = value
    assert reason(said, path.name).startswith(f"{path_of(table, key)}: ")


def _is_same_type(old: object, value: object) -> bool:
    if isinstance(old, bool) or isinstance(value, bool):
        return isinstance(old, bool) and isinstance(value, bool)
    if isinstance(old, int | float) and isinstance(value, int | float):
        return math.isfinite(value)  # out of bounds is another test's
    return isinstance(old, str | list) and type(old) is type(value)


numbers = st.sampled_from(
    [(table, key) for table in TABLES for key, old in tree()[table].items() if type(old) in (int, float)]
)


@given(files, numbers, st.sampled_from([-1, -0.5, 1e7, 10**9]))
def test_a_number_out_of_bounds_is_refused_at_every_place(
    path: Path, place: tuple[str, str], value: float
) -> None:
    said = tree(path)
    said[place[0]][place[1]] = value
    assert reason(said, path.name).startswith(f"{path_of(*place)}: ")


@given(files, st.data())
def test_a_value_without_its_source_is_refused(path: Path, data: st.DataObject) -> None:
    said = tree(path)
    key = data.draw(st.sampled_from([f"{table}.{key}" for table in SOURCED for key in said[table]]))
    said["sources"] = [source for source in said["sources"] if source["key"] != key]
    assert reason(said, path.name).startswith(f"{key}: has no source")


@given(files, st.data())
def test_a_source_of_nothing_or_a_second_source_is_refused(path: Path, data: st.DataObject) -> None:
    said = tree(path)
    old = data.draw(st.sampled_from(said["sources"]))
    key = data.draw(st.sampled_from([old["key"], "link.nothing", "nothing", "sources"]))
    said["sources"].append({"key": key, "says": "somebody said so"})
    assert reason(said, path.name).startswith(f"sources: key {key!r} ")


@given(files, st.binary(max_size=200))
def test_bytes_that_are_no_profile_are_refused(path: Path, data: bytes) -> None:
    assert reason(data, path.name)


# --- faults between keys -------------------------------------------------------------------------------------------

Change = dict[str, object]  # "table.key" -> value

CONTRADICTIONS: list[tuple[str, Change, str]] = [
    ("marlin-2.1-generic-220", {"link.rx_bytes": 96}, "link.rx_bytes: one less must hold a line"),
    ("marlin-2.1-generic-220", {"link.busy_s": 0}, "link.busy_s: must be 1 or more"),
    ("prusa-3.14-mk3s", {"link.busy_s": 0}, "link.busy_s: must be 1 or more"),
    ("repetier-1.0-generic-200", {"link.busy_s": 0}, "link.busy_s: must be 1 or more"),
    ("klipper-0.12-generic-235", {"link.busy_s": 2}, "link.busy_s: must be 0"),
    ("reprapfirmware-3.5-generic-300", {"link.busy_s": 2}, "link.busy_s: must be 0"),
    ("smoothieware-2021-generic-300", {"link.busy_s": 2}, "link.busy_s: must be 0"),
    ("marlin-2.1-generic-220", {"identify.capabilities": []}, "link.report: auto needs AUTOREPORT_TEMP"),
    ("prusa-3.14-mk3s", {"identify.capabilities": []}, "link.report: auto needs AUTOREPORT_TEMP"),
    ("klipper-0.12-generic-235", {"link.report": "auto"}, "link.report: must be poll"),
    ("repetier-1.0-generic-200", {"link.meatpack": True}, "link.meatpack: must be false"),
    ("generic-cautious", {"link.window_lines": 2}, "link.window_lines: must be 1"),
    ("marlin-2.1-generic-220", {"identify.needs_acceptance": True}, "link.window_lines: must be 1"),
    ("generic-cautious", {"crash.after": "continue"}, "crash.after: must be ask or end"),
    ("klipper-0.12-generic-235", {"crash.after": "ask"}, "crash.after: must be end"),
    ("reprapfirmware-3.5-generic-300", {"crash.after": "continue"}, "crash.after: must be end"),
    ("reprapfirmware-3.5-generic-300", {"link.window_lines": 2}, "link.window_lines: must be 1"),
    ("marlin-2.1-generic-220", {"park.x_mm": 500}, "park.x_mm: lies off the bed"),
    ("marlin-2.1-generic-220", {"park.y_mm": 500}, "park.y_mm: lies off the bed"),
    ("marlin-2.1-generic-220", {"link.baud": 115201}, "link.baud: "),
    ("marlin-2.1-generic-220", {"link.report": "never"}, "link.report: "),
    ("marlin-2.1-generic-220", {"crash.after": "hope"}, "crash.after: "),
    ("marlin-2.1-generic-220", {"quality.simulated": "perhaps"}, "quality.simulated: "),
    (
        "marlin-2.1-generic-220",
        {"identify.firmware_name": "(Marlin"},
        "identify.firmware_name: is no regular expression",
    ),
    ("marlin-2.1-generic-220", {".dialect": "sprinter"}, "dialect: "),
    ("marlin-2.1-generic-220", {".schema": 2}, "schema: "),
    ("marlin-2.1-generic-220", {".id": "another"}, "id: is 'another'"),
]


@pytest.mark.parametrize(("name", "change", "complaint"), CONTRADICTIONS)
def test_a_contradiction_is_refused_with_its_key(name: str, change: Change, complaint: str) -> None:
    said = tree(PROFILES_DIR / f"{name}.toml")
    for key, value in change.items():
        table, _, field = key.partition(".")
        table_of(said, table)[field] = value
    assert reason(said, f"{name}.toml").startswith(complaint)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_one_line_in_flight_is_always_allowed(path: Path, tmp_path: Path) -> None:
    said = tree(path)
    said["link"]["window_lines"] = 1
    (tmp_path / path.name).write_text(text_of(said))
    assert isinstance(load_profile(tmp_path / path.name), Profile)


def test_a_source_that_says_nothing_is_refused_where_it_stands() -> None:
    said = tree()
    said["sources"][3]["says"] = ""
    assert reason(said, GOOD.name).startswith("sources[3].says: ")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadProfile) as caught:
        load_profile(tmp_path / "none.toml")
    assert caught.value.detail["file"] == "none.toml"
    assert "cannot be read" in str(caught.value.detail["reason"])


@pytest.mark.parametrize("name", ["../secret", "", "no-such-printer", "a/b"])
def test_an_id_that_names_no_shipped_profile_is_refused(name: str) -> None:
    with pytest.raises(BadProfile):
        find_profile(name)


# --- the README ----------------------------------------------------------------------------------------------------


def test_the_readme_says_of_every_key_what_its_type_says() -> None:
    text = (PROFILES_DIR / "README.md").read_text()
    assert text.split("## What each key means\n\n")[1] == described() + "\n", "paste what described() returns"
