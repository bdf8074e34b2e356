"""A key and its copy at the same moment: the count is moved by one of them only."""

from __future__ import annotations

import json
import threading

from fido2.client import DefaultClientDataCollector, Fido2Client

from kiosk.hub.node import Hub
from kiosk.hub.office.proofs import Proofs
from kiosk.hub.office.store import OfficeStore
from provisioning.errors import Refused
from provisioning.identity.fido import browser_party
from provisioning.readers.keys import set_first_pin
from provisioning.sim.security_key import VirtualKey
from tests.provisioning.fido.kit import PIN, Typist

PARTY = browser_party("http://localhost:8400")


def _client(key: VirtualKey) -> Fido2Client:
    return Fido2Client(key.plug(), DefaultClientDataCollector("http://localhost:8400"), Typist(), ())


def _signed(proofs: Proofs, key: VirtualKey) -> bytes:
    asked = json.loads(proofs.ask_key(PARTY, "desk", "sign_in"))
    return json.dumps(dict(_client(key).get_assertion(asked).get_response(0))).encode()


def test_of_a_key_and_its_copy_at_the_same_moment_one_opens_and_the_key_is_blocked(hub: Hub) -> None:
    proofs, store = Proofs(hub, OfficeStore(hub.store)), OfficeStore(hub.store)
    for number in range(4):
        key = VirtualKey()
        set_first_pin(key.plug(), PIN)
        card = hub.people.officer("o-security")
        assert card is not None
        asked = json.loads(proofs.ask_new_key(PARTY, "desk", card))
        made = json.dumps(dict(_client(key).make_credential(asked))).encode()
        kept = proofs.enrol(PARTY, made, "desk", card, f"key {number}")
        answers = [_signed(proofs, one) for one in (key, key.copy())]
        got: list[str] = []
        start = threading.Barrier(2)

        def use(answer: bytes, start: threading.Barrier = start, got: list[str] = got) -> None:
            start.wait()
            try:
                got.append(proofs.by_key(PARTY, answer, "desk", "sign_in").officer_id)
            except Refused as refusal:
                got.append(refusal.reason)

        threads = [threading.Thread(target=use, args=(answer,)) for answer in answers]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert sorted(got) == ["key_copied", "o-security"]
        found = store.key(kept.credential_id)
        assert found is not None
        assert found.refused_utc


def test_a_count_is_moved_only_from_where_it_stood(hub: Hub) -> None:
    proofs, store = Proofs(hub, OfficeStore(hub.store)), OfficeStore(hub.store)
    key, card = VirtualKey(), hub.people.officer("o-security")
    assert card is not None
    set_first_pin(key.plug(), PIN)
    asked = json.loads(proofs.ask_new_key(PARTY, "desk", card))
    made = json.dumps(dict(_client(key).make_credential(asked))).encode()
    one = proofs.enrol(PARTY, made, "desk", card, "key")
    now = hub.clock.now_utc()
    assert store.key_used(one.credential_id, one.counter, one.counter + 1, now)
    assert not store.key_used(one.credential_id, one.counter, one.counter + 1, now)
    assert store.key_used(one.credential_id, one.counter + 1, one.counter + 2, now)
