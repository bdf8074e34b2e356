"""The demo site on disk: complete, loadable, kept on a second start, and one clear sentence when it cannot be made."""

import json
import socket
from pathlib import Path

import pytest

from provisioning.config import load_node
from provisioning.identity import Keyring, NodeKey
from provisioning.sim.demo import check_ports
from provisioning.sim.demo_site import DemoRefused, make_site
from provisioning.sim.people import demo_residents


def test_every_node_loads_its_configuration_and_trusts_whom_it_talks_to(tmp_path: Path):
    site = make_site(tmp_path / "demo", 8400)
    nodes = {node_id: load_node(node.config) for node_id, node in site.nodes.items()}
    assert set(Keyring.load(nodes["hub"]).keys) == {"kiosk-a", "kiosk-b", "farm"}
    for node_id in ("kiosk-a", "kiosk-b", "farm"):
        assert set(Keyring.load(nodes[node_id]).keys) == {"hub"}
        assert nodes[node_id].peer_url("hub") == "http://127.0.0.1:8400"
    assert [printer.printer_id for printer in nodes["farm"].farm.printers] == [
        "printer-1",
        "printer-2",
        "printer-3",
    ]


def test_a_second_start_keeps_keys_and_moves_only_the_ports(tmp_path: Path):
    first = make_site(tmp_path / "demo", 8400)
    key = NodeKey.load(load_node(first.nodes["hub"].config)).key.private_bytes_raw()
    second = make_site(tmp_path / "demo", 9400)
    node = load_node(second.nodes["hub"].config)
    assert NodeKey.load(node).key.private_bytes_raw() == key
    assert node.listen == "127.0.0.1:9400"


def test_secrets_are_readable_by_their_owner_only(tmp_path: Path):
    site = make_site(tmp_path / "demo", 8400)
    secrets = [path for node in site.nodes.values() for path in (node.folder / "credentials").iterdir()]
    assert len(secrets) == 16
    for path in [*secrets, tmp_path / "demo" / "people.json", tmp_path / "demo" / "ca" / "ca.key"]:
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_written_gives_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DemoRefused) as refused:
        make_site(tmp_path / "file" / "demo", 8400)
    assert "cannot write" in str(refused.value.detail["reason"])


def test_a_taken_port_gives_one_sentence_with_a_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(DemoRefused) as refused:
            check_ports(port)
    reason = str(refused.value.detail["reason"])
    assert f"Port {port} is taken" in reason
    assert "--port" in reason


def test_forty_residents_on_three_wings_in_five_languages_with_a_pin_of_their_own():
    residents = demo_residents()
    assert len(residents) == 40
    assert {one.wing for one in residents} == {"A", "B", "C"}
    assert {one.language for one in residents} == {"nl", "fr", "en", "de", "ar"}
    for unique in ("resident_id", "badge_uid", "stick_uid", "pin"):
        assert len({getattr(one, unique) for one in residents}) == 40
    assert residents == demo_residents()


def test_the_notices_speak_all_five_languages():
    path = Path(__file__).parents[3] / "provisioning" / "sim" / "notices.json"
    for notice in json.loads(path.read_text())["notices"]:
        assert set(notice["title"]) == set(notice["body"]) == {"nl", "fr", "en", "de", "ar"}
