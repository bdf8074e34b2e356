"""Sheets of paper for a person: the card, the PIN envelope, the receipt of what was given out. In their language."""

from typing import Any

import segno
from flask import Blueprint, abort, render_template, url_for
from flask_babel import force_locale
from markupsafe import Markup

from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import ICONS, KINDS
from kiosk.hub.people.store import Resident
from kiosk.services.desk import needs, officer
from provisioning.web.locale import direction, gettext
from provisioning.web.shell import shell_of

SHEETS = "/people/<resident_id>/sheets"


def sheet_pages(hub: Hub) -> Blueprint:
    """The sheets; each is a page of the back office with one printable part."""
    pages = Blueprint("sheets", __name__, static_folder="static", static_url_path="/sheets-static")
    _given_out(pages, hub)
    _envelopes(pages, hub)
    return pages


def _given_out(pages: Blueprint, hub: Hub) -> None:
    @pages.get(f"{SHEETS}/card")
    @needs("credential_issued")
    def card(resident_id: str) -> str:
        """Name, wing and number, to go with a badge: whoever finds it reads where to bring it."""
        person = _known(hub, resident_id)
        return _page(hub, person, gettext("Card"), "sheets/card.html", qr=_qr(resident_id))

    @pages.get(f"{SHEETS}/receipt/<issue_id>")
    @needs("credential_issued")
    def receipt(resident_id: str, issue_id: str) -> str:
        """What was given out, by whom; the person signs that they have it."""
        person, one = _known(hub, resident_id), hub.issuing.issues.find(issue_id)
        if one is None or one.resident_id != resident_id or one.state != "done":
            abort(404)
        kept = hub.credentials.find(one.kind, one.uid)
        return _page(
            hub,
            person,
            gettext("Receipt"),
            "sheets/receipt.html",
            issue=one,
            kept=kept,
            kind=KINDS[one.kind],
            icon=ICONS[one.kind],
            officers=[_name(hub, one.ordered_by), _name(hub, one.signed_by)],
        )


def _envelopes(pages: Blueprint, hub: Hub) -> None:
    @pages.get(f"{SHEETS}/envelope/<envelope_id>")
    @needs("secret_reset")
    def envelope(resident_id: str, envelope_id: str) -> str:
        """What will happen, and the one button that makes the PIN."""
        person, kept = _known(hub, resident_id), hub.issuing.issues.envelope(envelope_id)
        if kept is None or kept["resident_id"] != resident_id:
            abort(404)
        return render_template("sheets/before.html", person=person, kept=kept)

    @pages.post(f"{SHEETS}/envelope/<envelope_id>")
    @needs("secret_reset")
    def make(resident_id: str, envelope_id: str) -> str:
        """The sheet with the new PIN: on paper, not on the screen, and only this once."""
        person = _known(hub, resident_id)
        pin = hub.envelopes.make(envelope_id, resident_id, officer().officer_id)
        return _page(
            hub, person, gettext("PIN envelope"), "sheets/envelope.html", pin=pin, envelope_id=envelope_id
        )


def _page(hub: Hub, person: Resident, title: str, sheet: str, **words: Any) -> str:
    """The page around a sheet speaks the officer's language, the sheet the person's."""
    spoken = person.language if person.language in shell_of().languages else shell_of().languages[0]
    with force_locale(spoken):
        drawn = render_template(
            sheet, person=person, site=hub.node.site.name, now=hub.clock.now_utc(), **words
        )
    return render_template(
        "sheets/page.html",
        person=person,
        title=title,
        sheet=Markup(drawn),  # noqa: S704 - a template of our own, escaped where it was drawn
        spoken=spoken,
        way=direction(spoken),
        is_secret="pin" in words,
        back=url_for("people.one", resident_id=person.resident_id),
    )


def _known(hub: Hub, resident_id: str) -> Resident:
    person = hub.people.resident(resident_id)
    if person is None:
        abort(404)
    return person


def _qr(text: str) -> str:
    """A QR picture (data URI); level M, 15 % may be scratched away (ISO/IEC 18004)."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=8, border=2))


def _name(hub: Hub, officer_id: str) -> str:
    card = hub.people.officer(officer_id)
    return card.name if card else officer_id
