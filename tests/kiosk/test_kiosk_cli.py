"""passage-hub on the command line: importing, verifying, refusing in one line."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from kiosk.cli import hub as passage_hub
from kiosk.cli import kiosk as passage_kiosk
from kiosk.hub.node import STORE_FILE
from provisioning.clock import FakeClock
from provisioning.config import Node
from tests.kiosk.hub.hub_kit import make_nodes, people_file, start_hub


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return make_nodes(tmp_path)["hub"]


@pytest.fixture
def people(tmp_path: Path) -> Path:
    file = tmp_path / "people.json"
    file.write_bytes(msgspec.json.encode(people_file()))
    return file


def run(*words: str | Path, status: int = 0) -> Result:
    result = CliRunner().invoke(passage_hub, [str(word) for word in words])
    assert result.exit_code == status, result.output
    return result


def test_importing_people_twice_is_harmless(node: Node, people: Path) -> None:
    for _ in range(2):
        said = run("people", "import", people, "--config", node.path).output
        assert said == "3 residents and 6 officers are in.\n"
    assert "2 records, all whole." in run("audit", "verify", "--config", node.path).output


def test_plain_pins_are_hashed_on_the_way_in(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "plain.json"
    one = {"resident_id": "r1", "first_name": "Ali", "language": "nl", "wing": "A", "pin": "8642"}
    file.write_text(json.dumps({"residents": [one]}))
    run("people", "import", file, "--config", node.path)
    stored = sqlite3.connect(node.state_dir / STORE_FILE)
    try:
        found = stored.execute("SELECT pin_hash FROM resident").fetchone()[0]
    finally:
        stored.close()
    assert found.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "8642" not in found


@pytest.mark.parametrize("text", ["", "{", '{"residents": [{"resident_id": "r1"}]}', '{"inmates": []}'])
def test_a_file_that_is_not_people_changes_nothing_and_says_why(
    node: Node, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    said = run("people", "import", file, "--config", node.path, status=1).output
    assert re.fullmatch(r"Error: import_refused file='bad.json' reason=.+\n", said)
    assert not (node.state_dir / STORE_FILE).exists()


def test_a_file_that_is_not_there_and_a_configuration_of_another_node_are_said_in_one_line(
    node: Node, tmp_path: Path, people: Path
) -> None:
    assert "No such file" in run("people", "import", tmp_path / "x", "--config", node.path, status=1).output
    kiosk = tmp_path / "kiosk-a" / "node.toml"
    said = run("people", "import", people, "--config", kiosk, status=1).output
    assert "section [hub] is missing" in said
    assert said.count("\n") == 1


def test_nothing_is_imported_beside_a_running_hub(node: Node, people: Path, clock: FakeClock) -> None:
    hub = start_hub(node, clock)
    try:
        said = run("people", "import", people, "--config", node.path, status=1).output
    finally:
        hub.store.close()
    assert "store_owned" in said


def test_notices_come_in_once(node: Node, tmp_path: Path) -> None:
    file = tmp_path / "notices.json"
    file.write_text('{"notices": [{"notice_id": "n1", "title": {"nl": "Hallo"}, "body": {"nl": "Welkom."}}]}')
    assert run("notices", "import", file, "--config", node.path).output == "1 new notices are in.\n"
    assert run("notices", "import", file, "--config", node.path).output == "0 new notices are in.\n"


def spoil(node: Node, statement: str) -> None:
    stored = sqlite3.connect(node.state_dir / STORE_FILE)
    try:
        for trigger in ("audit_is_final", "audit_is_kept"):
            stored.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        stored.execute(statement)
        stored.commit()
    finally:
        stored.close()


@pytest.fixture
def trail(node: Node, clock: FakeClock) -> str:
    """Nine records; the head as it was printed."""
    hub = start_hub(node, clock)
    for number in range(9):
        hub.trail.record("o-workshop", "request_decided", f"k{number}", price_cents=number)
    hub.store.close()
    said = run("audit", "verify", "--config", node.path).output
    return said.split("Head ")[1].strip()


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("UPDATE audit SET detail = '{\"price_cents\":1}' WHERE seq = 4", 4, "its words were changed"),
        ("UPDATE audit SET detail = '{' WHERE seq = 2", 2, "its words were changed"),
        ("DELETE FROM audit WHERE seq = 5", 5, "a record is missing or was put in"),
        ("UPDATE audit SET signature = 'zz' WHERE seq = 6", 6, "this node did not sign it"),
        ("UPDATE audit SET previous = digest WHERE seq = 7", 7, "it does not follow the one before it"),
    ],
)
def test_verify_names_the_first_bad_record_and_exits_with_one(
    node: Node, trail: str, statement: str, seq: int, what: str
) -> None:
    assert trail.startswith("9:")
    spoil(node, statement)
    said = run("audit", "verify", "--config", node.path, status=1).output
    assert said == f"Record {seq} is the first bad one: {what}.\n"


def test_a_cut_off_end_is_found_with_the_head_printed_before(node: Node, trail: str) -> None:
    spoil(node, "DELETE FROM audit WHERE seq > 7")
    assert "7 records, all whole." in run("audit", "verify", "--config", node.path).output
    said = run("audit", "verify", "--config", node.path, "--head", trail, status=1).output
    assert said == "Record 8 is the first bad one: the trail ends before the head that was given.\n"


def test_a_head_that_cannot_be_read_and_a_missing_record_are_refused(node: Node) -> None:
    assert "head_unreadable" in run("audit", "verify", "--config", node.path, "--head", "9", status=1).output
    assert "store_missing" in run("audit", "verify", "--config", node.path, status=1).output


def test_both_commands_explain_themselves() -> None:
    for command, words in (
        (passage_hub, ("serve", "people", "notices", "audit")),
        (passage_kiosk, ("serve", "reader")),
    ):
        said = CliRunner().invoke(command, ["-h"]).output
        assert all(word in said for word in words)
