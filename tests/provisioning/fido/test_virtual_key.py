"""The virtual key against the standard (CTAP 2.1), asked through the library's own client half."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fido2 import cbor
from fido2.ctap import CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocol, PinProtocolV1, PinProtocolV2
from fido2.hid import CTAPHID

from provisioning.clock import FakeClock
from provisioning.errors import Corrupt
from provisioning.sim.security_key import VirtualKey, load_memory
from tests.provisioning.fido.kit import PIN, Site

ERR = CtapError.ERR
RP = "oudenaarde.passage"
DIGEST = b"\x07" * 32
ES256 = [{"type": "public-key", "alg": -7}]
MAY = ClientPin.PERMISSION
PROTOCOLS: list[type[PinProtocol]] = [PinProtocolV1, PinProtocolV2]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def key(clock: FakeClock) -> VirtualKey:
    return VirtualKey(clock=clock)


def _ctap(key: VirtualKey) -> Ctap2:
    return Ctap2(key.plug())


def _status(act: Callable[[], object]) -> CtapError.ERR:
    with pytest.raises(CtapError) as no:
        act()
    return no.value.code


def _made(ctap: Ctap2, user: bytes = b"u", rp: str = RP, token: bytes | None = None, **more: object) -> bytes:
    """Make a discoverable credential; its id."""
    proof = PinProtocolV2().authenticate(token, DIGEST) if token else None
    done = ctap.make_credential(
        DIGEST,
        {"id": rp, "name": rp},
        {"id": user, "name": user.decode()},
        ES256,
        options={"rk": True},
        pin_uv_param=proof,
        pin_uv_protocol=2 if token else None,
        **more,  # type: ignore[arg-type]
    )
    assert done.auth_data.credential_data is not None
    return done.auth_data.credential_data.credential_id


def _token(ctap: Ctap2, permissions: ClientPin.PERMISSION, rp: str = RP) -> bytes:
    return ClientPin(ctap, PinProtocolV2()).get_pin_token(PIN, permissions, rp)


def test_it_says_what_it_is(key: VirtualKey) -> None:
    info = _ctap(key).info
    assert info.versions == ["FIDO_2_0", "FIDO_2_1"]
    assert info.options == {"rk": True, "up": True, "plat": False, "clientPin": False, "pinUvAuthToken": True}
    assert info.pin_uv_protocols == [2, 1]
    assert str(info.aaguid) == key.memory.aaguid
    assert info.remaining_disc_creds == 25
    ClientPin(_ctap(key)).set_pin(PIN)
    _made(_ctap(key), token=_token(_ctap(key), MAY.MAKE_CREDENTIAL))
    assert _ctap(key).info.options["clientPin"]
    assert _ctap(key).info.remaining_disc_creds == 24


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_pin_is_set_once_changed_with_the_old_one_and_buys_a_token(
    key: VirtualKey, protocol: type[PinProtocol]
) -> None:
    pin = ClientPin(_ctap(key), protocol())
    pin.set_pin("1234")
    assert _status(lambda: pin.set_pin("5678")) == ERR.PIN_AUTH_INVALID
    pin.change_pin("1234", "5678")
    assert _status(lambda: pin.get_pin_token("1234", MAY.GET_ASSERTION, RP)) == ERR.PIN_INVALID
    assert _status(lambda: pin.change_pin("1234", "9999")) == ERR.PIN_INVALID
    assert pin.get_pin_retries() == (6, False)
    assert len(pin.get_pin_token("5678", MAY.GET_ASSERTION, RP)) == 32
    assert pin.get_pin_retries() == (8, False)


def test_a_pin_before_one_is_set_is_none(key: VirtualKey) -> None:
    assert _status(lambda: ClientPin(_ctap(key)).get_pin_token(PIN, MAY.GET_ASSERTION, RP)) == ERR.PIN_NOT_SET


def test_a_short_pin_is_against_the_rules(key: VirtualKey) -> None:
    pin = ClientPin(_ctap(key))
    agreement, shared = pin._get_shared_secret()
    for plain, status in (
        (b"123".ljust(64, b"\0"), ERR.PIN_POLICY_VIOLATION),
        (bytes(32), ERR.INVALID_PARAMETER),
    ):
        sealed = pin.protocol.encrypt(shared, plain)
        proof = pin.protocol.authenticate(shared, sealed)
        got = _status(
            lambda sealed=sealed, proof=proof: pin.ctap.client_pin(
                2, ClientPin.CMD.SET_PIN, agreement, proof, sealed
            )
        )
        assert got == status
    assert not key.memory.pin_hash


def test_three_wrong_pins_lock_until_power_off_and_eight_for_ever(key: VirtualKey) -> None:
    ClientPin(_ctap(key)).set_pin(PIN)
    got = []
    for _ in range(10):
        pin = ClientPin(_ctap(key))
        got.append(_status(lambda pin=pin: pin.get_pin_token("0000", MAY.GET_ASSERTION, RP)).name)
        if got[-1] == "PIN_AUTH_BLOCKED":
            assert pin.get_pin_retries()[1] is True
            key.pull()
    assert got == [
        *["PIN_INVALID", "PIN_INVALID", "PIN_AUTH_BLOCKED"] * 2,
        "PIN_INVALID",
        *["PIN_BLOCKED"] * 3,
    ]
    key.pull()
    assert _status(lambda: ClientPin(_ctap(key)).get_pin_token(PIN, MAY.GET_ASSERTION, RP)) == ERR.PIN_BLOCKED
    assert ClientPin(_ctap(key)).get_pin_retries()[0] == 0


def test_pulling_the_key_gains_no_tries(tmp_path: Path) -> None:
    """A try is written down before it is judged: the file after each wrong one has one less."""
    key = VirtualKey.in_file(tmp_path / "key.json")
    ClientPin(_ctap(key)).set_pin(PIN)
    for left in (7, 6, 5):
        _status(lambda: ClientPin(_ctap(key)).get_pin_token("0000", MAY.GET_ASSERTION, RP))
        assert load_memory(tmp_path / "key.json").pin_retries == left


@pytest.fixture
def opened(key: VirtualKey) -> Ctap2:
    ctap = _ctap(key)
    ClientPin(ctap).set_pin(PIN)
    return ctap


def test_a_token_serves_what_it_was_given_for_and_nothing_else(opened: Ctap2) -> None:
    for permission, rp in ((MAY.GET_ASSERTION, RP), (MAY.MAKE_CREDENTIAL, "other.passage")):
        token = _token(opened, permission, rp)
        assert _status(lambda token=token: _made(opened, token=token)) == ERR.PIN_AUTH_INVALID
    _made(opened, token=_token(opened, MAY.MAKE_CREDENTIAL))


def test_a_token_is_used_up_by_a_touch(opened: Ctap2) -> None:
    token = _token(opened, MAY.MAKE_CREDENTIAL)
    _made(opened, token=token)
    assert _status(lambda: _made(opened, b"v", token=token)) == ERR.PIN_AUTH_INVALID


def test_a_token_grows_old_and_dies_with_the_power(opened: Ctap2, key: VirtualKey, clock: FakeClock) -> None:
    token = _token(opened, MAY.MAKE_CREDENTIAL)
    clock.advance(601)
    assert _status(lambda: _made(opened, token=token)) == ERR.PIN_AUTH_INVALID
    token = _token(opened, MAY.MAKE_CREDENTIAL)
    clock.advance(599)
    _made(opened, token=token)
    token = _token(opened, MAY.MAKE_CREDENTIAL)
    key.pull()
    assert _status(lambda: _made(_ctap(key), token=token)) == ERR.PIN_AUTH_INVALID


def test_a_token_for_nothing_or_for_more_than_it_can_is_refused(opened: Ctap2) -> None:
    assert _status(lambda: _token(opened, MAY(0))) == ERR.INVALID_PARAMETER
    assert _status(lambda: _token(opened, MAY.AUTHENTICATOR_CFG)) == ERR.UNAUTHORIZED_PERMISSION


def test_a_wrong_proof_is_refused_and_a_missing_one_asked_for(opened: Ctap2) -> None:
    _token(opened, MAY.MAKE_CREDENTIAL)
    assert _status(lambda: _made(opened, token=bytes(32))) == ERR.PIN_AUTH_INVALID
    assert _status(lambda: _made(opened)) == ERR.PUAT_REQUIRED


def test_without_a_proof_it_says_that_nobody_was_verified(opened: Ctap2) -> None:
    _made(opened, token=_token(opened, MAY.MAKE_CREDENTIAL))
    bare = opened.get_assertion(RP, DIGEST)
    assert (bare.auth_data.is_user_present(), bare.auth_data.is_user_verified()) == (True, False)
    quiet = opened.get_assertion(RP, DIGEST, options={"up": False})
    assert not quiet.auth_data.is_user_present()
    proof = PinProtocolV2().authenticate(_token(opened, MAY.GET_ASSERTION), DIGEST)
    full = opened.get_assertion(RP, DIGEST, pin_uv_param=proof, pin_uv_protocol=2)
    assert (full.auth_data.is_user_present(), full.auth_data.is_user_verified()) == (True, True)


def test_each_signature_counts_and_fits_the_public_key(opened: Ctap2) -> None:
    done = opened.make_credential(
        DIGEST,
        {"id": RP, "name": RP},
        {"id": b"u", "name": "u"},
        ES256,
        options={"rk": True},
        pin_uv_param=PinProtocolV2().authenticate(_token(opened, MAY.MAKE_CREDENTIAL), DIGEST),
        pin_uv_protocol=2,
    )
    assert done.auth_data.credential_data is not None
    counts = [done.auth_data.counter]
    for number in range(3):
        digest = bytes([number]) * 32
        one = opened.get_assertion(RP, digest)
        one.verify(digest, done.auth_data.credential_data.public_key)
        counts.append(one.auth_data.counter)
    assert counts == [1, 2, 3, 4]


def test_several_people_on_one_key_are_listed_newest_first_and_named_only_after_the_pin(
    opened: Ctap2,
) -> None:
    for user in (b"anna", b"bert", b"carl"):
        _made(opened, user, token=_token(opened, MAY.MAKE_CREDENTIAL))
    _made(opened, b"dora", "other.passage", token=_token(opened, MAY.MAKE_CREDENTIAL, "other.passage"))
    proof = PinProtocolV2().authenticate(_token(opened, MAY.GET_ASSERTION), DIGEST)
    found = opened.get_assertions(RP, DIGEST, pin_uv_param=proof, pin_uv_protocol=2)
    assert [one.user for one in found] == [
        {"id": user, "name": user.decode(), "displayName": ""} for user in (b"carl", b"bert", b"anna")
    ]
    bare = opened.get_assertions(RP, DIGEST)
    assert [one.user for one in bare] == [{"id": user} for user in (b"carl", b"bert", b"anna")]
    assert _status(opened.get_next_assertion) == ERR.NOT_ALLOWED


def test_a_list_of_people_waits_half_a_minute_and_no_other_command(opened: Ctap2, clock: FakeClock) -> None:
    for user in (b"anna", b"bert"):
        _made(opened, user, token=_token(opened, MAY.MAKE_CREDENTIAL))
    opened.get_assertion(RP, DIGEST)
    clock.advance(31)
    assert _status(opened.get_next_assertion) == ERR.NOT_ALLOWED
    opened.get_assertion(RP, DIGEST)
    opened.get_info()
    assert _status(opened.get_next_assertion) == ERR.NOT_ALLOWED


def test_a_credential_is_found_by_its_id_for_its_own_site_only(opened: Ctap2) -> None:
    mine = _made(opened, token=_token(opened, MAY.MAKE_CREDENTIAL))
    listed = [{"type": "public-key", "id": b"x" * 32}, {"type": "public-key", "id": mine}]
    assert opened.get_assertion(RP, DIGEST, listed).credential["id"] == mine
    assert _status(lambda: opened.get_assertion("other.passage", DIGEST, listed)) == ERR.NO_CREDENTIALS
    assert _status(lambda: opened.get_assertion(RP, DIGEST, listed[:1])) == ERR.NO_CREDENTIALS


def test_a_credential_that_is_kept_nowhere_signs_by_its_id_on_its_own_key_only(key: VirtualKey) -> None:
    ctap = _ctap(key)
    done = ctap.make_credential(DIGEST, {"id": RP, "name": RP}, {"id": b"u", "name": "u"}, ES256)
    assert done.auth_data.credential_data is not None
    one = [{"type": "public-key", "id": done.auth_data.credential_data.credential_id}]
    assert key.memory.holdings == []
    ctap.get_assertion(RP, DIGEST, one).verify(DIGEST, done.auth_data.credential_data.public_key)
    assert _status(lambda: ctap.get_assertion("other.passage", DIGEST, one)) == ERR.NO_CREDENTIALS
    assert _status(lambda: _ctap(VirtualKey()).get_assertion(RP, DIGEST, one)) == ERR.NO_CREDENTIALS
    assert _status(lambda: ctap.get_assertion(RP, DIGEST)) == ERR.NO_CREDENTIALS


def test_a_second_credential_of_one_person_replaces_the_first_unless_it_is_excluded(opened: Ctap2) -> None:
    first = _made(opened, token=_token(opened, MAY.MAKE_CREDENTIAL))
    listed = [{"type": "public-key", "id": first}]
    token = _token(opened, MAY.MAKE_CREDENTIAL)
    assert _status(lambda: _made(opened, token=token, exclude_list=listed)) == ERR.CREDENTIAL_EXCLUDED
    second = _made(opened, token=_token(opened, MAY.MAKE_CREDENTIAL))
    assert [one.credential["id"] for one in opened.get_assertions(RP, DIGEST)] == [second]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"", ERR.INVALID_COMMAND),
        (b"\x3f", ERR.INVALID_COMMAND),
        (b"\x01\x1b", ERR.INVALID_CBOR),
        (b"\x01\xa1", ERR.INVALID_CBOR),
        (b"\x01" + b"\x81" * 1500, ERR.INVALID_CBOR),
        (b"\x01\x80", ERR.CBOR_UNEXPECTED_TYPE),
        (b"\x01\xa0", ERR.MISSING_PARAMETER),
        (b"\x02\xa0", ERR.MISSING_PARAMETER),
        (b"\x02" + cbor.encode({1: 7, 2: DIGEST}), ERR.CBOR_UNEXPECTED_TYPE),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 5: {"uv": True}}), ERR.INVALID_OPTION),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 5: {"up": 7}}), ERR.CBOR_UNEXPECTED_TYPE),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 3: 7}), ERR.CBOR_UNEXPECTED_TYPE),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 6: DIGEST}), ERR.MISSING_PARAMETER),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 6: DIGEST, 7: 9}), ERR.INVALID_PARAMETER),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 6: DIGEST, 7: []}), ERR.CBOR_UNEXPECTED_TYPE),
        (b"\x02" + cbor.encode({1: RP, 2: DIGEST, 6: b""}), ERR.PIN_NOT_SET),
        (b"\x06\xa0", ERR.MISSING_PARAMETER),
        (b"\x06" + cbor.encode({1: 2, 2: 99}), ERR.INVALID_SUBCOMMAND),
        (b"\x06" + cbor.encode({1: 9, 2: 2}), ERR.INVALID_PARAMETER),
        (
            b"\x06" + cbor.encode({1: 2, 2: 5, 3: {-2: bytes(32), -3: bytes(32)}, 6: b"x"}),
            ERR.INVALID_PARAMETER,
        ),
        (b"\x04" + bytes(4000), ERR.REQUEST_TOO_LARGE),
    ],
)
def test_a_request_that_is_none_gets_the_standards_status(
    key: VirtualKey, request_: bytes, status: int
) -> None:
    assert key.plug().call(CTAPHID.CBOR, request_) == bytes([status])


def test_no_request_at_all_breaks_it(key: VirtualKey) -> None:
    handle, dice = key.plug(), random.Random(7)
    ClientPin(_ctap(key)).set_pin(PIN)
    values = [
        0,
        1,
        -7,
        b"",
        DIGEST,
        RP,
        True,
        [],
        {},
        {"id": RP},
        {"id": DIGEST},
        [{"id": 7}],
        ES256,
        {"rk": True},
    ]
    for number in range(3000):
        params = {dice.randrange(1, 12): dice.choice(values) for _ in range(dice.randrange(8))}
        body = dice.choice([cbor.encode(params), dice.randbytes(number % 60)])
        answer = handle.call(CTAPHID.CBOR, bytes([number % 14]) + body)
        assert answer[0] in {one.value for one in ERR}


def test_an_algorithm_it_does_not_know_is_named(key: VirtualKey) -> None:
    rsa = [{"type": "public-key", "alg": -257}]
    act = lambda: _ctap(key).make_credential(DIGEST, {"id": RP, "name": RP}, {"id": b"u"}, rsa)  # noqa: E731
    assert _status(act) == ERR.UNSUPPORTED_ALGORITHM


def test_asking_which_key_is_touched_needs_a_touch(key: VirtualKey) -> None:
    key.touch(touched=False)
    cancel = threading.Event()
    assert (
        _status(lambda: _ctap(key).selection(event=cancel, on_keepalive=lambda _s: cancel.set()))
        == ERR.KEEPALIVE_CANCEL
    )
    key.touch()
    _ctap(key).selection()


def test_a_key_in_a_file_is_the_same_key_tomorrow(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    site = Site()
    today = VirtualKey.in_file(file)
    site.enrol(today)
    last = site.sign_in(today).sign_count
    tomorrow = VirtualKey.in_file(file)
    assert tomorrow.memory == today.memory
    assert site.sign_in(tomorrow).sign_count == last + 1
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["key.json"]


def test_a_file_that_holds_no_key_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text("{}")
    with pytest.raises(Corrupt, match="virtual_key_unreadable"):
        VirtualKey.in_file(tmp_path / "key.json")
    assert (tmp_path / "key.json").read_text() == "{}"


def test_a_copy_counts_for_itself_and_keeps_no_file(tmp_path: Path) -> None:
    site, key = Site(), VirtualKey.in_file(tmp_path / "key.json")
    site.enrol(key)
    clone = key.copy()
    assert clone.memory == key.memory
    site.sign(clone, site.challenge())
    assert clone.memory.counter == key.memory.counter + 1
    assert load_memory(tmp_path / "key.json").counter == key.memory.counter
