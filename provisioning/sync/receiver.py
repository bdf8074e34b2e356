"""The receiving end of a node: opens envelopes, answers calls, takes each message once. No web in here."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from provisioning.clock import Clock, parse_iso
from provisioning.contracts.base import Contract, Done, Refusal, contract_name
from provisioning.errors import Corrupt, PassageError, Refused, family_of
from provisioning.identity.envelope import Opened, open_sealed, seal
from provisioning.identity.keys import Keyring, NodeKey
from provisioning.store.mail import Inbox
from provisioning.store.opening import Store

log = logging.getLogger("passage.sync")

CALL_AGE = timedelta(minutes=5)  # a call is asked and answered at once; an old one is somebody's recording

SWEEP_EVERY = 256  # calls between two looks for ids that may be forgotten

CallHandler = Callable[[str, Contract], Contract]  # (sender, question) -> answer
MessageHandler = Callable[[str, Contract], None]  # (sender, message); runs in the inbox's transaction


class _Answered:
    """The ids of calls that were answered lately: a recorded sign-in is worth nothing to whoever recorded it."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def first_time(self, sender: str, message_id: str, now: datetime, until: datetime) -> bool:
        """True once per call, until it would be too old anyway."""
        with self._lock:
            if len(self._until) % SWEEP_EVERY == SWEEP_EVERY - 1:
                self._until = {key: end for key, end in self._until.items() if end >= now}
            if (sender, message_id) in self._until:
                return False
            self._until[sender, message_id] = until
            return True


class Receiver:
    """What a node does with what reaches it. A message is acted on and remembered in one transaction."""

    def __init__(self, signer: NodeKey, keyring: Keyring, store: Store, clock: Clock) -> None:
        self._signer = signer
        self._keyring = keyring
        self._store = store
        self._clock = clock
        self._inbox = Inbox(store, clock)
        self._answered = _Answered()
        self._calls: dict[str, CallHandler] = {}
        self._messages: dict[str, MessageHandler] = {}

    def on_call(self, kind: type[Contract], handler: CallHandler) -> None:
        """Answer calls of this kind with ``handler``."""
        self._calls[contract_name(kind)] = handler

    def on_message(self, kind: type[Contract], handler: MessageHandler) -> None:
        """Act on messages of this kind with ``handler``, once each."""
        self._messages[contract_name(kind)] = handler

    def answer(self, data: bytes) -> bytes:
        """The signed answer to a signed call.

        Raises:
            Corrupt: the envelope cannot be trusted, so there is nobody to answer to.
        """
        opened = open_sealed(data, self._keyring, self._signer.node_id)
        return self._reply(opened, self._answer)

    def take(self, data: bytes) -> bytes:
        """The signed receipt of a message; acted on at its first arrival only. Raises as :meth:`answer`."""
        opened = open_sealed(data, self._keyring, self._signer.node_id)
        return self._reply(opened, self._take)

    def _reply(self, opened: Opened, act: Callable[[Opened], Contract]) -> bytes:
        try:
            answer = act(opened)
        except PassageError as error:
            answer = Refusal(family=family_of(error), code=error.reason, detail=error.detail)
        return seal(answer, opened.sender, self._signer, self._clock, re=opened.message_id)

    def _answer(self, opened: Opened) -> Contract:
        now, said = self._clock.now_utc(), parse_iso(opened.at_utc)
        if abs(now - said) > CALL_AGE:
            raise Refused("call_too_old", at_utc=opened.at_utc)
        if not self._answered.first_time(opened.sender, opened.message_id, now, said + CALL_AGE):
            log.warning("a call of %s came twice", opened.sender)
            raise Refused("call_repeated")
        handler = self._calls.get(contract_name(opened.contract))
        if handler is None:
            raise Corrupt("call_unknown", name=contract_name(opened.contract))
        return handler(opened.sender, opened.contract)

    def _take(self, opened: Opened) -> Contract:
        name = contract_name(opened.contract)
        handler = self._messages.get(name)
        if handler is None:
            raise Corrupt("message_unknown", name=name)
        with self._store.atomic():
            if self._inbox.first_time(opened.message_id, opened.sender, name):
                handler(opened.sender, opened.contract)
        return Done()
