"""Which models of security key a site takes, and whether a new key proves that it is one of them."""

from collections.abc import Sequence

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from fido2.attestation.base import InvalidAttestation, verify_x509_chain
from fido2.attestation.packed import PackedAttestation
from fido2.webauthn import AttestationObject

from provisioning.identity.keywire import MALFORMED

# A statement or certificate that cannot be read; the libraries have no family of errors for that.
_MALFORMED = (
    InvalidAttestation,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    *MALFORMED,
)


class AttestationBroken(Exception):
    """A new key is none that the site takes; the text says why, for engineers."""


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """What a site takes. The default takes every model that somebody signed for.

    Only ``roots`` make a model a fact: without them whoever builds a key may sign for it under any number.
    """

    aaguids: frozenset[str] = frozenset()  # models, 8-4-4-4-12 hexadecimal digits, lower case; empty: any
    roots: tuple[bytes, ...] = ()  # makers' certificates (DER); empty: anybody's signature does
    unattested: bool = False  # also keys without a maker's signature: their model is only what they say

    @property
    def wants_proof(self) -> bool:
        """Whether browsers shall be asked for the maker's signature, which they show a warning for."""
        return bool(self.aaguids or self.roots or not self.unattested)


def judge_attestation(models: Models, attestation: AttestationObject, client_data_hash: bytes) -> bool:
    """True when a maker that the site trusts signed for the key's model; False for one that it takes without.

    A statement that is there is always checked (WebAuthn L2 §7.1, step 19), wanted or not. Formats: "packed" (§8.2,
    what FIDO2 keys and cards give) and "none" (§8.7). A key that signs its own statement (§8.2.1) has no maker's word.

    Raises:
        AttestationBroken: a wrong statement, a maker or a model that the site does not take.
    """
    made = attestation.auth_data.credential_data
    if made is None:
        raise AttestationBroken("no credential")
    path = _verified_path(attestation, client_data_hash)
    if not path and not models.unattested:
        raise AttestationBroken("no maker's signature")
    if path and models.roots and not any(_leads_to(path, root) for root in models.roots):
        raise AttestationBroken("maker unknown")
    if models.aaguids and str(made.aaguid) not in models.aaguids:
        raise AttestationBroken(f"model {made.aaguid}")
    return bool(path and models.roots)


def _verified_path(attestation: AttestationObject, client_data_hash: bytes) -> Sequence[bytes]:
    """The certificates behind a statement that is right; empty when no maker stands behind it."""
    if attestation.fmt == "none":
        if attestation.att_stmt:
            raise AttestationBroken("a statement that is none")
        return ()
    if attestation.fmt != "packed":
        raise AttestationBroken(f"format {str(attestation.fmt)[:40]!r}")
    try:
        result = PackedAttestation().verify(attestation.att_stmt, attestation.auth_data, client_data_hash)
    except _MALFORMED as error:
        raise AttestationBroken(f"statement: {type(error).__name__}") from error
    path: list[bytes] = result.trust_path
    return path


def _leads_to(path: Sequence[bytes], root: bytes) -> bool:
    """Whether each certificate is signed by the next and the last by ``root`` (or is it); only the first is no CA."""
    chain = [*path] if path[-1] == root else [*path, root]
    try:
        verify_x509_chain(chain)
        return all(_is_authority(one) for one in chain[1:])
    except _MALFORMED:
        return False


def _is_authority(der: bytes) -> bool:
    basics = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.BasicConstraints)
    return basics.value.ca
