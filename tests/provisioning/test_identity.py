"""Envelopes and hashes: what was not signed by a trusted node for this node, unchanged, is not read."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.clock import FakeClock
from provisioning.contracts import SignIn
from provisioning.errors import Corrupt
from provisioning.identity import Keyring, NodeKey, SiteCA, hash_secret, open_sealed, seal, verify_secret
from provisioning.identity.keys import read_certificate
from provisioning.identity.pins import no_secret, which_secret

from .node_kit import make_site

ASK = SignIn(kiosk_id="kiosk-a", credential="badge", uid="04A1", pin="1234")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory):
    return make_site(tmp_path_factory.mktemp("site"), {"hub": "hub", "kiosk-a": "kiosk", "kiosk-b": "kiosk"})


def test_a_sealed_contract_opens_for_the_node_it_is_meant_for(nodes):
    sealed = seal(ASK, "hub", NodeKey.load(nodes["kiosk-a"]), FakeClock())
    opened = open_sealed(sealed, Keyring.load(nodes["hub"]), "hub")
    assert (opened.sender, opened.contract) == ("kiosk-a", ASK)


def test_an_envelope_for_another_node_is_refused(nodes):
    sealed = seal(ASK, "kiosk-b", NodeKey.load(nodes["kiosk-a"]), FakeClock())
    with pytest.raises(Corrupt, match="envelope_misdirected"):
        open_sealed(sealed, Keyring.load(nodes["hub"]), "hub")


def test_a_node_cannot_speak_in_anothers_name(nodes):
    key = NodeKey("kiosk-b", NodeKey.load(nodes["kiosk-a"]).key)
    with pytest.raises(Corrupt, match="envelope_foreign"):
        open_sealed(seal(ASK, "hub", key, FakeClock()), Keyring.load(nodes["hub"]), "hub")


def test_a_node_that_nobody_knows_is_refused(nodes):
    key = NodeKey("stranger", NodeKey.load(nodes["kiosk-a"]).key)
    with pytest.raises(Corrupt, match="node_unknown"):
        open_sealed(seal(ASK, "hub", key, FakeClock()), Keyring.load(nodes["hub"]), "hub")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_changed_byte_of_an_envelope_is_believed(nodes, data):
    sealed = bytearray(seal(ASK, "hub", NodeKey.load(nodes["kiosk-a"]), FakeClock()))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 127))
    try:
        opened = open_sealed(bytes(sealed), Keyring.load(nodes["hub"]), "hub")
    except Corrupt:
        return
    assert opened.contract == ASK  # a blank inside the JSON text changes nothing that was signed


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.text(), x)))
def test_anything_at_all_is_either_an_envelope_or_corrupt(nodes_data):
    data = nodes_data if isinstance(nodes_data, bytes) else json.dumps(nodes_data).encode()
    with pytest.raises(Corrupt):
        open_sealed(data, Keyring({}), "hub")


def test_a_certificate_of_another_site_is_refused(tmp_path: Path):
    ours, theirs = SiteCA.create("ours"), SiteCA.create("theirs")
    (tmp_path / "spy.crt").write_bytes(theirs.issue("spy")[1])
    with pytest.raises(Corrupt, match="certificate_foreign"):
        read_certificate(tmp_path / "spy.crt", ours.certificate)


def test_only_the_right_secret_with_the_right_pepper_matches():
    phc = hash_secret("4711", b"pepper")
    assert phc.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify_secret("4711", phc, b"pepper")
    assert not verify_secret("4712", phc, b"pepper")
    assert not verify_secret("4711", phc, b"other")
    assert not verify_secret("4711", phc[:-4], b"pepper")
    assert not verify_secret("4711", "", b"pepper")


def test_what_nothing_fits_is_a_hash_as_any_other_and_never_twice_the_same():
    _, *form, salt, digest = no_secret().split("$")
    _, *form_of_one, salt_of_one, digest_of_one = hash_secret("4711", b"pepper").split("$")
    assert form == form_of_one
    assert (len(salt), len(digest)) == (len(salt_of_one), len(digest_of_one))
    assert no_secret() != no_secret()
    assert not verify_secret("", no_secret(), b"pepper")
    assert which_secret("", no_secret(), "", b"pepper") == ""
