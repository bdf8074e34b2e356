"""Who a machine is and who a person is: node keys, the site's CA, signed envelopes, PIN hashes."""

from provisioning.identity.envelope import Opened, open_sealed, seal
from provisioning.identity.keys import Keyring, NodeKey, SiteCA
from provisioning.identity.pins import hash_secret, verify_secret

__all__ = ["Keyring", "NodeKey", "Opened", "SiteCA", "hash_secret", "open_sealed", "seal", "verify_secret"]
