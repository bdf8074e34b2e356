"""Badges, sticks and keys on a person's page: out of use in two taps, back again with a colleague, PIN envelopes."""

from typing import Any, cast

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.credentials.blocking import Why
from kiosk.hub.credentials.store import Credential
from kiosk.hub.issuing.rules import check_order, may_unblock
from kiosk.hub.node import Hub
from kiosk.hub.office.credential_words import ICONS, KINDS, TAPS, WHYS
from kiosk.hub.office.words import word
from kiosk.hub.people.store import Resident
from kiosk.policy import judge
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.clock import iso
from provisioning.contracts import CredentialKind
from provisioning.errors import Refused
from provisioning.web.forms import FieldMissing
from provisioning.web.locale import gettext


class CannotUnblock(Refused):
    """It was replaced, copied or handed in: it never works again as it is."""

    code = "cannot_unblock"


def credential_acts(pages: Blueprint, hub: Hub) -> None:
    """The forms of the card "Badge, stick and key" on a person's page."""

    @pages.post("/<resident_id>/<kind>/<uid>/block")
    @needs("badge_blocked")
    def block(resident_id: str, kind: str, uid: str) -> Response:
        """Take it out of use, and end the session it opened; a second press changes nothing."""
        why = request.form.get("why", "lost")
        if why not in TAPS:
            raise FieldMissing(field="why")
        hub.issuing.blocking.block(_theirs(hub, resident_id, kind, uid), cast(Why, why), officer().officer_id)
        return redirect(url_for(".one", resident_id=resident_id), 303)

    @pages.post("/<resident_id>/<kind>/<uid>/unblock")
    @needs("badge_unblocked")
    @sensitive("badge_unblocked")
    def unblock(resident_id: str, kind: str, uid: str) -> Response:
        """Let a badge, stick or key work again, unless its person has another of its kind by now."""
        with hub.store.atomic():
            found = _theirs(hub, resident_id, kind, uid)
            if found.state != "active":
                if not may_unblock(found):
                    raise CannotUnblock(kind=kind)
                carried = hub.credentials.of(resident_id)
                check_order(cast(CredentialKind, found.kind), False, carried, iso(hub.clock.now_utc()))
                hub.issuing.blocking.unblock(found, officer().officer_id, **signed_by())
        return redirect(url_for(".one", resident_id=resident_id), 303)

    @pages.post("/<resident_id>/envelope")
    @needs("secret_reset")
    @sensitive("secret_reset")
    def envelope(resident_id: str) -> Response:
        """A new PIN in an envelope: to be printed in the next minutes, once."""
        if hub.people.resident(resident_id) is None:
            abort(404)
        envelope_id = hub.envelopes.order(resident_id, officer().officer_id, **signed_by())
        return redirect(url_for("sheets.envelope", resident_id=resident_id, envelope_id=envelope_id), 303)


def _theirs(hub: Hub, resident_id: str, kind: str, uid: str) -> Credential:
    found = hub.credentials.find(kind, uid)
    if found is None or found.resident_id != resident_id:
        abort(404)
    return found


def credential_words(hub: Hub, person: Resident) -> dict[str, Any]:
    """What the card is drawn with."""
    roles, now_utc = officer().roles, iso(hub.clock.now_utc())
    issues = [(one, one.stage(now_utc)) for one in hub.issuing.issues.of(person.resident_id)]
    return {
        "credentials": sorted(hub.credentials.of(person.resident_id), key=lambda one: one.state != "active"),
        "kind_word": lambda kind: word(KINDS, kind),
        "kind_icon": lambda kind: ICONS[kind],
        "why_word": lambda why: word(WHYS, why),
        "taps": [(why, gettext(name), gettext(note)) for why, (name, note) in TAPS.items()],
        "may_work_again": may_unblock,
        "is_over": lambda one: one.is_expired(now_utc),
        "running_issues": [(one, stage) for one, stage in issues if stage in {"ordered", "open", "writing"}],
        "may_block": judge("badge_blocked", roles).allowed,
        "may_unblock": judge("badge_unblocked", roles).allowed,
        "may_issue": judge("credential_issued", roles).allowed,
        "may_reset": judge("secret_reset", roles).allowed,
    }
