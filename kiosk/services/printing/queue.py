"""Printing's part of the officers' work queue: models to sign, requests to decide, objections to answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk.services.base import OfficerCard, WorkItem
from kiosk.services.printing import rules
from kiosk.services.printing.models import signer_of
from kiosk.services.printing.records import Model, Request
from kiosk.services.printing.screens import flag_words
from provisioning.web.locale import gettext as _
from provisioning.web.locale import language

if TYPE_CHECKING:
    from kiosk.services.printing.service import PrintingService


def items_for(service: PrintingService, officer: OfficerCard) -> list[WorkItem]:
    """What waits, in the officer's language, oldest first; ``mine`` where the rules let this officer settle it."""
    requests = reversed(service.requests.store.in_states(("received", "objected")))
    models = service.models.store.in_state("waiting")
    return [
        *(_request_item(service, request, officer) for request in requests),
        *(_model_item(service, model, officer) for model in models),
    ]


def _request_item(service: PrintingService, request: Request, officer: OfficerCard) -> WorkItem:
    model = service.requests.model_of(request)
    flags = model.sheet.flags if model else ()
    signer = signer_of(officer)
    if request.state == "objected":
        why = rules.why_not_answer(request.facts, flags, signer, words="said")
    else:
        why = rules.why_not_decide(request.facts, flags, signer, "approved")
    return WorkItem(
        service="printing",
        number=request.number,
        what=model.title(language()) if model else request.model_id,
        who=service.context.people.label(request.resident_id),
        since_utc=request.objected_utc or request.received_utc,
        due_utc=service.requests.answer_due(request),
        url=f"/printing/requests/{request.number}",
        mine=why is None,
        flags=tuple(flag_words(flags)),
        state=_("Objection") if request.state == "objected" else "",
    )


def _model_item(service: PrintingService, model: Model, officer: OfficerCard) -> WorkItem:
    signer = signer_of(officer)
    added_by = service.context.people.officer(model.sheet.added_by)
    return WorkItem(
        service="printing",
        number=f"M-{model.sheet_no}",
        what=model.title(language()),
        who=added_by.name if added_by else model.sheet.added_by,
        since_utc=model.received_utc,
        due_utc="",
        url=f"/printing/models/{model.sheet_no}",
        mine=any(rules.why_not_sign(model.facts, slot, signer) is None for slot in rules.SLOTS),
        flags=tuple(flag_words(model.sheet.flags)),
        state=_("New model"),
    )
