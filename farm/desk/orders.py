"""What the hub says to the farm: orders, decisions on models, the roster. Each handled once, in one transaction."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from farm.desk.store import DeskStore
from farm.desk.telling import Teller
from farm.queue.approval import OrderRefused, check_order
from farm.queue.rules import WAITING
from farm.queue.store import QueueStore
from provisioning.audit import Trail
from provisioning.clock import Clock
from provisioning.contracts import Contract, ModelDecision, OfficerRoster, PrintOrder
from provisioning.errors import Refused
from provisioning.sync import Receiver

log = logging.getLogger("passage.orders")


def sha256_of(path: Path) -> str:
    """A file's SHA-256 (hex); empty when there is no such file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


class OrderDesk:
    """Takes the hub's messages. The envelope's signature was checked before anything comes here."""

    def __init__(
        self,
        queue: QueueStore,
        own: DeskStore,
        teller: Teller,
        trail: Trail,
        clock: Clock,
        hub_id: str,
        gcode_dir: Path,
    ) -> None:
        self._queue, self._own, self._teller, self._trail, self._clock = queue, own, teller, trail, clock
        self._hub_id, self._gcode_dir = hub_id, gcode_dir

    def connect(self, receiver: Receiver) -> None:
        """Hear these messages."""
        receiver.on_message(PrintOrder, self.take_order)
        receiver.on_message(ModelDecision, self.take_decision)
        receiver.on_message(OfficerRoster, self.take_roster)

    def take_order(self, sender: str, message: Contract) -> None:
        """Queue an order's copies, or keep it as refused and tell the hub why.

        Raises:
            OrderRefused: ``order_foreign``: only the hub orders; nothing is kept.
        """
        assert isinstance(message, PrintOrder)
        self._only_the_hub(sender)
        if self._queue.has_order(message.order_id, message.request_key):
            log.info("order %s was here before", message.order_id)
            return
        refused = self._refusal(message, sender)
        self._queue.add_order(message, refused)
        if refused:
            self._trail.record(self._hub_id, "order_refused", message.order_id, reason=refused)
            self._teller.say(message.order_id, "failed", final=True, reason=refused)
            return
        self._trail.record(
            message.approved_by,
            "order_received",
            message.order_id,
            model_id=message.model_id,
            gcode_sha256=message.gcode_sha256,
            copies=message.copies,
        )
        self._teller.tell(message.order_id)

    def _refusal(self, order: PrintOrder, sender: str) -> str:
        try:
            check_order(order, sender, self._hub_id, self._queue.model(order.model_id), self._clock.now_utc())
            if sha256_of(self._gcode_dir / f"{order.gcode_sha256}.gcode") != order.gcode_sha256:
                raise OrderRefused("gcode_tampered", model_id=order.model_id)
        except OrderRefused as error:
            return error.reason
        return ""

    def take_decision(self, sender: str, message: Contract) -> None:
        """Let a model print, or no longer; its waiting jobs end when it is withdrawn."""
        assert isinstance(message, ModelDecision)
        self._only_the_hub(sender)
        known = self._queue.decide_model(
            message.model_id, message.gcode_sha256, approved=message.approved, by=message.by
        )
        if not known:
            log.warning("decision about model %s, which is not here with that file", message.model_id)
            return
        action = "model_approved" if message.approved else "model_withdrawn"
        self._trail.record(
            ",".join(message.by) or sender, action, message.model_id, gcode_sha256=message.gcode_sha256
        )
        if message.approved:
            return
        for job in self._queue.jobs_in(*WAITING):
            if job.order.model_id == message.model_id and self._queue.move_job(
                job.job_id, "cancelled", "model_withdrawn"
            ):
                self._trail.record(sender, "job_cancelled", job.job_id, reason="model_withdrawn")
                self._teller.tell(job.order_id, reason="model_withdrawn")

    def take_roster(self, sender: str, message: Contract) -> None:
        """Know the officers anew."""
        assert isinstance(message, OfficerRoster)
        self._only_the_hub(sender)
        if self._own.keep_roster(message):
            self._trail.record(sender, "roster_replaced", self._hub_id, edition=message.edition)

    def _only_the_hub(self, sender: str) -> None:
        if sender != self._hub_id:
            raise Refused("order_foreign", sender=sender)
