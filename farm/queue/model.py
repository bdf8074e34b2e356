"""The queue's things as values: a model's file, an order, a job, a run."""

from __future__ import annotations

from typing import Literal

import msgspec

ModelState = Literal["proposed", "approved", "withdrawn"]
RunState = Literal[
    "leased", "started", "heating", "printing", "paused", "cooling", "done", "failed", "cancelled"
]
BedState = Literal["clear", "part", "remains"]
RUN_ENDED = frozenset({"done", "failed", "cancelled"})


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A G-code file that was taken in, with what officers decide on."""

    model_id: str
    title: dict[str, str]
    purpose: dict[str, str]
    gcode_sha256: str
    model_sha256: str
    printer_kind: str
    material: str
    colours: tuple[str, ...]
    price_cents: int
    max_copies: int
    grams: float
    seconds: int
    lines: int
    layers: int
    size_mm: tuple[float, float, float]
    flags: tuple[str, ...]
    state: ModelState
    added_by: str
    at_utc: str
    decided_by: tuple[str, ...] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub ordered, and how far it has been told about it."""

    order_id: str
    request_key: str
    number: str
    model_id: str
    gcode_sha256: str
    title: str
    printer_kind: str
    material: str
    colour: str
    copies: int
    grams: float
    seconds: int
    resident_id: str
    resident_label: str
    approved_by: str
    approved_utc: str
    expires_utc: str
    received_utc: str
    step: int
    told: str
    refused: str


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One copy of an order."""

    job_id: str
    order_id: str
    copy: int
    state: str
    attempts: int
    reason: str
    changed_utc: str
    order: Order


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a job, on one printer."""

    run_id: str
    job_id: str
    attempt: int
    printer_id: str
    reel_id: str
    spool_sha256: str
    state: RunState
    reason: str
    then: Literal["retry", "end"]
    leased_utc: str
    ended_utc: str | None


class Bed(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on a printer's bed, and the run it is from."""

    printer_id: str
    state: BedState
    run_id: str
