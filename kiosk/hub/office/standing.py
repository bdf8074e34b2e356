"""What policy knows of a person: regime and groups, suspended services, and what is open to them at their own kiosk."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.node import Hub
from kiosk.hub.people.store import Resident
from kiosk.hub.policy.store import KeptSuspension
from kiosk.policy import decide, judge, moment_of
from kiosk.policy.suspending import LONGEST, check_dates
from kiosk.services.base import Tile
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.clock import iso
from provisioning.ids import short_code
from provisioning.web.forms import FieldMissing, form_key, text_field
from provisioning.web.locale import gettext
from provisioning.web.sentences import Sentence, sentence_for

EVERY = "*"
REASON_MAX = 200


@dataclass(frozen=True)
class Open:
    """One service as the person would find it now."""

    tile: Tile
    allowed: bool
    rule: str
    sentence: Sentence | None


def standing_acts(pages: Blueprint, hub: Hub) -> None:
    """The forms of the card "Services" on a person's page."""
    _suspending(pages, hub)
    _placing(pages, hub)


def _suspending(pages: Blueprint, hub: Hub) -> None:
    @pages.post("/<resident_id>/suspensions")
    @needs("service_suspended")
    def suspend(resident_id: str) -> Response:
        """Take a service from a person for some days; a second press changes nothing."""
        _known(hub, resident_id)
        one = _sent(hub, resident_id)
        with hub.store.atomic():
            if hub.ruling.suspensions.add(form_key(), one):
                hub.trail.record(
                    officer().officer_id,
                    "service_suspended",
                    resident_id,
                    suspension=one.suspension_id,
                    service=one.service,
                    until=one.until_utc,
                )
        return redirect(url_for(".one", resident_id=resident_id), 303)

    @pages.post("/<resident_id>/suspensions/<suspension_id>/end")
    @needs("service_suspended")
    def end_suspension(resident_id: str, suspension_id: str) -> Response:
        """End a suspension before its day."""
        who = officer().officer_id
        with hub.store.atomic():
            if hub.ruling.suspensions.end(suspension_id, resident_id, who):
                hub.trail.record(who, "suspension_ended", resident_id, suspension=suspension_id)
        return redirect(url_for(".one", resident_id=resident_id), 303)


def _placing(pages: Blueprint, hub: Hub) -> None:
    @pages.post("/<resident_id>/regime")
    @needs("regime_changed")
    @sensitive("regime_changed")
    def change_regime(resident_id: str) -> Response:
        """Another regime or other groups, with the decision that says so."""
        _known(hub, resident_id)
        regime = text_field("regime", max_length=40, required=False).strip()
        named = text_field("groups", max_length=200, required=False)
        groups = tuple(dict.fromkeys(one.strip() for one in named.split(",") if one.strip()))
        decision = text_field("decision", max_length=80)
        with hub.store.atomic():
            if hub.people.place_resident(resident_id, regime, groups):
                hub.trail.record(
                    officer().officer_id,
                    "regime_changed",
                    resident_id,
                    regime=regime,
                    groups=", ".join(groups),
                    decision=decision,
                    **signed_by(),
                )
                hub.issuing.pairs.look(resident_id)
        return redirect(url_for(".one", resident_id=resident_id), 303)


def standing_words(hub: Hub, person: Resident) -> dict[str, Any]:
    """What the card is drawn with."""
    zone, now = ZoneInfo(hub.node.site.timezone), hub.clock.now_utc()
    regimes, _groups = hub.people.axes()
    names = {one.tile.name: gettext(one.tile.word) for one in hub.services}
    return {
        "open_here": _open(hub, person),
        "suspensions": hub.ruling.suspensions.of(person.resident_id)[:10],
        "now_utc": iso(now),
        "service_word": lambda name: gettext("Every service") if name == EVERY else names.get(name, name),
        "service_choices": [(EVERY, gettext("Every service")), *names.items()],
        "today": now.astimezone(zone).date().isoformat(),
        "latest": (now + LONGEST).astimezone(zone).date().isoformat(),
        "reason_max": REASON_MAX,
        "regimes": sorted(regimes),
        "officer_name_of": lambda officer_id: _name(hub, officer_id),
        "may_suspend": judge("service_suspended", officer().roles).allowed,
        "may_place": judge("regime_changed", officer().roles).allowed,
    }


def _open(hub: Hub, person: Resident) -> list[Open]:
    """By badge, at a kiosk of the person's own wing (any kiosk, when the wing has none)."""
    kiosks = hub.people.kiosks()
    home = sorted(kiosks, key=lambda name: (kiosks[name].wing != person.wing, name))
    standing = hub.ruling.standing(person, home[0] if home else "", 0)
    moment = moment_of(hub.clock.now_utc(), hub.node.site.timezone)
    found = []
    for service in hub.services:
        said = decide(hub.ruling.book(), standing, service.tile.name, moment)
        sentence = None if said.allowed else sentence_for(said.code, until_utc=said.until_utc)
        found.append(Open(service.tile, said.allowed, said.rule, sentence))
    return found


def _known(hub: Hub, resident_id: str) -> None:
    if hub.people.resident(resident_id) is None:
        abort(404)


def _name(hub: Hub, officer_id: str) -> str:
    card = hub.people.officer(officer_id)
    return card.name if card else officer_id


def _sent(hub: Hub, resident_id: str) -> KeptSuspension:
    """The form as a suspension: from now or a later day, to the end of the last day."""
    service = text_field("service", max_length=60)
    if service not in {EVERY, *(one.tile.name for one in hub.services)}:
        raise FieldMissing(field="service")
    zone, now = ZoneInfo(hub.node.site.timezone), hub.clock.now_utc()
    begins = max(_midnight("first_day", zone), now)
    ends = _midnight("last_day", zone, timedelta(days=1))
    check_dates(begins, ends, now)
    return KeptSuspension(
        suspension_id=short_code("S"),
        resident_id=resident_id,
        service=service,
        from_utc=iso(begins),
        until_utc=iso(ends),
        reason=text_field("reason", max_length=REASON_MAX),
        officer_id=officer().officer_id,
    )


def _midnight(name: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime:
    try:
        day = date.fromisoformat(request.form.get(name, "")) + later
        return datetime.combine(day, time(), zone)
    except (ValueError, OverflowError) as error:
        raise FieldMissing(field=name) from error
