"""Whole ceremonies: the hub's rules on one side, the real client library and a virtual key on the other."""

from __future__ import annotations

import json
from threading import Event

import pytest

from provisioning.errors import Corrupt
from provisioning.identity import fido
from provisioning.identity.fido import KeyRefused, SecurityKey
from provisioning.readers.keys import KeyTrouble
from provisioning.sim.security_key import VirtualKey
from tests.provisioning.fido.kit import ANY_MODEL, KIOSK, PIN, Site, changed, from_page, nobody_waits, parts


def test_a_key_is_enrolled_with_its_first_pin_and_signs_in_without_a_name() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    assert made.holder == b"holder-1"
    assert made.aaguid == key.memory.aaguid
    done = site.sign_in(key)
    assert done.credential_id == made.credential_id
    assert done.holder == b"holder-1"
    assert done.user_verified
    assert done.sign_count == made.sign_count + 1


def test_a_key_signs_in_again_and_again() -> None:
    site, key = Site(), VirtualKey()
    site.enrol(key)
    counts = [site.sign_in(key).sign_count for _ in range(5)]
    assert counts == sorted(set(counts))


def test_an_answer_names_its_challenge_and_its_credential_so_that_the_hub_can_look_them_up() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    challenge = site.challenge()
    response = site.sign(key, challenge)
    assert fido.named_challenge(response) == challenge.name
    assert fido.named_credential(response) == made.credential_id


def test_two_people_can_carry_keys_and_each_is_told_apart() -> None:
    site, one, two = Site(), VirtualKey(), VirtualKey()
    site.enrol(one, b"holder-1")
    site.enrol(two, b"holder-2")
    assert [site.sign_in(key).holder for key in (two, one, two)] == [b"holder-2", b"holder-1", b"holder-2"]


def test_a_step_up_asks_for_the_sessions_own_key_and_takes_no_other() -> None:
    site, mine, other = Site(), VirtualKey(), VirtualKey()
    made = site.enrol(mine, b"holder-1")
    site.enrol(other, b"holder-2")
    challenge = site.challenge("step_up", holder=b"holder-1", allowed=(made.credential_id,))
    with pytest.raises(KeyTrouble) as no:
        site.sign(other, challenge)
    assert no.value.reason == "key_no_credential"
    done = site.judge(challenge, site.sign(mine, challenge), purpose="step_up")
    assert done.credential_id == made.credential_id


def test_a_step_up_is_refused_when_somebody_elses_key_answers_it() -> None:
    site, mine, other = Site(), VirtualKey(), VirtualKey()
    site.enrol(mine, b"holder-1")
    theirs = site.enrol(other, b"holder-2")
    for limits in ({"holder": b"holder-1"}, {"allowed": (b"x" * 32,)}):
        challenge = site.challenge("step_up", **limits)
        open_one = fido.Challenge(
            value=challenge.value, place=KIOSK, purpose="step_up", made_at=challenge.made_at
        )
        response = site.sign(other, open_one)
        with pytest.raises(KeyRefused) as no:
            site.judge(challenge, response, purpose="step_up")
        assert no.value.reason == "key_foreign"
        assert site.judge(open_one, response, purpose="step_up").credential_id == theirs.credential_id


def test_a_key_that_is_enrolled_already_is_not_enrolled_twice_for_the_same_person() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    challenge = site.challenge("enrol", holder=b"holder-1")
    options = fido.registration_options(site.party, ANY_MODEL, challenge, known=[made.credential_id])
    with pytest.raises(KeyTrouble) as no:
        site.reader.enrol(key.plug(), options, PIN, nobody_waits)
    assert no.value.reason == "key_known"


def test_an_officers_browser_signs_for_the_back_office_and_no_other_page_does() -> None:
    party = fido.browser_party("https://hub.oudenaarde.example", "http://localhost:8400")
    assert party.rp_id == "hub.oudenaarde.example"
    local = fido.browser_party("http://localhost:8400")
    assert local.rp_id == "localhost"
    site, key = Site(), VirtualKey()
    challenge = site.challenge("enrol", holder=b"officer")
    from fido2.client import DefaultClientDataCollector, Fido2Client

    from tests.provisioning.fido.kit import Typist

    site.enrol(key)  # sets the PIN
    client = Fido2Client(key.plug(), DefaultClientDataCollector("http://localhost:8400"), Typist(), ())
    answer = client.make_credential(json.loads(fido.registration_options(local, ANY_MODEL, challenge)))
    setting = {"place": KIOSK, "now": site.clock.now_utc()}
    made = fido.complete_registration(
        local, ANY_MODEL, challenge, json.dumps(dict(answer)).encode(), purpose="enrol", **setting
    )
    for origin, is_ours in (("http://localhost:8400", True), ("http://localhost:8401", False)):
        again = site.challenge()
        response = from_page(key, origin, "localhost", again)
        if is_ours:
            done = fido.complete_authentication(local, [made], again, response, purpose="sign_in", **setting)
            assert done.credential_id == made.credential_id
        else:
            with pytest.raises(KeyRefused) as no:
                fido.complete_authentication(local, [made], again, response, purpose="sign_in", **setting)
            assert no.value.reason == "key_foreign"


def test_the_options_ask_for_the_pin_and_for_a_credential_that_says_whose_it_is() -> None:
    site = Site()
    asked = json.loads(
        fido.registration_options(site.party, site.models, site.challenge("enrol", holder=b"h"))
    )
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -8]
    asked = json.loads(fido.authentication_options(site.party, site.challenge()))
    assert asked["userVerification"] == "required"
    assert "allowCredentials" not in asked
    assert asked["rpId"] == "oudenaarde.passage"


