"""The officer's pages about notices: the list, writing and changing one, seeing it as on the kiosk, taking it off."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.services.desk import needs, officer
from kiosk.services.notices import rules
from kiosk.services.notices.rules import Draft
from kiosk.services.notices.service import NoticesService
from kiosk.services.notices.store import KeptNotice
from provisioning.errors import Refused
from provisioning.web.forms import FieldMissing, form_key, text_field
from provisioning.web.locale import language, use_language
from provisioning.web.sentences import sentence_for


def make_pages(service: NoticesService) -> Blueprint:
    """The blueprint ``notices``."""
    pages = Blueprint("notices", __name__, url_prefix="/notices", template_folder="templates")
    _reads(pages, service)
    _writes(pages, service)
    return pages


def _reads(pages: Blueprint, service: NoticesService) -> None:
    @pages.get("/")
    @needs("notice_written")
    def every() -> str:
        """All notices, those that are shown longest first."""
        now = service.context.clock.now_utc()
        kept = service.store.latest()
        return render_template(
            "notices_desk/every.html",
            notices=[(one, one.state(now)) for one in kept],
            words=lambda texts: rules.words_in(texts, language()),
            author=lambda officer_id: _name(service, officer_id),
        )

    @pages.get("/new")
    @needs("notice_written")
    def new() -> str:
        """An empty form."""
        begins = service.context.clock.now_utc()
        draft = Draft({}, {}, False, begins, begins + timedelta(days=14))
        return _form(service, draft, None)

    @pages.get("/<notice_id>")
    @needs("notice_written")
    def one(notice_id: str) -> str:
        """A notice in its form."""
        kept = _kept(service, notice_id)
        return _form(service, kept.draft, kept)

    @pages.get("/<notice_id>/preview")
    @needs("notice_written")
    def preview(notice_id: str) -> str:
        """The notice as residents read it, at the size of a kiosk, in the language asked for."""
        kept = _kept(service, notice_id)
        chosen = request.args.get("lang", "")
        chosen = chosen if chosen in kept.draft.title else next(iter(kept.draft.title))
        use_language(chosen)
        return render_template("notices_desk/preview.html", notice=kept.public, lang=chosen)


def _writes(pages: Blueprint, service: NoticesService) -> None:
    @pages.post("/")
    @needs("notice_written")
    def add() -> AnyResponse:
        """Keep a new notice; the form's key is its id, so that a second press changes nothing."""
        return _save(service, form_key(), None)

    @pages.post("/<notice_id>")
    @needs("notice_written")
    def change(notice_id: str) -> AnyResponse:
        """Keep what was changed."""
        return _save(service, notice_id, _kept(service, notice_id))

    @pages.post("/<notice_id>/withdraw")
    @needs("notice_written")
    def withdraw(notice_id: str) -> AnyResponse:
        """Take it off every kiosk."""
        _kept(service, notice_id)
        service.withdraw(notice_id, officer().officer_id)
        return redirect(url_for(".every"), 303)


def _kept(service: NoticesService, notice_id: str) -> KeptNotice:
    found = service.store.get(notice_id)
    if found is None:
        abort(404)
    return found


def _name(service: NoticesService, officer_id: str) -> str:
    card = service.context.people.officer(officer_id)
    return card.name if card else officer_id


def _save(service: NoticesService, notice_id: str, kept: KeptNotice | None) -> AnyResponse:
    draft = _sent(service)
    try:
        service.write(notice_id, draft, officer().officer_id)
    except Refused as refusal:
        return Response(_form(service, draft, kept, refusal), refusal.http_status)
    return redirect(url_for(".one", notice_id=notice_id, saved=1), 303)


def _form(
    service: NoticesService, draft: Draft, kept: KeptNotice | None, refusal: Refused | None = None
) -> str:
    site = service.context.node.site
    zone = ZoneInfo(site.timezone)
    return render_template(
        "notices_desk/form.html",
        draft=draft,
        kept=kept,
        state=kept.state(service.context.clock.now_utc()) if kept else "",
        problem=sentence_for(refusal) if refusal else None,
        saved=request.args.get("saved") == "1" and refusal is None,
        site_languages=site.languages,
        wings=site.wings,
        first_day=draft.begins.astimezone(zone).date().isoformat(),
        last_day=(draft.ends - timedelta(seconds=1)).astimezone(zone).date().isoformat(),
        title_max=rules.TITLE_MAX,
        body_max=rules.BODY_MAX,
        author=_name(service, kept.written_by) if kept else "",
    )


def _sent(service: NoticesService) -> Draft:
    site = service.context.node.site
    title = {code: text_field(f"title-{code}", max_length=200, required=False) for code in site.languages}
    body = {code: text_field(f"body-{code}", max_length=2000, required=False) for code in site.languages}
    begins = _midnight(_day("first_day"), site.timezone)
    ends = _midnight(_day("last_day") + timedelta(days=1), site.timezone)
    chosen = tuple(wing for wing in site.wings if wing in request.form.getlist("wings"))
    wings = () if len(chosen) == len(site.wings) else chosen
    return Draft(title, body, request.form.get("urgent") == "yes", begins, ends, wings)


def _day(name: str) -> date:
    try:
        return date.fromisoformat(text_field(name, max_length=10))
    except ValueError as error:
        raise FieldMissing(field=name) from error


def _midnight(day: date, timezone: str) -> datetime:
    try:
        return datetime.combine(day, time(), ZoneInfo(timezone))
    except OverflowError as error:
        raise FieldMissing(field="day") from error
