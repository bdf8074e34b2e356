"""Notices: what may be written, when it is shown, the officer's pages, the import."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.node import Hub
from kiosk.services.notices import rules
from kiosk.services.notices.rules import Draft, NoticeDates, NoticeIncomplete, checked, state_of
from kiosk.services.notices.service import NoticesUnreadable, import_notices
from provisioning.clock import FakeClock
from tests.kiosk.hub.hub_kit import make_nodes, office, people_in, start_hub

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LANGUAGES = ("nl", "fr", "en", "de", "ar")
WATER = {"title-nl": "Geen water", "body-nl": "Dinsdag is er geen water.\nVraag flessen aan een beambte."}
DAYS = {"first_day": "2026-11-22", "last_day": "2026-11-24"}


def draft(**changes: object) -> Draft:
    values: dict[str, object] = {
        "title": {"nl": "Water"},
        "body": {"nl": "Geen water."},
        "urgent": False,
        "begins": NOW,
        "ends": NOW + timedelta(days=2),
    }
    return Draft(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def hub(tmp_path: Path, clock: FakeClock) -> Iterator[Hub]:
    made = start_hub(make_nodes(tmp_path)["hub"], clock)
    people_in(made)
    yield made
    made.store.close()


def shown(hub: Hub) -> list[str]:
    return [one.title["nl"] for one in hub.services[0].notices()]


def test_a_language_needs_both_title_and_text_and_the_first_is_needed() -> None:
    assert checked(draft(title={"nl": " Water ", "fr": ""}), LANGUAGES).title == {"nl": "Water"}
    for title, body, language in (
        ({"nl": "Water", "fr": "Eau"}, {"nl": "Geen."}, "fr"),
        ({"fr": "Eau"}, {"fr": "Rien."}, "nl"),
        ({"nl": "Water"}, {}, "nl"),
    ):
        with pytest.raises(NoticeIncomplete) as caught:
            checked(draft(title=title, body=body), LANGUAGES)
        assert caught.value.detail == {"language": language}


def test_what_does_not_fit_a_kiosk_is_refused() -> None:
    with pytest.raises(NoticeIncomplete):
        checked(draft(title={"nl": "x" * (rules.TITLE_MAX + 1)}), LANGUAGES)
    with pytest.raises(NoticeIncomplete):
        checked(draft(body={"nl": "x" * (rules.BODY_MAX + 1)}), LANGUAGES)


@given(st.integers(-400, 800))
def test_dates_run_forwards_and_at_most_a_year(days: int) -> None:
    one = draft(ends=NOW + timedelta(days=days))
    if 0 < days <= 365:
        assert checked(one, LANGUAGES).ends == one.ends
    else:
        with pytest.raises(NoticeDates):
            checked(one, LANGUAGES)


def test_a_notice_is_planned_then_shown_then_over_unless_taken_off() -> None:
    ends = NOW + timedelta(hours=1)
    moments = [NOW - timedelta(seconds=1), NOW, ends - timedelta(seconds=1), ends]
    assert [state_of(NOW, ends, False, one) for one in moments] == ["planned", "shown", "shown", "over"]
    assert state_of(NOW, ends, True, NOW) == "withdrawn"


def test_words_are_in_the_readers_language_or_the_first_there_is() -> None:
    assert rules.words_in({"nl": "Water", "ar": "ماء"}, "ar") == "ماء"
    assert rules.words_in({"nl": "Water"}, "ar") == "Water"


def test_a_second_press_of_save_makes_one_notice(hub: Hub) -> None:
    officer = office(hub, "landing")
    for _ in range(2):
        officer.form("/notices/new", "/notices/", **WATER, **DAYS, wings=["A", "B"], urgent="yes")
    notices = hub.services[0].notices()
    assert [(one.title, one.urgent, one.wings) for one in notices] == [
        ({"nl": "Geen water"}, True, ("A", "B"))
    ]
    assert (notices[0].from_utc, notices[0].until_utc) == (
        "2026-11-21T23:00:00.000Z",
        "2026-11-24T23:00:00.000Z",
    )
    assert [one.action for one in hub.trail.about(notices[0].notice_id)] == ["notice_written"]
    assert "Geen water" in officer.read("/notices/")


def test_a_wrong_form_keeps_every_word_and_says_what_is_wrong(hub: Hub) -> None:
    officer = office(hub, "landing")
    fields = {**WATER, "title-fr": "Pas d’eau", **DAYS}
    page = officer.form("/notices/new", "/notices/", status=409, **fields)
    assert "A notice needs a title and a text" in page
    assert "Pas d’eau" in page
    assert "Vraag flessen" in page
    page = officer.form(
        "/notices/new", "/notices/", status=409, **{**WATER, **DAYS, "last_day": "2026-11-01"}
    )
    assert "The last day must come after the first" in page
    officer.form("/notices/new", "/notices/", status=409, **{**WATER, **DAYS, "last_day": "soon"})
    assert shown(hub) == []


def test_every_wing_chosen_means_also_wings_to_come(hub: Hub) -> None:
    office(hub, "landing").form("/notices/new", "/notices/", **WATER, **DAYS, wings=["A", "B", "C"])
    assert hub.services[0].notices()[0].wings == ()


def test_changing_and_taking_off_reach_the_public_copy_and_the_trail(hub: Hub) -> None:
    officer = office(hub, "landing")
    officer.form("/notices/new", "/notices/", **WATER, **DAYS)
    page = "/notices/" + "0" * 32
    officer.form(page, page, **{**WATER, "title-nl": "Weer water"}, **DAYS)
    assert shown(hub) == ["Weer water"]
    for _ in range(2):
        officer.form(page, page + "/withdraw")
    assert shown(hub) == []
    assert "This notice was taken off the kiosks." in officer.read(page)
    assert [one.action for one in hub.trail.about("0" * 32)] == [
        "notice_written",
        "notice_changed",
        "notice_withdrawn",
    ]
    officer.read("/notices/nothing", status=404)


def test_the_preview_is_the_residents_language_and_direction(hub: Hub) -> None:
    officer = office(hub, "landing")
    arabic = {"title-ar": "لا ماء", "body-ar": "لا يوجد ماء يوم الثلاثاء."}
    officer.form("/notices/new", "/notices/", **WATER, **arabic, **DAYS)
    page = officer.read("/notices/" + "0" * 32 + "/preview?lang=ar")
    assert 'dir="rtl"' in page
    assert "لا ماء" in page
    assert 'lang="nl"' in officer.read("/notices/" + "0" * 32 + "/preview?lang=xx")


def test_a_notice_that_is_over_leaves_the_public_copy(hub: Hub, clock: FakeClock) -> None:
    office(hub, "landing").form("/notices/new", "/notices/", **WATER, **DAYS)
    clock.advance(4 * 24 * 3600)
    assert shown(hub) == []


FILE = '{"notices": [{"notice_id": "n1", "title": {"nl": "Hallo"}, "body": {"nl": "Welkom."}, "days": 10}]}'


def test_importing_twice_keeps_what_an_officer_changed(hub: Hub, clock: FakeClock, tmp_path: Path) -> None:
    file = tmp_path / "notices.json"
    file.write_text(FILE)
    assert import_notices(file, hub.store, clock, LANGUAGES, "hub") == 1
    office(hub, "landing").form("/notices/n1", "/notices/n1", **WATER, **DAYS)
    assert import_notices(file, hub.store, clock, LANGUAGES, "hub") == 0
    assert shown(hub) == ["Geen water"]


@pytest.mark.parametrize("text", ["", "{", '{"notices": [{"notice_id": 1}]}', '{"notice": []}'])
def test_a_file_that_is_not_notices_is_refused_whole(
    hub: Hub, clock: FakeClock, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "notices.json"
    file.write_text(text)
    with pytest.raises(NoticesUnreadable):
        import_notices(file, hub.store, clock, LANGUAGES, "hub")
