"""Whether an order may print: every field that the decision binds is held against what lies here. Pure."""

from __future__ import annotations

from datetime import datetime

from farm.queue.model import Model, Order
from provisioning.clock import parse_iso
from provisioning.contracts import PrintOrder
from provisioning.errors import Refused

MAX_COPIES = 50  # more than a bed full of clips; an order beyond it is a mistake


class OrderRefused(Refused):
    """An order will not be printed; nothing was queued, and the hub is told why."""

    code = "order_refused"


def ended(order: Order, model: Model | None, now: datetime) -> str:
    """Why an order that was taken may not print any more, asked at the last moment before a printer gets it.

    ``order_expired``, ``model_withdrawn``, or empty: its approval stands.
    """
    if parse_iso(order.expires_utc) <= now:
        return "order_expired"
    if model is None or model.state != "approved" or model.gcode_sha256 != order.gcode_sha256:
        return "model_withdrawn"
    return ""


def check_order(order: PrintOrder, sender: str, hub_id: str, model: Model | None, now: datetime) -> None:
    """Refuse an order that does not fit its model, its time or its sender. The envelope's signature is checked before.

    Raises:
        OrderRefused: ``order_foreign order_expired order_copies order_model_unknown order_other_file
            order_not_approved order_other_printer order_other_material order_other_colour``.
    """
    if sender != hub_id:
        raise OrderRefused("order_foreign", sender=sender)
    if parse_iso(order.expires_utc) <= now:
        raise OrderRefused("order_expired", expires_utc=order.expires_utc)
    if not 1 <= order.copies <= MAX_COPIES:
        raise OrderRefused("order_copies", copies=order.copies)
    if model is None:
        raise OrderRefused("order_model_unknown", model_id=order.model_id)
    if (order.gcode_sha256, order.model_sha256) != (model.gcode_sha256, model.model_sha256):
        raise OrderRefused("order_other_file", model_id=order.model_id)
    if model.state != "approved":
        raise OrderRefused("order_not_approved", model_id=order.model_id)
    if order.copies > model.max_copies:
        raise OrderRefused("order_copies", copies=order.copies)
    for code, asked, has in (
        ("order_other_printer", order.printer_kind, (model.printer_kind,)),
        ("order_other_material", order.material, (model.material,)),
        ("order_other_colour", order.colour, model.colours),
    ):
        if asked not in has:
            raise OrderRefused(code, asked=asked)
