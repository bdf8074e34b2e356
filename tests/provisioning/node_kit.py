"""Two or more nodes of one made-up site in a folder: real keys, real certificates, real configuration files."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization

from provisioning.config import Node, load_node
from provisioning.identity import SiteCA
from provisioning.identity.keys import write_secret

SITE = 'site_id = "test"\nname = "Test house"\nwings = ["A", "B", "C"]\n'
SECTIONS = {
    "hub": "[hub]\n",
    "kiosk": '[kiosk]\nwing = "A"\nname = "Kiosk A"\nhome_of = ["A"]\n',
}


def make_site(base: Path, kinds: dict[str, str], sections: dict[str, str] | None = None) -> dict[str, Node]:
    """A folder per node under ``base`` (node id -> kind), everyone trusting everyone; the loaded configurations."""
    ca = SiteCA.create("test")
    issued = {node_id: ca.issue(node_id) for node_id in kinds}
    for node_id, kind in kinds.items():
        folder = base / node_id
        (folder / "credentials").mkdir(parents=True)
        (folder / "peers").mkdir()
        key, certificate = issued[node_id]
        write_secret(folder / "credentials" / "node.key", key)
        write_secret(folder / "credentials" / "pepper", b"test pepper")
        write_secret(folder / "credentials" / "session-secret", b"test session secret, longer than 32 bytes")
        write_secret(folder / "credentials" / "storage-key", bytes(range(32)))
        (folder / "node.crt").write_bytes(certificate)
        (folder / "ca.crt").write_bytes(ca.certificate.public_bytes(serialization.Encoding.PEM))
        for other in kinds:
            if other != node_id:
                (folder / "peers" / f"{other}.crt").write_bytes(issued[other][1])
        (folder / "site.toml").write_text(SITE)
        section = (sections or {}).get(node_id, SECTIONS.get(kind, ""))
        (folder / "node.toml").write_text(
            f'node_id = "{node_id}"\nkind = "{kind}"\nlisten = "127.0.0.1:0"\nstate = "state"\nrun = "run"\n{section}'
        )
    return {node_id: load_node(base / node_id / "node.toml") for node_id in kinds}
