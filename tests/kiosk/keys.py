"""A resident's security key: enrolled as two officers would, and in a reader."""

from __future__ import annotations

from kiosk.hub.credentials.store import Credential
from kiosk.hub.node import Hub
from provisioning.identity import fido
from provisioning.identity.attestation import Models
from provisioning.identity.stick import blind_holder
from provisioning.readers.keys import Keys
from provisioning.readers.words import Did, Order, SignWithKey
from provisioning.sim.security_key import VirtualKey
from tests.provisioning.fido.kit import PIN, nobody_waits

__all__ = ["PIN", "KeyInReader", "key_of"]


def key_of(hub: Hub, resident_id: str) -> VirtualKey:
    """A virtual key that two officers gave to this resident."""
    made, party, now = VirtualKey(), fido.kiosk_party(hub.node.site.site_id), hub.clock.now_utc()
    holder = blind_holder(resident_id, hub.signing_in.checker.holder_key).encode()
    challenge = fido.make_challenge("kiosk-a", "enrol", now, holder=holder)
    models = Models(unattested=True)
    response = Keys(hub.node.site.site_id).enrol(
        made.plug(), fido.registration_options(party, models, challenge), PIN, nobody_waits
    )
    kept = fido.complete_registration(
        party, models, challenge, response, place="kiosk-a", purpose="enrol", now=now
    )
    with hub.store.atomic():
        hub.credentials.issue(
            Credential(
                kind="key",
                uid=fido.to_text(kept.credential_id),
                resident_id=resident_id,
                counter=kept.sign_count,
                public_key=kept.public_key_cose,
                aaguid=kept.aaguid,
                issued_by="o-landing",
                issued_with="o-security",
            )
        )
    return made


class KeyInReader:
    """A reader with a key in it, as the pages order it about."""

    def __init__(self, key: VirtualKey, site_id: str) -> None:
        self._key, self._keys = key, Keys(site_id)

    def ask(self, order: Order, timeout_s: float) -> Did:
        """Let the key sign."""
        assert timeout_s > 0
        assert isinstance(order, SignWithKey)
        return Did(
            order.order, data=self._keys.sign(self._key.plug(), order.options, order.pin, nobody_waits)
        )

    def cancel(self, order_id: str) -> None:
        """Nothing here takes long."""
