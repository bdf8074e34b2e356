"""Orders, models and a store of the queue for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from farm.queue.model import Model
from farm.queue.store import QUEUE, QueueStore
from provisioning.clock import FakeClock
from provisioning.contracts import ModelSheet, PrintOrder
from provisioning.store import Store, open_store

GCODE = "a" * 64
AT = "2026-11-22T08:00:00.000Z"


def make_sheet(**changes: Any) -> ModelSheet:
    sheet = ModelSheet(
        model_id="step-gauge",
        title={"nl": "Trapmeter", "en": "Step gauge"},
        purpose={"en": "Practice: measuring"},
        gcode_sha256=GCODE,
        model_sha256="c" * 64,
        printer_kind="generic-220",
        material="PLA",
        colours=("white", "blue"),
        price_cents=0,
        max_copies=3,
        grams=12.5,
        seconds=1800,
        lines=5000,
        layers=60,
        size_mm=(60.0, 20.0, 12.0),
        nozzle_max_c=215.0,
        bed_max_c=60.0,
        flags=(),
        top_png=b"\x89PNG top",
        angle_png=b"\x89PNG angle",
        added_by="officer-1",
        at_utc=AT,
    )
    return msgspec.structs.replace(sheet, **changes)


def make_model(**changes: Any) -> Model:
    sheet = msgspec.to_builtins(make_sheet())
    plain = {name: sheet[name] for name in Model.__struct_fields__ if name in sheet}
    return msgspec.structs.replace(msgspec.convert({**plain, "state": "approved"}, Model), **changes)


def make_order(**changes: Any) -> PrintOrder:
    order = PrintOrder(
        order_id="O-1",
        request_key="1" * 32,
        number="A-0001",
        model_id="step-gauge",
        model_sha256="c" * 64,
        gcode_sha256=GCODE,
        title="Step gauge",
        printer_kind="generic-220",
        material="PLA",
        colour="white",
        copies=1,
        grams=12.5,
        seconds=1800,
        resident_id="resident-7",
        resident_label="Anna W2",
        approved_by="officer-2",
        approved_utc=AT,
        expires_utc="2026-12-06T08:00:00.000Z",
    )
    return msgspec.structs.replace(order, **changes)


def open_queue(folder: Path, clock: FakeClock) -> tuple[Store, QueueStore]:
    store = open_store(folder / "farm.sqlite", [QUEUE])
    return store, QueueStore(store, clock)
