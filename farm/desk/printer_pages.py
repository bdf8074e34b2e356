"""One printer's own page: firmware, how its stop acts, what it says; an officer's word for an unknown firmware."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from farm.desk import words
from farm.desk.fields import once
from farm.desk.guard import may, needs, officer
from farm.desk.node import Desk
from farm.desk.views import PrinterView, printer_view
from farm.words import Accept
from provisioning.errors import Refused
from provisioning.web.forms import text_field

NAME_MAX = 1024  # the longest reply line that the link reads (farm.link.framing)
NOTHING_NEW = 204  # htmx leaves the page as it is


class FirmwareMovedOn(Refused):
    """The firmware that a button was drawn for is not the one that waits to be accepted, or none waits."""

    code = "firmware_moved_on"


def printer_pages(desk: Desk) -> Blueprint:
    """The printer's page and its buttons."""
    pages = Blueprint("printers", __name__, url_prefix="/printers")
    _show(pages, desk)
    _accept_and_take_back(pages, desk)
    return pages


def _show(pages: Blueprint, desk: Desk) -> None:
    @pages.get("/<printer_id>")
    @needs("farm_seen")
    def one(printer_id: str) -> str:
        """The whole page; what changes in it is asked for each second."""
        return render_template("printers/one.html", whole=True, **_about(desk, printer_id))

    @pages.get("/<printer_id>/live")
    @needs("farm_seen")
    def live(printer_id: str) -> AnyResponse:
        """What changed since ``was``."""
        about = _about(desk, printer_id)
        if request.args.get("was") == about["mark"]:
            return Response(status=NOTHING_NEW)
        return Response(render_template("printers/live.html", whole=False, **about))


def _accept_and_take_back(pages: Blueprint, desk: Desk) -> None:
    @pages.post("/<printer_id>/accept")
    @needs("firmware_accepted")
    def accept(printer_id: str) -> AnyResponse:
        """Let the unknown firmware that the officer has read the name of print here, cautiously."""
        view = _view(desk, printer_id)
        firmware = text_field("firmware", max_length=NAME_MAX)

        def act() -> str:
            if not view.is_acceptable or view.report.firmware != firmware:
                raise FirmwareMovedOn(printer=printer_id)
            desk.own.accept_firmware(printer_id, firmware, officer().officer_id)
            desk.trail.record(officer().officer_id, "firmware_accepted", printer_id, firmware=firmware)
            return url_for(".one", printer_id=printer_id)

        answer = once(desk, act)
        _tell(desk, printer_id)
        return answer

    @pages.post("/<printer_id>/take-back")
    @needs("firmware_accepted")
    def take_back(printer_id: str) -> AnyResponse:
        """Accept it no longer: the printer prints nothing until its firmware is what its profile says."""
        view = _view(desk, printer_id)

        def act() -> str:
            if view.run is not None:
                raise Refused("printer_has_a_run", printer=printer_id)
            if view.accepted is None or not desk.own.take_back_firmware(printer_id):
                raise FirmwareMovedOn(printer=printer_id)
            desk.trail.record(
                officer().officer_id, "firmware_taken_back", printer_id, firmware=view.accepted.firmware
            )
            return url_for(".one", printer_id=printer_id)

        answer = once(desk, act)
        _tell(desk, printer_id)
        return answer


def _tell(desk: Desk, printer_id: str) -> None:
    """Say to the printer's worker what is remembered; one that is away hears it after its hello."""
    if desk.live.printer(printer_id).connected:
        accepted = desk.own.acceptance(printer_id)
        desk.floor.tell(printer_id, Accept(accepted.firmware if accepted else ""))


def _view(desk: Desk, printer_id: str) -> PrinterView:
    section = next((one for one in desk.farm.printers if one.printer_id == printer_id), None) or abort(404)
    return printer_view(desk, section)


def _about(desk: Desk, printer_id: str) -> dict[str, object]:
    view = _view(desk, printer_id)
    notes = desk.live.notes(printer_id)
    latest = notes[0].at_utc if notes else ""
    return {
        "view": view,
        "notes": notes,
        "mark": f"{view.mark}-{view.report.window}-{len(notes)}-{latest}",
        "words": words,
        "may": may,
        "officer_of": desk.own.officer,
    }
