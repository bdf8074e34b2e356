"""``audit verify``: one sentence for a whole trail, another that names the first bad record."""

import sqlite3
from pathlib import Path

import pytest

from provisioning.audit import AUDIT, Trail
from provisioning.audit.verdict import HeadUnreadable, verdict
from provisioning.clock import FakeClock
from provisioning.errors import Unavailable
from provisioning.identity import NodeKey
from provisioning.store import open_store

from .node_kit import make_site


@pytest.fixture
def node(tmp_path: Path):
    one = make_site(tmp_path, {"hub": "hub"})["hub"]
    store = open_store(one.state_dir / "hub.sqlite", [AUDIT])
    for number in range(4):
        Trail(store, NodeKey.load(one), FakeClock()).record("o-1", "request_decided", f"r-{number}")
    store.close()
    return one


def test_a_whole_trail_prints_its_head_and_accepts_it_later(node):
    sentence, whole = verdict(node, "hub.sqlite")
    assert whole
    assert sentence.startswith("4 records, all whole. Head 4:")
    assert verdict(node, "hub.sqlite", sentence.rsplit(" ", 1)[1])[1]


def test_the_first_bad_record_is_named(node):
    forger = sqlite3.connect(node.state_dir / "hub.sqlite")
    forger.executescript("DROP TRIGGER audit_is_final; UPDATE audit SET actor = 'o-2' WHERE seq IN (2, 4);")
    forger.close()
    assert verdict(node, "hub.sqlite") == ("Record 2 is the first bad one: its words were changed.", False)


def test_a_cut_off_end_is_named_when_an_earlier_head_is_given(node):
    head = verdict(node, "hub.sqlite")[0].rsplit(" ", 1)[1]
    forger = sqlite3.connect(node.state_dir / "hub.sqlite")
    forger.executescript("DROP TRIGGER audit_is_kept; DELETE FROM audit WHERE seq = 4;")
    forger.close()
    assert verdict(node, "hub.sqlite")[1]
    assert verdict(node, "hub.sqlite", head) == (
        "Record 4 is the first bad one: the trail ends before the head that was given.",
        False,
    )


def test_what_is_no_head_and_what_is_no_trail_are_said(node):
    with pytest.raises(HeadUnreadable):
        verdict(node, "hub.sqlite", "latest")
    with pytest.raises(Unavailable, match="store_missing"):
        verdict(node, "other.sqlite")
