"""The agreement at the hub: signed once, due again with a new version, made by two officers, never rewritten."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from kiosk.hub.agreement import Agreements
from kiosk.hub.agreement.agreements import AgreementUnknown
from kiosk.hub.agreement.rules import read_terms, write_terms
from kiosk.hub.agreement.store import AgreementOwn
from kiosk.hub.node import Hub
from kiosk.hub.people.importing import Importer, PeopleFile, ResidentLine
from provisioning.clock import FakeClock, iso
from provisioning.config import Node
from provisioning.contracts import AgreementSigned, PublicCopy, PublicCopyAnswer
from provisioning.errors import Corrupt, Refused
from tests.kiosk.hub.hub_kit import AMIRA, PEPPER, Officer, Peer, office, start_hub

DRAFT, PREVIEW = "/agreement/draft", "/agreement/draft/preview"


def copy_of(kiosk: Peer, etag: str = "") -> PublicCopyAnswer:
    answer = kiosk.ask(PublicCopy(etag=etag))
    assert isinstance(answer, PublicCopyAnswer)
    return answer


def yes(kiosk: Peer, session_id: str, **changes: object) -> AgreementSigned:
    """What a kiosk sends when Amira has agreed to the version in force."""
    text = copy_of(kiosk).agreement
    assert text is not None
    return AgreementSigned(
        **{  # type: ignore[arg-type]
            "session_id": session_id,
            "resident_id": "r-amira",
            "kiosk_id": kiosk.node.node_id,
            "version": text.version,
            "text_sha256": text.sha256,
            "language": "ar",
            "read_aloud": True,
            "pages_seen": len(text.sections),
            "at_utc": iso(kiosk.clock.now_utc()),
            **changes,
        }
    )


def drafted(hub: Hub) -> Officer:
    """A security officer whose draft says one thing more than the version in force."""
    officer = office(hub, "security")
    officer.form("/agreement/", DRAFT)
    officer.form(DRAFT, f"{DRAFT}/title", title="About the books")
    return officer


def section_form(**changes: str) -> dict[str, str]:
    languages = ("nl", "fr", "en", "de", "ar")
    titles = {f"title-{code}": f"Books {code}" for code in languages}
    texts = {f"text-{code}": "Take one book.\r\nBring it back.\r\n" for code in languages}
    return {"picture": "book", **titles, **texts, **changes}


def approve(hub: Hub, officer: Officer, status: int = 303) -> str:
    draft = hub.agreements.store.draft()
    assert draft is not None
    return officer.form(PREVIEW, f"{DRAFT}/approve", status, sha256=draft.sha256)


def bring_in_force(hub: Hub, effective_utc: str = "") -> None:
    """A second version, written by the security officer and approved by the director."""
    store = hub.agreements.store
    terms = msgspec.structs.replace(read_terms(hub.agreements.in_force().text), title="About the books")
    version = store.begin(write_terms(terms), "o-security").version
    store.approve(version, "o-director", effective_utc or iso(hub.clock.now_utc()))


# --- signing ---


def test_a_new_site_begins_with_the_shipped_agreement_and_everyone_has_to_sign_it(
    hub: Hub, kiosk_a: Peer
) -> None:
    text = copy_of(kiosk_a).agreement
    assert text is not None
    assert text.version == 1
    assert {code for section in text.sections for code in section.sentences} == {"nl", "fr", "en", "de", "ar"}
    assert kiosk_a.sign_in(AMIRA).agreement_due == 1


def test_a_restart_ships_nothing_anew(hub: Hub, nodes: dict[str, Node], clock: FakeClock) -> None:
    before = hub.agreements.in_force()
    bring_in_force(hub)
    hub.store.close()
    again = start_hub(nodes["hub"], clock)
    assert again.agreements.store.version(1) == before
    assert again.agreements.in_force().version == 2
    again.store.close()


def test_who_signed_is_not_asked_again_and_a_second_message_changes_nothing(hub: Hub, kiosk_a: Peer) -> None:
    lease = kiosk_a.sign_in(AMIRA)
    said = yes(kiosk_a, lease.session_id)
    kiosk_a.tell(said, "a" * 32)
    kiosk_a.tell(said, "a" * 32)
    kiosk_a.tell(yes(kiosk_a, lease.session_id, language="nl", read_aloud=False), "b" * 32)
    (kept,) = hub.agreements.store.signatures_of("r-amira")
    assert (kept.version, kept.language, kept.read_aloud, kept.kiosk_id) == (1, "ar", True, "kiosk-a")
    assert kept.at_utc == said.at_utc
    (record,) = hub.trail.about("agreement-1")
    assert (record.actor, record.action) == ("r-amira", "agreement_signed")
    assert record.detail == {"language": "ar", "read_aloud": True, "kiosk": "kiosk-a"}
    assert kiosk_a.sign_in(AMIRA).agreement_due == 0
    assert kiosk_a.sign_in("04B1").agreement_due == 1, "everybody signs for themselves"


def test_a_new_version_is_due_at_once_and_the_old_signature_stays(hub: Hub, kiosk_a: Peer) -> None:
    kiosk_a.tell(yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id))
    before = copy_of(kiosk_a)
    bring_in_force(hub)
    after = copy_of(kiosk_a, before.etag)
    assert after.changed
    assert after.agreement is not None
    assert after.agreement.version == 2
    lease = kiosk_a.sign_in(AMIRA)
    assert lease.agreement_due == 2
    kiosk_a.tell(yes(kiosk_a, lease.session_id, language="fr"))
    assert [one.version for one in hub.agreements.store.signatures_of("r-amira")] == [2, 1]
    assert kiosk_a.sign_in(AMIRA).agreement_due == 0


def test_a_signature_that_was_under_way_while_a_version_began_counts_for_what_was_read(
    hub: Hub, kiosk_a: Peer
) -> None:
    under_way = yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id)
    bring_in_force(hub)
    kiosk_a.tell(under_way)
    assert [one.version for one in hub.agreements.store.signatures_of("r-amira")] == [1]
    assert kiosk_a.sign_in(AMIRA).agreement_due == 2


def test_a_version_for_a_later_day_is_due_on_that_day(hub: Hub, kiosk_a: Peer, clock: FakeClock) -> None:
    drafted(hub).form(PREVIEW, f"{DRAFT}/propose", first_day="2026-11-24")
    approve(hub, director := office(hub, "director"))
    assert kiosk_a.sign_in(AMIRA).agreement_due == 1
    assert "planned" in director.read("/agreement/")
    clock.advance(2 * 86400)
    assert kiosk_a.sign_in(AMIRA).agreement_due == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 7}, "agreement_unknown"),
        ({"text_sha256": "0" * 64}, "agreement_unknown"),
        ({"resident_id": "r-bram"}, "message_foreign"),
        ({"resident_id": "r-nobody"}, "message_foreign"),
        ({"kiosk_id": "kiosk-b"}, "message_foreign"),
    ],
)
def test_a_signature_in_another_name_or_for_another_text_is_refused(
    hub: Hub, kiosk_a: Peer, changes: dict[str, object], code: str
) -> None:
    said = yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id, **changes)
    with pytest.raises((Corrupt, Refused)) as refused:
        kiosk_a.tell(said)
    assert refused.value.reason == code
    assert hub.agreements.store.counts() == {}


def test_a_session_that_a_kiosk_granted_itself_signs_at_the_home_kiosk_only(
    hub: Hub, kiosk_a: Peer, kiosk_b: Peer
) -> None:
    with pytest.raises(Corrupt, match="message_foreign"):
        kiosk_b.tell(yes(kiosk_b, "offline-1"))
    kiosk_a.tell(yes(kiosk_a, "offline-1"))
    assert hub.agreements.due("r-amira") == 0


def test_a_draft_is_not_signed(hub: Hub, kiosk_a: Peer) -> None:
    draft = hub.agreements.store.begin("{}", "o-security")
    with pytest.raises(Refused, match="agreement_unknown"):
        kiosk_a.tell(yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id, version=2, text_sha256=draft.sha256))


def test_people_who_signed_on_paper_are_brought_in_with_it(hub: Hub) -> None:
    line = ResidentLine(resident_id="r-dina", first_name="Dina", language="nl", wing="A", agreement_signed=1)
    importer = Importer(hub.people, hub.ledger, PEPPER)
    for _twice in range(2):
        importer.write(PeopleFile(residents=(line,)))
    assert hub.agreements.due("r-dina") == 0
    assert "on paper" in office(hub, "director").read("/people/r-dina")
    unknown = ResidentLine(
        resident_id="r-emre", first_name="Emre", language="nl", wing="A", agreement_signed=9
    )
    with pytest.raises(AgreementUnknown):
        importer.write(PeopleFile(residents=(unknown,)))
    assert hub.people.resident("r-emre") is None


# --- two officers ---


def test_a_draft_asks_nobody_before_a_colleague_approves_it(hub: Hub, kiosk_a: Peer) -> None:
    writer = drafted(hub)
    writer.form(f"{DRAFT}/sections/new", f"{DRAFT}/sections/new", **section_form())
    assert copy_of(kiosk_a).agreement.version == 1  # type: ignore[union-attr]
    assert "Take one book." in writer.read(f"{PREVIEW}?lang=en")
    writer.form(PREVIEW, f"{DRAFT}/propose", first_day="2026-11-22")
    page = writer.read(PREVIEW)
    assert "You wrote at this draft. A colleague must approve it." in page
    assert "Approve this agreement?" not in page
    assert "You wrote at this draft." in approve(hub, writer, 409)
    assert "agreement-2" in office(hub, "director").read("/")
    assert "agreement-2" not in office(hub, "landing").read("/?whose=all")
    approve(hub, office(hub, "director"))
    text = copy_of(kiosk_a).agreement
    assert text is not None
    assert (text.version, text.sections[-1].sentences["de"]) == (2, ("Take one book.", "Bring it back."))
    done = [one.action for one in hub.trail.about("agreement-2")]
    assert done == [
        "agreement_drafted",
        "agreement_rewritten",
        "agreement_rewritten",
        "agreement_proposed",
        "agreement_approved",
    ]


def test_whoever_proposes_a_draft_does_not_approve_it(hub: Hub) -> None:
    drafted(hub)
    director = office(hub, "director")
    director.form(PREVIEW, f"{DRAFT}/propose", first_day="2026-11-22")
    approve(hub, director, 409)
    assert hub.agreements.in_force().version == 1


def test_a_draft_that_misses_a_language_cannot_be_proposed(hub: Hub) -> None:
    writer = drafted(hub)
    form = section_form(**{"text-ar": "", "title-de": "word " * 9})
    writer.form(f"{DRAFT}/sections/new", f"{DRAFT}/sections/new", **form)
    page = writer.read(DRAFT)
    assert "The text is missing." in page
    assert "The title has more than 8 words." in page
    assert "2 things are missing" in page
    writer.form(DRAFT, f"{DRAFT}/propose", 409, first_day="2026-11-22")
    assert hub.agreements.store.draft().proposed_utc == ""  # type: ignore[union-attr]


def test_whoever_approves_approves_what_they_read(hub: Hub) -> None:
    writer, director = drafted(hub), office(hub, "director")
    writer.form(PREVIEW, f"{DRAFT}/propose", first_day="2026-11-22")
    read = hub.agreements.store.draft()
    assert read is not None
    writer.form(DRAFT, f"{DRAFT}/sections/2/move", way="up")
    sent = {"sha256": read.sha256}
    assert "changed meanwhile" in director.form(PREVIEW, f"{DRAFT}/approve", 409, **sent)
    assert "changed meanwhile" in approve(hub, director, 409), "the change took the proposal back"
    assert hub.agreements.in_force().version == 1


def test_sections_are_added_changed_moved_and_removed(hub: Hub) -> None:
    writer = drafted(hub)
    before = read_terms(hub.agreements.in_force().text).sections
    writer.form(f"{DRAFT}/sections/new", f"{DRAFT}/sections/new", **section_form())
    number = len(before) + 1
    writer.form(DRAFT, f"{DRAFT}/sections/{number}/move", way="up")
    writer.form(f"{DRAFT}/sections/1", f"{DRAFT}/sections/1", **section_form(picture="clock"))
    writer.form(DRAFT, f"{DRAFT}/sections/2/remove")
    draft = hub.agreements.store.draft()
    assert draft is not None
    pictures = [one.picture for one in read_terms(draft.text).sections]
    kept = [one.picture for one in before]
    assert pictures == ["clock", *kept[2:-1], "book", kept[-1]]
    writer.read(f"{DRAFT}/sections/99", 404)
    writer.read(f"{DRAFT}/sections/0", 404)
    writer.form(DRAFT, f"{DRAFT}/sections/99/move", way="up")
    writer.form(DRAFT, f"{DRAFT}/drop")
    assert hub.agreements.store.draft() is None
    assert "given up" in writer.read("/agreement/")


def test_an_agreement_does_not_begin_on_a_day_that_is_over(hub: Hub) -> None:
    page = drafted(hub).form(PREVIEW, f"{DRAFT}/propose", 409, first_day="2026-11-21")
    assert "The agreement can begin today or later." in page


def test_other_roles_see_it_and_change_nothing_and_a_technician_has_no_business_there(hub: Hub) -> None:
    officer = office(hub, "landing")
    assert "Begin a draft" not in officer.read("/agreement/")
    officer.form("/agreement/unsigned", DRAFT, 403)
    office(hub, "technician").read("/agreement/", 403)


# --- the database itself ---


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO agreement_version VALUES (9, 'office', 'x', 'now', '', NULL, 'now', '', NULL)",
        "UPDATE agreement_version SET approved_utc = 'now', effective_utc = '' WHERE version = 2",
        "UPDATE agreement_version SET text = 'other' WHERE version = 1",
        "UPDATE agreement_version SET dropped_utc = 'now' WHERE version = 1",
        "DELETE FROM agreement_version WHERE version = 1",
        "INSERT INTO agreement_hand VALUES (2, 'o-security', 'approved', 'now')",
        "UPDATE agreement_hand SET part = 'approved' WHERE version = 2",
        "DELETE FROM agreement_hand WHERE version = 2",
        "INSERT INTO agreement_version (version, origin, text, begun_utc) VALUES (3, 'office', 'x', 'now')",
        "INSERT INTO agreement_signature VALUES ('r-bram', 2, 'nl', 0, 8, 'now', 'kiosk-a')",
        "INSERT INTO agreement_signature VALUES ('r-amira', 1, 'nl', 0, 8, 'now', 'kiosk-a')",
        "INSERT INTO agreement_signature VALUES ('r-nobody', 1, 'nl', 0, 8, 'now', 'kiosk-a')",
        "INSERT INTO agreement_signature VALUES ('r-bram', 1, 'nl', 5, 8, 'now', 'kiosk-a')",
        "UPDATE agreement_signature SET language = 'nl' WHERE resident_id = 'r-amira'",
    ],
)
def test_even_the_database_refuses(hub: Hub, kiosk_a: Peer, sql: str) -> None:
    kiosk_a.tell(yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id))
    hub.agreements.store.begin(hub.agreements.in_force().text, "o-security")
    with pytest.raises(sqlite3.IntegrityError), hub.store.atomic():
        hub.store.run(sql)
    assert hub.agreements.in_force().version == 1


def test_the_store_names_an_officer_who_approves_their_own_text(hub: Hub) -> None:
    hub.agreements.store.begin("{}", "o-security")
    with pytest.raises(AgreementOwn):
        hub.agreements.store.approve(2, "o-security", "")
    assert hub.agreements.in_force().version == 1


# --- looking ---


def test_officers_see_who_has_signed_and_who_has_not(hub: Hub, kiosk_a: Peer) -> None:
    kiosk_a.tell(yes(kiosk_a, kiosk_a.sign_in(AMIRA).session_id))
    officer = office(hub, "landing")
    page = officer.read("/agreement/")
    assert "1 had it read aloud" in page
    assert "/agreement/unsigned?wing=B" in page
    assert "/agreement/unsigned?wing=A" not in page
    everyone = officer.read("/agreement/unsigned")
    assert "Bram" in everyone
    assert "Amira" not in everyone
    assert "Bram" not in officer.read("/agreement/unsigned?wing=C")
    person = officer.read("/people/r-amira")
    assert "read aloud" in person
    assert "Version 1 is not signed yet" in officer.read("/people/r-bram")


def test_every_version_can_be_read_in_every_language_and_seen_as_on_the_kiosk(hub: Hub) -> None:
    bring_in_force(hub)
    officer = office(hub, "security")
    section = read_terms(hub.agreements.in_force().text).sections[0]
    for code in ("nl", "fr", "en", "de", "ar"):
        assert section.sentences[code][0] in officer.read(f"/agreement/versions/1?lang={code}")
        screen = officer.read(f"/agreement/versions/2/screens/1?lang={code}")
        assert section.title[code] in screen
        assert 'class="kiosk"' in screen
    assert 'dir="rtl"' in officer.read("/agreement/versions/2/screens/1?lang=ar")
    officer.read("/agreement/versions/9", 404)
    officer.read("/agreement/versions/1/screens/99", 404)
    assert "About the books" in officer.read("/agreement/")


def test_what_an_officer_types_is_only_text(hub: Hub) -> None:
    writer = drafted(hub)
    form = section_form(**{"title-en": "<b>x</b>", "text-en": "<script>alert(1)</script>", "picture": "../x"})
    writer.form(f"{DRAFT}/sections/new", f"{DRAFT}/sections/new", **form)
    for page in (DRAFT, f"{PREVIEW}?lang=en", "/agreement/versions/2/screens/9?lang=en"):
        assert "<script>alert" not in writer.read(page)
    assert "The pictogram is missing." in writer.read(DRAFT)


def test_the_texts_on_disk_are_plain_json(hub: Hub, tmp_path: Path) -> None:
    agreements: Agreements = hub.agreements
    text = agreements.in_force().text
    assert write_terms(read_terms(text)) == text
    assert set(json.loads(text)) == {"schema", "title", "section"}