@pytest.mark.parametrize("holder", [b"", b"x" * 65])
def test_a_credential_is_made_for_somebody(holder: bytes) -> None:
    site = Site()
    with pytest.raises(ValueError, match="holder of 1 to 64 bytes"):
        fido.registration_options(site.party, site.models, site.challenge("enrol", holder=holder))


@pytest.mark.parametrize(("age_s", "is_open"), [(-1, False), (0, True), (120, True), (120.001, False)])
def test_a_challenge_is_open_for_two_minutes(age_s: float, is_open: bool) -> None:
    site = Site()
    challenge = site.challenge()
    site.clock.advance(age_s)
    assert challenge.is_open(place=KIOSK, purpose="sign_in", now=site.clock.now_utc()) is is_open


def test_two_challenges_are_never_the_same() -> None:
    assert len({Site().challenge().value for _ in range(100)}) == 100


def test_a_kept_key_that_is_none_is_the_hubs_trouble_and_not_the_persons() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    challenge = site.challenge()
    response = site.sign(key, challenge)
    for damaged in (b"", b"\x80", b"\xa0", made.public_key_cose[:-1], b"\x81" * 5000):
        site.known[made.credential_id] = SecurityKey(
            credential_id=made.credential_id, public_key_cose=damaged, holder=made.holder
        )
        with pytest.raises(Corrupt) as no:
            site.judge(challenge, response)
        assert no.value.reason == "key_damaged"


def test_whoever_is_not_known_by_handle_is_known_by_credential_alone() -> None:
    site, key = Site(), VirtualKey()
    made = site.enrol(key)
    site.known[made.credential_id] = SecurityKey(
        credential_id=made.credential_id, public_key_cose=made.public_key_cose, sign_count=made.sign_count
    )
    assert site.sign_in(key).credential_id == made.credential_id


# --- enrolment refuses what sign-in refuses ----------------------------------------------------------------------


def _enrolment(site: Site, key: VirtualKey) -> tuple[fido.Challenge, bytes]:
    challenge = site.challenge("enrol", holder=b"holder-1")
    options = fido.registration_options(site.party, site.models, challenge)
    return challenge, site.reader.enrol(key.plug(), options, PIN, nobody_waits)


def _refusal(site: Site, challenge: fido.Challenge, response: bytes) -> str:
    with pytest.raises(KeyRefused) as no:
        site.take_in(challenge, response)
    return no.value.reason


def test_an_enrolment_answers_its_own_challenge_at_its_own_time_and_place() -> None:
    site = Site()
    challenge, response = _enrolment(site, VirtualKey())
    assert _refusal(site, site.challenge("enrol", holder=b"holder-1"), response) == "key_stale"
    assert _refusal(site, site.challenge("sign_in", holder=b"holder-1"), response) == "key_stale"
    site.clock.advance(121)
    assert _refusal(site, challenge, response) == "key_stale"


def test_an_enrolment_at_another_site_is_foreign() -> None:
    site, other = Site(), Site("dendermonde")
    challenge, response = _enrolment(other, VirtualKey())
    assert _refusal(site, challenge, response) == "key_foreign"


def test_an_enrolment_under_another_id_is_unreadable() -> None:
    site = Site()
    challenge, response = _enrolment(site, VirtualKey())
    plain = json.loads(response)
    plain["id"] = plain["rawId"] = fido.to_text(b"other")
    assert _refusal(site, challenge, json.dumps(plain).encode()) == "key_unreadable"


def test_a_sign_in_is_no_enrolment_and_an_enrolment_no_sign_in() -> None:
    site, key = Site(), VirtualKey()
    challenge, response = _enrolment(site, key)
    made = site.take_in(challenge, response)
    site.known[made.credential_id] = made
    with pytest.raises(KeyRefused) as no:
        site.judge(challenge, response, purpose="enrol")
    assert no.value.reason == "key_unreadable"
    signed = site.sign(key, challenge)
    assert _refusal(site, challenge, signed) == "key_unreadable"
    plain, made_plain = json.loads(signed), json.loads(response)
    plain["response"]["clientDataJSON"] = made_plain["response"]["clientDataJSON"]
    with pytest.raises(KeyRefused) as no:
        site.judge(challenge, json.dumps(plain).encode(), purpose="enrol")
    assert no.value.reason == "key_foreign"
    made_plain["response"]["clientDataJSON"] = json.loads(signed)["response"]["clientDataJSON"]
    assert _refusal(site, challenge, json.dumps(made_plain).encode()) == "key_foreign"


def test_a_cancelled_ceremony_says_so() -> None:
    site, key = Site(), VirtualKey()
    site.enrol(key)
    cancel = Event()
    cancel.set()
    with pytest.raises(KeyTrouble) as no:
        site.sign(key, site.challenge(), cancel=cancel)
    assert no.value.reason == "key_cancelled"


def test_what_a_browser_adds_to_an_answer_does_no_harm() -> None:
    site, key = Site(), VirtualKey()
    site.enrol(key)
    challenge = site.challenge()
    plain = json.loads(site.sign(key, challenge))
    plain["authenticatorAttachment"] = "cross-platform"
    plain["clientExtensionResults"] = {"credProps": {"rk": True}}
    assert site.judge(challenge, json.dumps(plain).encode()).user_verified


def test_an_answer_taken_apart_and_put_together_is_the_same() -> None:
    site, key = Site(), VirtualKey()
    site.enrol(key)
    challenge = site.challenge()
    response = site.sign(key, challenge)
    assert set(parts(response)) == {"rawId", "clientDataJSON", "authenticatorData", "signature", "userHandle"}
    assert site.judge(challenge, changed(response)).user_verified
