"""The agreement in the back office: in force, as a draft, as the kiosk shows it, and who has signed it."""

from collections import Counter

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kiosk.hub.agreement.editing import Editing
from kiosk.hub.agreement.rules import (
    SECTION_WORDS,
    SECTIONS_MAX,
    SENTENCE_WORDS,
    Problem,
    read_terms,
)
from kiosk.hub.agreement.store import Version
from kiosk.hub.node import Hub
from kiosk.hub.office.agreement_words import PICTURES, fault_words
from kiosk.hub.office.drafting import begins, names_of
from kiosk.hub.people.store import Resident
from kiosk.policy import judge
from kiosk.services.base import OfficerCard, WorkItem
from kiosk.services.desk import needs, officer
from provisioning.clock import iso, local_day
from provisioning.contracts import AgreementSection
from provisioning.errors import Refused
from provisioning.web.forms import text_field
from provisioning.web.locale import gettext, language, use_language

NEW = "new"
TITLE_MAX, TEXT_MAX = 80, 600  # characters; forty words are far below it


class DayPast(Refused):
    """An agreement cannot begin on a day that is over."""

    code = "agreement_day"


def agreement_pages(hub: Hub) -> Blueprint:
    """The pages about the agreement."""
    pages = Blueprint("agreement", __name__, url_prefix="/agreement")
    editing = Editing(hub.agreements, hub.node.site.languages, PICTURES)
    _reads(pages, hub)
    _reads_versions(pages, hub)
    _reads_draft(pages, hub, editing)
    _writes(pages, editing)
    _sections(pages, hub, editing)
    _decides(pages, hub, editing)
    return pages


def _reads(pages: Blueprint, hub: Hub) -> None:
    store = hub.agreements.store

    @pages.get("/")
    @needs("agreement_viewed")
    def every() -> str:
        """The version in force, who has not signed it, and every version before."""
        now = hub.agreements.in_force()
        missing = store.unsigned(now.version)
        return render_template(
            "agreement/every.html",
            version=now,
            terms=read_terms(now.text),
            draft=store.draft(),
            versions=[(one, read_terms(one.text).title, *_hands(hub, one)) for one in store.latest()],
            counts=store.counts(),
            missing=len(missing),
            wings=sorted(Counter(wing for wing, _name, _id in missing).items()),
            now_utc=iso(hub.clock.now_utc()),
            **_shared(),
        )

    @pages.get("/unsigned")
    @needs("agreement_viewed")
    def unsigned() -> str:
        """Who has not signed the version in force, to be printed for a wing."""
        wing, now = request.args.get("wing", ""), hub.agreements.in_force()
        everyone = store.unsigned(now.version)
        return render_template(
            "agreement/unsigned.html",
            version=now,
            people=[one for one in everyone if wing in {"", one[0]}],
            wing=wing,
            wing_choices=[("", gettext("Every wing")), *((one, one) for one in hub.node.site.wings)],
        )


def _reads_versions(pages: Blueprint, hub: Hub) -> None:
    store = hub.agreements.store

    @pages.get("/versions/<int(max=999999):version_no>")
    @needs("agreement_viewed")
    def version(version_no: int) -> str:
        """One version as it was written, in one language, to print."""
        found = _known(hub, version_no)
        return render_template(
            "agreement/version.html",
            version=found,
            terms=read_terms(found.text),
            signed=store.counts().get(found.version, (0, 0)),
            hands=_hands(hub, found),
            **_in_language(hub),
        )

    @pages.get("/versions/<int(max=999999):version_no>/screens/<int(max=999999):section_no>")
    @needs("agreement_viewed")
    def screen(version_no: int, section_no: int) -> str:
        """One section as the kiosk shows it; nothing on this page works, it is for looking at."""
        sections = read_terms(_known(hub, version_no).text).sections
        if not 1 <= section_no <= len(sections):
            abort(404)
        chosen = _chosen(hub)
        use_language(chosen)
        one = sections[section_no - 1]
        return render_template(
            "agreement/screen.html",
            section=one,
            title=one.title.get(chosen, ""),
            sentences=one.sentences.get(chosen, ()),
            version=version_no,
            number=section_no,
            of=len(sections),
        )


