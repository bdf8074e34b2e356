"""How an officer proves who they are: by name and password, or by a security key with its PIN."""

import threading
from dataclasses import dataclass, field
from typing import Literal, NoReturn

import msgspec

from kiosk.hub.node import Hub
from kiosk.hub.office.store import OfficerKey, OfficeStore
from kiosk.hub.sessions.rules import LONGEST_PAUSE_S, SignInLocked, SignInWrong
from kiosk.services.base import OfficerCard
from provisioning.clock import iso
from provisioning.errors import Refused
from provisioning.identity.attempts import Attempts, Limit
from provisioning.identity.attestation import Models
from provisioning.identity.fido import (
    Challenge,
    Party,
    SecurityKey,
    authentication_options,
    complete_authentication,
    complete_registration,
    make_challenge,
    named_challenge,
    named_credential,
    registration_options,
)
from provisioning.identity.keywire import KeyRefused

Proof = Literal["password", "key"]
MOST_CHALLENGES = 500  # open at once; beyond, the oldest is void
MOST_KEYS = 5  # of one officer: one on the ring, one in the safe, and some to grow out of
MODELS = Models(unattested=True)  # an officer enrols it under the eyes of nobody's maker: any key with a PIN


class KeyKnown(Refused):
    """This security key is enrolled already."""

    code = "key_known"


class TooManyKeys(Refused):
    """An officer has as many keys as the site keeps of one."""

    code = "too_many_keys"


class KeyBlocked(Refused):
    """This key's counter went back once: it opens nothing any more."""

    code = "key_blocked"


