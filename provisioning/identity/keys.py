"""Node keys (Ed25519) and their certificates by the site's own authority."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.config import Node
from provisioning.errors import Corrupt

NODE_YEARS = 1  # J6.1: a certificate for one year
CA_YEARS = 20


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(subject: str, issuer: x509.Name, key: Ed25519PublicKey, years: int) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(days=1)  # a node's clock may be a little behind at first contact
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years + 2))
    )


def write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner reads; never readable by others, not even for an instant."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


@dataclass(frozen=True)
class SiteCA:
    """The site's certificate authority. Its key lives with the technician, not on a node."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, site_id: str) -> "SiteCA":
        """A new authority for a site."""
        key = Ed25519PrivateKey.generate()
        name = _name(f"Passage {site_id}")
        certificate = (
            _builder(f"Passage {site_id}", name, key.public_key(), CA_YEARS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, None)
        )
        return cls(key, certificate)

    def issue(self, node_id: str, hosts: tuple[str, ...] = ()) -> tuple[bytes, bytes]:
        """A new key and its certificate for a node, both PEM. ``hosts`` are the DNS names it serves under."""
        key = Ed25519PrivateKey.generate()
        names = [x509.DNSName(host) for host in (node_id, *hosts)]
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        certificate = (
            _builder(node_id, self.certificate.subject, key.public_key(), NODE_YEARS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
            .sign(self.key, None)
        )
        return _pem(key), certificate.public_bytes(serialization.Encoding.PEM)

    def pem(self) -> bytes:
        """The authority's certificate, which every node holds as ``ca.crt``."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """The authority's own key."""
        return _pem(self.key)


@dataclass(frozen=True)
class NodeKey:
    """What a node signs with."""

    node_id: str
    key: Ed25519PrivateKey

    @classmethod
    def load(cls, node: Node) -> "NodeKey":
        """This node's key, from its credential ``node.key``."""
        key = serialization.load_pem_private_key(node.credential("node.key"), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise Corrupt("node_key_kind", node=node.node_id)
        return cls(node.node_id, key)


@dataclass(frozen=True)
class Keyring:
    """The public keys of the peers that this node trusts, by node id."""

    keys: dict[str, Ed25519PublicKey]

    @classmethod
    def load(cls, node: Node) -> "Keyring":
        """Read ``ca.crt`` and ``peers/*.crt`` beside node.toml; each must be signed by the site and in date.

        Raises:
            Corrupt: ``certificate_foreign`` when the site's authority did not sign one.
        """
        base = node.path.parent
        ca = x509.load_pem_x509_certificate((base / "ca.crt").read_bytes())
        found = (read_certificate(path, ca) for path in sorted((base / "peers").glob("*.crt")))
        return cls(dict(found))

    def key_of(self, node_id: str) -> Ed25519PublicKey:
        """A peer's key.

        Raises:
            Corrupt: ``node_unknown``.
        """
        if node_id not in self.keys:
            raise Corrupt("node_unknown", node=node_id)
        return self.keys[node_id]


def read_certificate(path: Path, ca: x509.Certificate) -> tuple[str, Ed25519PublicKey]:
    """The node id and key of a certificate that the site's authority signed and that is in date.

    Raises:
        Corrupt: ``certificate_foreign``, ``certificate_expired`` or ``node_key_kind``.
    """
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise Corrupt("certificate_foreign", file=path.name) from error
    if certificate.not_valid_after_utc < datetime.now(UTC):
        raise Corrupt("certificate_expired", file=path.name)
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise Corrupt("node_key_kind", file=path.name)
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(common), key