def _reads_draft(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.get("/draft")
    @needs("agreement_viewed")
    def draft() -> str:
        """The draft's sections, each to be opened, and what is missing."""
        found = editing.draft()
        return render_template(
            "agreement/draft.html",
            version=found,
            terms=editing.terms(),
            wrote=_hands(hub, found)[0],
            sections_max=SECTIONS_MAX,
            **_missing(editing),
            **_shared(),
        )

    @pages.get("/draft/preview")
    @needs("agreement_viewed")
    def preview() -> str:
        """The draft section by section; here a colleague says yes."""
        found = editing.draft()
        writers = [one.officer_id for one in hub.agreements.store.hands(found.version)]
        return render_template(
            "agreement/preview.html",
            version=found,
            terms=editing.terms(),
            before=read_terms(hub.agreements.in_force().text),
            wrote=_hands(hub, found)[0],
            is_writer=officer().officer_id in writers,
            first_day=local_day(hub.clock, hub.node.site.timezone).isoformat(),
            people=len(hub.people.find_residents(limit=1_000_000)),
            **_missing(editing),
            **_in_language(hub),
            **_shared(),
        )


def _writes(pages: Blueprint, editing: Editing) -> None:
    @pages.post("/draft")
    @needs("agreement_drafted")
    def begin() -> Response:
        """Begin a draft; with one there already, go to it."""
        editing.begin(officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/title")
    @needs("agreement_drafted")
    def title() -> Response:
        """Say what is new in this version."""
        editing.name(text_field("title", max_length=TITLE_MAX), officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/drop")
    @needs("agreement_drafted")
    def drop() -> Response:
        """Give the draft up."""
        editing.drop(officer().officer_id)
        return redirect(url_for(".every"), 303)


def _sections(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.get("/draft/sections/<name>")
    @needs("agreement_drafted")
    def section(name: str) -> str:
        """One section in its form, in every language; ``new`` is an empty one."""
        number, sections = _number(name), editing.terms().sections
        if number > len(sections):
            abort(404)
        one = sections[number - 1] if number else AgreementSection(picture="", title={}, sentences={})
        return render_template(
            "agreement/section.html",
            section=one,
            number=number,
            of=len(sections),
            pictures=[
                {"value": picture, "label": gettext(word), "icon": picture}
                for picture, word in PICTURES.items()
            ],
            site_languages=hub.node.site.languages,
            sentence_words=SENTENCE_WORDS,
            section_words=SECTION_WORDS,
            **_missing(editing),
        )

    @pages.post("/draft/sections/<name>")
    @needs("agreement_drafted")
    def keep(name: str) -> Response:
        """Keep a section; what is missing in it is shown at the draft, and nothing incomplete can be proposed."""
        number = _number(name)
        if number > len(editing.terms().sections):
            abort(404)
        editing.keep(number, _sent(hub), officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/sections/<int:section_no>/remove")
    @needs("agreement_drafted")
    def remove(section_no: int) -> Response:
        """Take a section out of the draft."""
        editing.remove(section_no, officer().officer_id)
        return redirect(url_for(".draft"), 303)

    @pages.post("/draft/sections/<int:section_no>/move")
    @needs("agreement_drafted")
    def move(section_no: int) -> Response:
        """Move a section one place up or down."""
        editing.move(section_no, 1 if request.form.get("way") == "down" else -1, officer().officer_id)
        return redirect(url_for(".draft"), 303)


def _decides(pages: Blueprint, hub: Hub, editing: Editing) -> None:
    @pages.post("/draft/propose")
    @needs("agreement_drafted")
    def propose() -> Response:
        """Ask a colleague, for a day on which everyone shall be asked to sign."""
        editing.propose(begins(hub, DayPast), officer().officer_id)
        return redirect(url_for(".preview"), 303)

    @pages.post("/draft/approve")
    @needs("agreement_approved")
    def approve() -> Response:
        """The second person's yes."""
        editing.approve(text_field("sha256", max_length=64), officer().officer_id)
        return redirect(url_for(".every"), 303)


def waiting_agreement(hub: Hub, reader: OfficerCard) -> list[WorkItem]:
    """The proposed draft as an item of the work queue: at most one, for those who may approve or wrote it."""
    draft = hub.agreements.store.draft()
    if draft is None or not draft.proposed_utc or not judge("agreement_approved", reader.roles).allowed:
        return []
    writers = {hand.officer_id for hand in hub.agreements.store.hands(draft.version)}
    return [
        WorkItem(
            service="",
            number=f"agreement-{draft.version}",
            what=gettext("Draft of the agreement"),
            who=_hands(hub, draft)[0],
            since_utc=draft.proposed_utc,
            due_utc=draft.wanted_utc,
            url=url_for("agreement.preview"),
            mine=reader.officer_id not in writers,
        )
    ]


def agreement_words(hub: Hub, person: Resident) -> dict[str, object]:
    """What a person's page says about the agreement: what they signed, and what is due."""
    return {
        "signatures": hub.agreements.store.signatures_of(person.resident_id),
        "agreement_due": hub.agreements.due(person.resident_id),
    }


def _known(hub: Hub, version: int) -> Version:
    found = hub.agreements.store.version(version)
    if found is None:
        abort(404)
    return found


def _number(name: str) -> int:
    """The number of a section from its address; 0 for a new one."""
    if name == NEW:
        return 0
    if not name.isdecimal() or len(name) > 3 or not int(name):
        abort(404)
    return int(name)


def _sent(hub: Hub) -> AgreementSection:
    """The form as a section; a line is a sentence, and an empty language is none."""
    title = {
        code: text_field(f"title-{code}", max_length=TITLE_MAX, required=False)
        for code in hub.node.site.languages
    }
    lines = {
        code: text_field(f"text-{code}", max_length=TEXT_MAX, required=False).splitlines()
        for code in hub.node.site.languages
    }
    sentences = {code: tuple(one.strip() for one in said if one.strip()) for code, said in lines.items()}
    picture = request.form.get("picture", "")
    return AgreementSection(
        picture=picture if picture in PICTURES else "",
        title={code: words for code, words in title.items() if words},
        sentences={code: said for code, said in sentences.items() if said},
    )


def _missing(editing: Editing) -> dict[str, object]:
    found = editing.problems()

    def of(number: int) -> list[Problem]:
        return [one for one in found if one.section == number]

    return {"problems": found, "problems_of": of, "fault_words": fault_words}


def _chosen(hub: Hub) -> str:
    asked = request.args.get("lang", "")
    return asked if asked in hub.node.site.languages else language()


def _in_language(hub: Hub) -> dict[str, object]:
    return {"chosen": _chosen(hub), "site_languages": hub.node.site.languages}


def _hands(hub: Hub, version: Version) -> tuple[str, str]:
    return names_of(hub, hub.agreements.store.hands(version.version))


def _shared() -> dict[str, object]:
    roles = officer().roles
    return {
        "may_draft": judge("agreement_drafted", roles).allowed,
        "may_approve": judge("agreement_approved", roles).allowed,
    }