@dataclass
class Proofs:
    """Checks passwords and security keys of officers; every failure is counted or recorded."""

    hub: Hub
    store: OfficeStore
    _open: dict[str, Challenge] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _limit(self) -> Limit:
        return Limit(self.hub.node.site.pin_tries, self.hub.node.site.pin_pause_s, LONGEST_PAUSE_S)

    # --- passwords ---

    def by_password(self, sign_in_name: str, password: str, where: str = "office") -> OfficerCard:
        """Who it is.

        Raises:
            SignInWrong, SignInLocked: the same for names that nobody has; and it is in the trail.
        """
        hub, name = self.hub, sign_in_name.strip()
        subject = "name:" + name.casefold()[:80]
        checker = hub.signing_in.checker
        with checker.one_at_a_time(subject):
            locked = hub.sessions.attempts(subject)
            if locked.locked_until and locked.is_locked(hub.clock.now_utc()):
                raise SignInLocked(until_utc=iso(locked.locked_until))
            counted = locked.after_failure(hub.clock.now_utc(), self._limit)
            hub.sessions.keep_attempts(
                subject, counted
            )  # before the check: who kills the hub has tried all the same
            found = hub.people.officer_secret(name)
            card = hub.people.officer(found[0]) if found else None
            if not checker.fits(password, found[1] if found else None) or card is None:
                self._wrong_password(counted, card, where)
            hub.sessions.keep_attempts(subject, Attempts())
        return card

    def again(self, card: OfficerCard, password: str) -> None:
        """The officer of a locked desk types the password once more. Raises as :meth:`by_password`."""
        names = {one.officer_id: one.sign_in_name for one in self.hub.people.roster()}
        self.by_password(names[card.officer_id], password, "desk_lock")

    def _wrong_password(self, after: Attempts, card: OfficerCard | None, where: str) -> NoReturn:
        with self.hub.store.atomic():
            who = card.officer_id if card else "nobody"
            self.hub.trail.record(
                where, "sign_in_refused", who, code="sign_in_wrong", locked=after.locked_until is not None
            )
        if after.locked_until is not None:
            raise SignInLocked(until_utc=iso(after.locked_until))
        raise SignInWrong(tries_left=after.tries_left(self._limit))

    # --- security keys: what they are asked ---

    def ask_key(self, party: Party, place: str, purpose: str) -> bytes:
        """The question (JSON) to whatever key is touched at ``place``."""
        challenge = make_challenge(place, purpose, self.hub.clock.now_utc())
        self._keep(challenge)
        return authentication_options(party, challenge)

    def ask_new_key(self, party: Party, place: str, card: OfficerCard) -> bytes:
        """The question (JSON) that makes a credential for an officer on the key that is touched.

        Raises:
            TooManyKeys: the officer has five.
        """
        keys = self.store.keys(card.officer_id)
        if len(keys) >= MOST_KEYS:
            raise TooManyKeys
        holder = card.officer_id.encode()
        challenge = make_challenge(place, "enrol", self.hub.clock.now_utc(), holder=holder)
        self._keep(challenge)
        known = [_kept(one).credential_id for one in keys]
        return registration_options(party, MODELS, challenge, label=f"Passage {card.officer_id}", known=known)

    def _keep(self, challenge: Challenge) -> None:
        with self._lock:
            self._open[challenge.name] = challenge
            while len(self._open) > MOST_CHALLENGES:
                del self._open[next(iter(self._open))]

    def _take(self, response: bytes) -> Challenge:
        """The challenge that an answer names, which is used up by that.

        Raises:
            KeyRefused: there is none.
        """
        with self._lock:
            challenge = self._open.pop(named_challenge(response), None)
        if challenge is None:
            raise KeyRefused("key_stale", why="no such challenge")
        return challenge

    # --- and what they answer ---

    def by_key(self, party: Party, response: bytes, place: str, purpose: str) -> OfficerCard:
        """Whose key answered; its counter is kept.

        Raises:
            KeyRefused, KeyBlocked: and it is in the trail.
        """
        now = self.hub.clock.now_utc()
        try:
            challenge, kept = self._take(response), self._named(response)
            keys = [_kept(kept)]
            said = complete_authentication(
                party, keys, challenge, response, place=place, purpose=purpose, now=now
            )
            if kept.refused_utc:
                raise KeyBlocked
            card = self.hub.people.officer(kept.officer_id)
            if card is None:
                raise KeyRefused("key_foreign", why="its officer is gone")
            if not self.store.key_used(kept.credential_id, kept.counter, said.sign_count, now):
                raise KeyRefused("key_copied", stored=kept.counter, seen=said.sign_count)
        except Refused as refusal:
            self._refused(response, refusal)
            raise
        return card

    def enrol(
        self, party: Party, response: bytes, place: str, card: OfficerCard, name: str, **signed_by: str
    ) -> OfficerKey:
        """Keep the key that was made for this officer.

        Raises:
            KeyRefused, KeyKnown, TooManyKeys: nothing was kept.
        """
        now, challenge = self.hub.clock.now_utc(), self._take(response)
        if challenge.holder != card.officer_id.encode():
            raise KeyRefused("key_stale", why="for somebody else")
        made = complete_registration(
            party, MODELS, challenge, response, place=place, purpose="enrol", now=now
        )
        new = OfficerKey(
            made.credential_id.hex(),
            card.officer_id,
            name,
            msgspec.json.encode(made),
            made.sign_count,
            iso(now),
            "",
            "",
        )
        with self.hub.store.atomic():
            if self.store.key(new.credential_id):
                raise KeyKnown
            if len(self.store.keys(card.officer_id)) >= MOST_KEYS:
                raise TooManyKeys
            self.store.add_key(new)
            self.hub.trail.record(
                card.officer_id,
                "officer_key_added",
                card.officer_id,
                key=_short(new),
                model=made.aaguid,
                **signed_by,
            )
        return new

    def _named(self, response: bytes) -> OfficerKey:
        kept = self.store.key(named_credential(response).hex())
        if kept is None:
            raise KeyRefused("key_foreign", why="nobody carries it")
        return kept

    def _refused(self, response: bytes, refusal: Refused) -> None:
        """Record it; a key whose counter did not grow is blocked from now on: somebody may hold a copy."""
        hub, kept = self.hub, None
        if refusal.reason not in {"key_unreadable", "key_stale"}:
            kept = self.store.key(named_credential(response).hex())
        who = kept.officer_id if kept else "nobody"
        with hub.store.atomic():
            if kept and refusal.reason == "key_copied":
                self.store.key_refused(kept.credential_id, hub.clock.now_utc())
                counts = {name: refusal.detail.get(name) for name in ("stored", "seen")}
                hub.trail.record("office", "officer_key_copied", who, key=_short(kept), **counts)
            hub.trail.record("office", "sign_in_refused", who, code=refusal.reason)


def _kept(key: OfficerKey) -> SecurityKey:
    """The key with the counter that was seen last."""
    made = msgspec.json.decode(key.kept, type=SecurityKey)
    return msgspec.structs.replace(made, sign_count=key.counter)


def _short(key: OfficerKey) -> str:
    """Which of an officer's keys: the last six digits of its number."""
    return key.credential_id[-6:]
