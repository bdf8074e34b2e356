"""Telling the hub where an order stands: one numbered word per change, in the transaction of the change."""

from __future__ import annotations

from farm.queue.rules import outside_state
from farm.queue.store import QueueStore
from provisioning.clock import Clock, iso
from provisioning.contracts import JobProgress
from provisioning.contracts.farm import JobState
from provisioning.store import Outbox


class Teller:
    """Puts ``JobProgress`` into the outbox."""

    def __init__(self, queue: QueueStore, outbox: Outbox, hub_id: str, clock: Clock) -> None:
        self._queue, self._outbox, self._hub_id, self._clock = queue, outbox, hub_id, clock

    def tell(self, order_id: str, *, reason: str = "", officer_id: str = "") -> None:
        """Say where the order stands, when that differs from what was said last."""
        order, jobs = self._queue.order(order_id), self._queue.jobs_of(order_id)
        state = outside_state([job.state for job in jobs])
        if order is not None and (state != order.told or state == "failed"):
            self.say(order_id, state, final=state == "failed", reason=reason, officer_id=officer_id)

    def say(
        self,
        order_id: str,
        state: JobState,
        *,
        percent: int | None = None,
        left_s: int | None = None,
        part_code: str = "",
        grams: float | None = None,
        final: bool = False,
        reason: str = "",
        officer_id: str = "",
    ) -> None:
        """Say this, whatever was said before."""
        order = self._queue.order(order_id)
        if order is None:
            return
        word = JobProgress(
            order_id=order_id,
            request_key=order.request_key,
            step=self._queue.next_step(order_id, state),
            state=state,
            at_utc=iso(self._clock.now_utc()),
            percent=percent,
            left_s=left_s,
            part_code=part_code,
            grams=grams,
            final=final,
            reason=reason,
            officer_id=officer_id,
        )
        self._outbox.put(self._hub_id, word, subject=order_id)
