"""The farm's audit trail: newest first, and verified at the press of a button."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request

from farm.desk.guard import needs, officer
from farm.desk.node import Desk
from provisioning.audit import AuditRecord, Flaw
from provisioning.audit.trail import verify_trail

PAGE = 50


@dataclass(frozen=True)
class Verified:
    """What verifying found: the first bad record, or the head of a whole trail."""

    flaw: Flaw | None
    head: tuple[int, str]


def trail_pages(desk: Desk) -> Blueprint:
    """The audit pages."""
    pages = Blueprint("trail", __name__, url_prefix="/audit")

    @pages.get("/")
    @needs("audit_viewed")
    def latest() -> str:
        """Records, newest first."""
        return _page(desk, None)

    @pages.post("/verify")
    @needs("audit_viewed")
    def verify() -> str:
        """Read the whole trail from the file and say which record is the first bad one, if any."""
        head = desk.trail.head()
        flaw = verify_trail(desk.store.path, desk.node.node_id, desk.key.key.public_key(), head)
        desk.trail.record(officer().officer_id, "audit_verified", desk.node.node_id, whole=flaw is None)
        return _page(desk, Verified(flaw, head))

    return pages


def _page(desk: Desk, verified: Verified | None) -> str:
    before = request.args.get("before", "")
    records = desk.trail.latest(PAGE + 1, int(before) if before.isascii() and before.isdigit() else None)
    names = {one.officer_id: one.name for one in desk.own.officers()}
    return render_template(
        "trail/latest.html",
        records=records[:PAGE],
        older=records[PAGE - 1].seq if len(records) > PAGE else None,
        before=before,
        names=names,
        detail=_detail,
        verified=verified,
    )


def _detail(record: AuditRecord) -> str:
    return ", ".join(
        f"{key} {_short(value)}" for key, value in record.detail.items() if value not in {None, ""}
    )


def _short(value: object) -> str:
    """A hash by its first digits: the file has all of them, the page needs what tells two apart."""
    text = str(value)
    return f"{text[:12]}…" if len(text) == 64 else text
