"""A maker of security keys for demos and tests: a root certificate and one batch certificate of a model."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from provisioning.sim.security_key.memory import DEMO_AAGUID, Seal

OID_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # WebAuthn L2 §8.2.1: id-fido-gen-ce-aaguid
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)


def make_seal(maker: str = "Passage virtual keys", *, aaguid: str = DEMO_AAGUID) -> Seal:
    """A new maker: ``chain[-1]`` is the root that a site may trust. Fields of the batch as in WebAuthn L2 §8.2.1."""
    root_key, batch_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, batch_name = _name(maker, "Root"), _name(maker, "Authenticator Attestation")
    root = _certificate(root_name, root_name, root_key.public_key(), authority=True).sign(root_key, SHA256())
    batch = (
        _certificate(batch_name, root_name, batch_key.public_key(), authority=False)
        .add_extension(
            x509.UnrecognizedExtension(OID_AAGUID, b"\x04\x10" + bytes.fromhex(aaguid.replace("-", ""))),
            critical=False,
        )
        .sign(root_key, SHA256())
    )
    return Seal(
        scalar=batch_key.private_numbers().private_value.to_bytes(32, "big"),
        chain=(batch.public_bytes(Encoding.DER), root.public_bytes(Encoding.DER)),
    )


def _name(maker: str, unit: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, maker),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{maker} {unit}"),
        ]
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, authority: bool
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(FIRST)
        .not_valid_after(LAST)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
