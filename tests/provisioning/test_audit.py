"""The audit trail: whatever is done to it afterwards is found, at the first record that does not fit."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from provisioning.audit import AUDIT, AuditRecord, Trail, first_flaw, link_record
from provisioning.audit.chain import GENESIS
from provisioning.audit.trail import verify_trail
from provisioning.clock import FakeClock
from provisioning.identity import NodeKey
from provisioning.store import open_store

KEY = Ed25519PrivateKey.generate()


def check(signature: bytes, digest: bytes) -> bool:
    try:
        KEY.public_key().verify(signature, digest)
    except InvalidSignature:
        return False
    return True


def chain(length: int) -> list[AuditRecord]:
    records: list[AuditRecord] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        record = AuditRecord(
            seq=seq,
            at_utc="2026-11-22T08:00:00.000Z",
            node_id="hub",
            actor="o-1",
            action="request_decided",
            subject=f"r-{seq}",
            detail={"approved": True, "copies": seq},
            previous=previous,
        )
        records.append(link_record(record, KEY.sign))
        previous = records[-1].digest
    return records


HONEST = chain(6)


def test_an_honest_chain_has_no_flaw():
    assert first_flaw(HONEST, "hub", check) is None
    assert first_flaw([], "hub", check) is None


@given(
    st.integers(0, 5),
    st.sampled_from(["at_utc", "actor", "action", "subject", "previous", "digest", "signature"]),
)
def test_any_changed_field_is_found_at_its_record(index, field):
    spoiled = list(HONEST)
    text = getattr(spoiled[index], field)
    spoiled[index] = msgspec.structs.replace(
        spoiled[index], **{field: ("0" if text[0] != "0" else "1") + text[1:]}
    )
    flaw = first_flaw(spoiled, "hub", check)
    assert flaw is not None
    assert flaw.seq == index + 1


@given(st.integers(0, 4), st.integers(0, 5))
def test_a_removed_or_swapped_record_is_found(index, other):
    removed = HONEST[:index] + HONEST[index + 1 :]
    assert first_flaw(removed, "hub", check).seq == index + 1
    if other != index:
        swapped = list(HONEST)
        swapped[index], swapped[other] = swapped[other], swapped[index]
        assert first_flaw(swapped, "hub", check).seq == min(index, other) + 1


def test_a_rewritten_chain_under_another_key_is_found():
    forger = Ed25519PrivateKey.generate()
    forged = [link_record(msgspec.structs.replace(HONEST[0], actor="o-2"), forger.sign)]
    assert first_flaw(forged, "hub", check).what == "signature"


def test_a_cut_off_end_is_found_against_a_head_seen_elsewhere():
    head = (6, HONEST[5].digest)
    assert first_flaw(HONEST[:4], "hub", check) is None
    assert first_flaw(HONEST[:4], "hub", check, head).what == "end"
    assert first_flaw(HONEST, "hub", check, head) is None


def test_the_trail_is_written_with_its_fact_or_not_at_all(tmp_path: Path):
    store = open_store(tmp_path / "node.sqlite", [AUDIT])
    trail = Trail(store, NodeKey("hub", KEY), FakeClock())
    trail.record("o-1", "signed_in", "o-1", kiosk="kiosk-a")

    def fail_after_recording() -> None:
        with store.atomic():
            trail.record("o-1", "request_decided", "r-1")
            raise RuntimeError("the fact failed")

    with pytest.raises(RuntimeError):
        fail_after_recording()
    trail.record("o-1", "signed_out", "o-1")
    assert [record.action for record in reversed(trail.latest())] == ["signed_in", "signed_out"]
    assert verify_trail(tmp_path / "node.sqlite", "hub", KEY.public_key(), trail.head()) is None
    store.close()


def test_the_database_itself_refuses_to_change_or_shorten_the_trail(tmp_path: Path):
    store = open_store(tmp_path / "node.sqlite", [AUDIT])
    Trail(store, NodeKey("hub", KEY), FakeClock()).record("o-1", "signed_in", "o-1")
    for sql in ("DELETE FROM audit", "UPDATE audit SET actor = 'o-9'"):
        with pytest.raises(sqlite3.IntegrityError):
            store.run(sql)
    store.close()


def test_a_change_made_behind_the_owners_back_is_named(tmp_path: Path):
    path = tmp_path / "node.sqlite"
    store = open_store(path, [AUDIT])
    trail = Trail(store, NodeKey("hub", KEY), FakeClock())
    for number in range(5):
        trail.record("o-1", "request_decided", f"r-{number}", approved=False)
    store.close()
    forger = sqlite3.connect(path)
    forger.executescript(
        "DROP TRIGGER audit_is_final; UPDATE audit SET detail = '{\"approved\":true}' WHERE seq = 3;"
    )
    forger.close()
    flaw = verify_trail(path, "hub", KEY.public_key())
    assert flaw is not None
    assert (flaw.seq, flaw.what) == (3, "digest")
