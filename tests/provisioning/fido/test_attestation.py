"""Which models a site takes, and what a maker's signature is worth: real certificates, real statements."""

from __future__ import annotations

import json
import os
import random
from collections import Counter

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from fido2 import cbor
from fido2.webauthn import AttestedCredentialData, AuthenticatorData

from provisioning.identity import fido
from provisioning.identity.attestation import Models
from provisioning.identity.fido import KeyRefused, SecurityKey
from provisioning.sim.security_key import DEMO_AAGUID, VirtualKey, blank_memory, make_seal, seal
from provisioning.sim.security_key.memory import Seal
from tests.provisioning.fido.kit import PIN, Site, nobody_waits

OTHER_AAGUID = "11111111-2222-4333-8444-555555555555"
SEAL = make_seal()
KEYS = int(os.environ.get("KEYS", "600"))


def _key(attestation: str) -> VirtualKey:
    memory = blank_memory(seal=SEAL if attestation == "maker" else None)
    if attestation == "none":
        memory.attestation = "none"
    return VirtualKey(memory)


def _enrolled(models: Models, attestation: str) -> SecurityKey:
    return Site(models=models).enrol(_key(attestation))


def _why(models: Models, attestation: str) -> str:
    with pytest.raises(KeyRefused) as no:
        _enrolled(models, attestation)
    assert no.value.reason == "key_unsuitable"
    return str(no.value.detail["why"])


def test_somebodys_signature_is_what_a_site_wants_unless_it_says_otherwise() -> None:
    assert _enrolled(Models(), "maker").aaguid == DEMO_AAGUID
    assert "no maker's signature" in _why(Models(), "self")
    assert "no maker's signature" in _why(Models(), "none")


@pytest.mark.parametrize("attestation", ["self", "none"])
def test_a_key_without_a_maker_is_taken_when_the_site_says_so(attestation: str) -> None:
    assert not _enrolled(Models(unattested=True), attestation).attested


@pytest.mark.parametrize("attestation", ["maker", "self", "none"])
def test_a_model_that_is_not_on_the_sites_list_is_refused(attestation: str) -> None:
    here = Models(aaguids=frozenset({DEMO_AAGUID}), unattested=True)
    assert _enrolled(here, attestation).aaguid == DEMO_AAGUID
    assert DEMO_AAGUID in _why(Models(aaguids=frozenset({OTHER_AAGUID}), unattested=True), attestation)


def test_a_model_is_a_fact_only_when_a_trusted_maker_says_so() -> None:
    for models in (Models(), Models(unattested=True), Models(aaguids=frozenset({DEMO_AAGUID}))):
        assert not _enrolled(models, "maker").attested


def test_a_maker_is_known_by_its_root() -> None:
    assert _enrolled(Models(roots=(SEAL.chain[-1],)), "maker").attested
    assert _enrolled(Models(roots=(make_seal().chain[-1], SEAL.chain[-1])), "maker").attested
    assert _why(Models(roots=(make_seal().chain[-1],)), "maker") == "maker unknown"


def test_a_root_of_the_same_name_is_another_maker() -> None:
    assert make_seal().chain[-1] != SEAL.chain[-1]
    assert (
        _why(Models(roots=(make_seal().chain[-1],), aaguids=frozenset({DEMO_AAGUID})), "maker")
        == "maker unknown"
    )


def test_a_batch_certificate_is_no_authority_over_others() -> None:
    """Whoever gets one key's certificate out may not found a maker with it."""
    assert _enrolled(
        Models(roots=(SEAL.chain[0],)), "maker"
    ).attested  # pinned itself: one certificate, one maker
    inner = ec.generate_private_key(ec.SECP256R1())
    batch_key = ec.derive_private_key(int.from_bytes(SEAL.scalar, "big"), ec.SECP256R1())
    batch = x509.load_der_x509_certificate(SEAL.chain[0])
    own_name = seal._name("Thief", "Authenticator Attestation")
    forged = seal._certificate(own_name, batch.subject, inner.public_key(), authority=False).sign(
        batch_key, SHA256()
    )
    thief = Seal(
        scalar=inner.private_numbers().private_value.to_bytes(32, "big"),
        chain=(forged.public_bytes(Encoding.DER), *SEAL.chain),
    )
    with pytest.raises(KeyRefused) as no:
        Site(models=Models(roots=(SEAL.chain[-1],))).enrol(VirtualKey(blank_memory(seal=thief)))
    assert no.value.detail["why"] == "maker unknown"


def test_a_certificate_for_another_model_speaks_not_for_this_one() -> None:
    memory = blank_memory(seal=make_seal(aaguid=OTHER_AAGUID))
    with pytest.raises(KeyRefused) as no:
        Site(models=Models(unattested=True)).enrol(VirtualKey(memory))
    assert no.value.reason == "key_unsuitable"
    assert "statement" in str(no.value.detail["why"])


# --- statements that somebody has worked on ----------------------------------------------------------------------


def _tampered(site: Site, key: VirtualKey, **new: object) -> str:
    """The code for an enrolment whose attestation object has other ``fmt``, ``authData`` or ``attStmt``."""
    challenge = site.challenge("enrol", holder=b"holder-1")
    options = fido.registration_options(site.party, site.models, challenge)
    plain = json.loads(site.reader.enrol(key.plug(), options, PIN, nobody_waits))
    made = cbor.decode(fido.from_text(plain["response"]["attestationObject"]))
    assert isinstance(made, dict)
    worked = {name: change(made[name]) if callable(change) else change for name, change in new.items()}
    plain["response"]["attestationObject"] = fido.to_text(cbor.encode({**made, **worked}))
    made_id = AuthenticatorData(worked.get("authData", made["authData"])).credential_data
    if made_id is not None:
        plain["id"] = plain["rawId"] = fido.to_text(made_id.credential_id)
    with pytest.raises(KeyRefused) as no:
        site.take_in(challenge, json.dumps(plain).encode())
    return no.value.reason


