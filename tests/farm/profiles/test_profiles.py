"""Profiles are refused as a whole, naming file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.profiles import PROFILES_DIR, BadProfile, find_profile, load_profile

SHIPPED = sorted(PROFILES_DIR.glob("*.toml"))
GOOD = PROFILES_DIR / "marlin-2.1-generic-220.toml"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_profile_loads_and_states_its_quality(path: Path) -> None:
    profile = load_profile(path)
    assert find_profile(profile.id) == profile
    assert profile.quality.simulated in ("done", "todo")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("bed_max_c = 90", "bed_max_f = 194", "limits.bed_max_f: unknown key"),
        ("nozzle_max_c = 245", "nozzle_max_c = 2450", "limits.nozzle_max_c: "),
        ("nozzle_max_c = 245", 'nozzle_max_c = "245 C"', "limits.nozzle_max_c: "),
        ("nozzle_max_c = 245", "nozzle_max_c = nan", "limits.nozzle_max_c: "),
        ("baud = 115200", "baud = 115201", "link.baud: "),
        ("schema = 1", "schema = 2", "schema: "),
        ("park_speed", "", ""),
        ('key = "link.baud"', 'key = "link.bauds"', "link.baud: has no source"),
        ('says = "BAUDRATE 115200, Marlin 2.1 Configuration.h"', 'says = ""', "sources"),
        (
            "firmware_name = '^Marlin",
            "firmware_name = '(Marlin",
            "identify.firmware_name: is no regular expression",
        ),
        ("x_mm = 5", "x_mm = 500", "park: lies off the bed"),
        ('id = "marlin-2.1-generic-220"', 'id = "another"', "id: is 'another'"),
        ('simulated = "done"', 'simulated = "perhaps"', "quality"),
        ("[quality]", "[qualities]", "qualities: unknown key"),
        ("schema = 1", "schema = ", ""),
    ],
)
def test_a_bad_profile_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    text = GOOD.read_text()
    if old == "park_speed":
        text = text.replace("[park]", "[park]\nspeed = 5", 1)
        complaint = "park.speed: unknown key"
    else:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / GOOD.name
    path.write_text(text)
    with pytest.raises(BadProfile) as caught:
        load_profile(path)
    assert caught.value.detail["file"] == GOOD.name
    assert complaint in str(caught.value.detail["reason"])


@pytest.mark.parametrize("name", ["../secret", "", "no-such-printer", "a/b"])
def test_an_id_that_names_no_shipped_profile_is_refused(name: str) -> None:
    with pytest.raises(BadProfile):
        find_profile(name)
