"""Configuration: refused as a whole, with the file and the key that is wrong."""

from pathlib import Path

import pytest

from provisioning.config import ConfigRefused, load_node

from .node_kit import make_site


def test_a_node_reads_its_own_and_its_sites_values(tmp_path: Path):
    node = make_site(tmp_path, {"kiosk-a": "kiosk"})["kiosk-a"]
    assert (node.node_id, node.kind, node.site.site_id, node.site.idle_s) == ("kiosk-a", "kiosk", "test", 45)
    assert node.state_dir == tmp_path / "kiosk-a" / "state"
    assert node.credential("pepper") == b"test pepper"


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("node.toml", 'colour = "red"\n', "colour"),
        ("site.toml", "idle_s = 'soon'\n", "idle_s"),
        ("site.toml", "wings = ", "Invalid"),
    ],
)
def test_a_wrong_key_or_value_refuses_the_file_by_name(tmp_path: Path, file: str, text: str, words: str):
    make_site(tmp_path, {"kiosk-a": "kiosk"})
    path = tmp_path / "kiosk-a" / file
    path.write_text(text + path.read_text())
    with pytest.raises(ConfigRefused) as refused:
        load_node(tmp_path / "kiosk-a" / "node.toml")
    assert refused.value.detail["file"] == str(path)
    assert words.lower() in str(refused.value.detail["reason"]).lower()


def test_a_missing_file_or_section_is_named(tmp_path: Path):
    with pytest.raises(ConfigRefused, match="No such file"):
        load_node(tmp_path / "node.toml")
    with pytest.raises(ConfigRefused, match="kiosk"):
        make_site(tmp_path, {"kiosk-a": "kiosk"}, {"kiosk-a": ""})


def test_a_missing_credential_is_named(tmp_path: Path):
    node = make_site(tmp_path, {"kiosk-a": "kiosk"})["kiosk-a"]
    with pytest.raises(ConfigRefused, match="hub-token"):
        node.credential("hub-token")