def _with_flags(data: bytes, *, on: int = 0, off: int = 0) -> bytes:
    return data[:32] + bytes([(data[32] | on) & ~off]) + data[33:]


@pytest.mark.parametrize("attestation", ["maker", "self"])
def test_a_statement_with_a_wrong_signature_is_refused_even_where_none_is_wanted(attestation: str) -> None:
    site = Site(models=Models(unattested=True))

    def flip(statement: dict[str, object]) -> dict[str, object]:
        signature = bytearray(statement["sig"])  # type: ignore[call-overload]
        signature[-1] ^= 1
        return {**statement, "sig": bytes(signature)}

    assert _tampered(site, _key(attestation), attStmt=flip) == "key_unsuitable"


def test_a_counter_that_was_changed_under_a_makers_signature_is_refused() -> None:
    site = Site(models=Models(unattested=True))
    changed = _tampered(site, _key("maker"), authData=lambda data: data[:33] + bytes(4) + data[37:])
    assert changed == "key_unsuitable"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"fmt": "tpm"}, "key_unsuitable"),
        ({"fmt": "fido-u2f"}, "key_unsuitable"),
        ({"fmt": "none"}, "key_unsuitable"),
        ({"attStmt": {}}, "key_unsuitable"),
        ({"attStmt": {"alg": -7, "sig": b"", "ecdaaKeyId": b""}}, "key_unsuitable"),
        ({"attStmt": {"alg": -7, "sig": b"", "x5c": [b"junk"]}}, "key_unsuitable"),
        ({"attStmt": {"alg": -7, "sig": b"", "x5c": 7}}, "key_unsuitable"),
        ({"attStmt": {"alg": -257, "sig": b""}}, "key_unsuitable"),
        ({"attStmt": 7}, "key_unsuitable"),
        ({"fmt": 7}, "key_unsuitable"),
    ],
)
def test_a_statement_that_is_none_is_refused(new: dict[str, object], code: str) -> None:
    assert _tampered(Site(), _key("self"), **new) == code


def test_an_enrolment_without_touch_or_pin_proves_nothing() -> None:
    for off in (AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV):
        code = _tampered(Site(), _key("none"), authData=lambda data, off=off: _with_flags(data, off=off))
        assert code == "key_unverified"


def test_a_credential_that_is_copied_between_devices_by_design_is_refused() -> None:
    code = _tampered(
        Site(), _key("none"), authData=lambda data: _with_flags(data, on=AuthenticatorData.FLAG.BE)
    )
    assert code == "key_unsuitable"


@pytest.mark.parametrize(
    ("public", "code"),
    [
        ({1: 3, 3: -257, -1: b"\x80" + bytes(255), -2: b"\1\0\1"}, "key_unsuitable"),  # RSA
        ({1: 2, 3: -7, -1: 1, -2: bytes(32), -3: b"\1" * 32}, "key_unsuitable"),  # not on the curve
        ({1: 2, 3: -7, -1: 2, -2: bytes(32), -3: bytes(32)}, "key_unsuitable"),  # another curve
        ({1: 2, 3: -7}, "key_unsuitable"),
        ({1: 1, 3: -8, -1: 6, -2: b"short"}, "key_unsuitable"),
    ],
)
def test_a_public_key_that_nothing_could_be_verified_with_is_refused(
    public: dict[int, object], code: str
) -> None:
    def replant(data: bytes) -> bytes:
        parsed = AuthenticatorData(data)
        assert parsed.credential_data is not None
        one = parsed.credential_data.credential_id
        fresh = bytes(16) + len(one).to_bytes(2, "big") + one + cbor.encode(public)
        return data[:37] + AttestedCredentialData(fresh)

    assert _tampered(Site(), _key("none"), authData=replant) == code


def test_what_browsers_are_asked_to_show_depends_on_what_the_site_wants() -> None:
    for models, wanted in (
        (Models(), "direct"),
        (Models(unattested=True), "none"),
        (Models(unattested=True, aaguids=frozenset({DEMO_AAGUID})), "direct"),
        (Models(unattested=True, roots=(b"x",)), "direct"),
    ):
        site = Site(models=models)
        challenge = site.challenge("enrol", holder=b"h")
        assert json.loads(fido.registration_options(site.party, models, challenge))["attestation"] == wanted


@pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)  # of spoiled certificates
def test_no_attestation_at_all_breaks_the_hub() -> None:
    """Whatever a device sends instead of one is refused by a code and never a bug."""
    site, dice = Site(models=Models(roots=(SEAL.chain[-1],))), random.Random(11)
    challenge = site.challenge("enrol", holder=b"holder-1")
    options = fido.registration_options(site.party, site.models, challenge)
    plain = json.loads(site.reader.enrol(_key("maker").plug(), options, PIN, nobody_waits))
    whole = fido.from_text(plain["response"]["attestationObject"])
    codes = Counter[str]()
    for _ in range(max(600, KEYS)):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        cut = dice.choice([len(data), dice.randrange(len(data)), dice.randrange(len(data))])
        plain["response"]["attestationObject"] = fido.to_text(bytes(data[:cut]))
        try:
            site.take_in(challenge, json.dumps(plain).encode())
        except KeyRefused as refusal:
            codes[refusal.reason] += 1
        else:
            assert cbor.decode(bytes(data[:cut])) == cbor.decode(whole)  # the same, said in other bytes
    assert set(codes) <= {"key_unreadable", "key_foreign", "key_unverified", "key_unsuitable"}
    assert len(codes) > 2
