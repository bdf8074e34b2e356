"""The desk's pages over a real database: who gets in, what each page says, and that a second press is harmless."""

from __future__ import annotations

import io
import re

import pytest

from farm.queue.model import Job
from provisioning.contracts import JobProgress, ModelSheet
from tests.farm.desk.support import GCODE, KIND, PASSWORD, Browser, Farm

PAGES = [
    "/",
    "/queue/",
    "/models/",
    "/models/new",
    "/parts/",
    "/reels/",
    "/audit/",
    "/farm/live",
    "/live.json",
]


def printed(farm: Farm, **changes: object) -> Job:
    """A job whose part lies on the bed of printer 1."""
    sheet = farm.add_model()
    farm.hear(farm.order(sheet, **changes))
    assert farm.desk.spooler.spool_next()
    run = farm.desk.queue.lease("O-1-1", "printer-1", "R-1", "d" * 64)
    farm.desk.queue.note_run(run.run_id, "done")
    farm.desk.queue.move_job("O-1-1", "printed")
    farm.desk.queue.set_bed("printer-1", "part", run.run_id)
    job = farm.desk.queue.job("O-1-1")
    assert job is not None
    return job


def weighed(farm: Farm, browser: Browser, **fields: str) -> str:
    """The part's page after weighing."""
    printed(farm)
    answer = browser.post("/parts/weigh/O-1-1", **{"grams": "12,4", **fields})
    assert answer.status_code == 303, answer.text
    return answer.location


def actions(farm: Farm) -> list[str]:
    return [record.action for record in reversed(farm.desk.trail.latest(50))]


# --- who gets in ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(farm: Farm, page: str) -> None:
    answer = farm.app.test_client().get(page)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["els", "marc"])
def test_every_page_is_drawn_even_when_nothing_has_happened_yet(farm: Farm, page: str, name: str) -> None:
    answer = farm.browser(name).get(page)
    assert answer.status_code == (403 if (page, name) == ("/models/new", "marc") else 200)


def test_a_wrong_password_five_times_locks_the_name_for_everyone(farm: Farm) -> None:
    browser = Browser(farm.app.test_client())
    for _ in range(5):
        answer = browser.post("/sign-in", name="els", password="wrong", next="")
        assert answer.status_code == 409
    answer = browser.post("/sign-in", name="ELS", password=PASSWORD, next="")
    assert "Too many wrong passwords" in answer.text
    farm.clock.advance(farm.desk.node.site.pin_pause_s + 1)
    assert browser.post("/sign-in", name="els", password=PASSWORD, next="").status_code == 303
    assert actions(farm).count("sign_in_refused") == 5


def test_an_unknown_name_and_a_wrong_password_read_the_same(farm: Farm) -> None:
    browser = Browser(farm.app.test_client())
    texts = [
        re.sub(r'value="[^"]*"', "", browser.post("/sign-in", name=name, password="wrong", next="").text)
        for name in ("els", "nobody")
    ]
    assert texts[0] == texts[1]


def test_an_officer_of_the_landing_has_no_work_here(farm: Farm) -> None:
    answer = Browser(farm.app.test_client()).post("/sign-in", name="nadia", password=PASSWORD, next="")
    assert answer.status_code == 409
    assert "no work at the farm" in answer.text


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere"])
def test_signing_in_never_leads_to_another_site(farm: Farm, target: str) -> None:
    answer = Browser(farm.app.test_client()).post("/sign-in", name="els", password=PASSWORD, next=target)
    assert answer.location == "/"


def test_a_desk_left_alone_asks_for_the_password_again(farm: Farm) -> None:
    browser = farm.browser()
    farm.clock.advance(29 * 60)
    assert browser.get("/").status_code == 200
    farm.clock.advance(29 * 60)
    assert (
        browser.get("/farm/live", **{"HX-Request": "true"}).status_code == 200
    )  # watching alone does not count
    farm.clock.advance(2 * 60)
    assert browser.get("/").status_code == 303


def test_an_officer_who_left_the_roster_is_out_at_once(farm: Farm) -> None:
    from provisioning.contracts import OfficerRoster

    browser = farm.browser()
    farm.hear(OfficerRoster(edition=9, officers=()))
    assert browser.get("/").status_code == 303


def test_signing_out_ends_it(farm: Farm) -> None:
    browser = farm.browser()
    browser.post("/sign-out")
    assert browser.get("/").status_code == 303
    assert actions(farm)[-1] == "signed_out"


@pytest.mark.parametrize(
    ("name", "path", "fields"),
    [
        ("marc", "/printers/printer-1/pause", {"run": "x"}),
        ("paul", "/reels/", {"material": "PLA", "colour": "white", "grams": "750"}),
        ("marc", "/parts/weigh/O-1-1", {"grams": "1"}),
        ("ines", "/queue/O-1-1/cancel", {}),
    ],
)
def test_a_role_without_the_right_is_turned_away_and_nothing_happens(
    farm: Farm, name: str, path: str, fields: dict[str, str]
) -> None:
    assert farm.browser(name).post(path, **fields).status_code == 403


def test_a_form_from_another_page_than_ours_is_refused(farm: Farm) -> None:
    browser = farm.browser()
    answer = browser.client.post("/reels/", data={"material": "PLA", "colour": "white", "grams": "750"})
    assert answer.status_code == 409
    assert farm.desk.workshop.reels() == []


# --- reels and queue --------------------------------------------------------------------------------------------------


def test_a_reel_is_taken_in_once_mounted_and_weighed(farm: Farm) -> None:
    browser = farm.browser()
    first, second = browser.post_twice("/reels/", "/reels/", material="PLA", colour="white", grams="750")
    assert first.location == second.location == "/reels/"
    (reel,) = farm.desk.workshop.reels()
    browser.post(f"/reels/{reel.reel_id}/mount", printer="printer-1")
    browser.post(f"/reels/{reel.reel_id}/weigh", grams="700,5")
    (reel,) = farm.desk.workshop.reels()
    assert (reel.printer_id, reel.grams_left) == ("printer-1", 700.5)
    answer = browser.post(f"/reels/{reel.reel_id}/weigh", grams="900")
    assert answer.status_code == 409
    assert "More than a new reel holds (750 g)" in answer.text
    assert actions(farm)[-3:] == ["reel_taken_in", "reel_mounted", "reel_weighed"]


def test_a_reel_is_not_taken_from_under_a_running_print(farm: Farm) -> None:
    browser = farm.browser()
    reel = farm.desk.workshop.add_reel("PLA", "white", 750.0, "o-els")
    farm.desk.workshop.mount(reel.reel_id, "printer-1")
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    farm.desk.spooler.spool_next()
    farm.desk.queue.lease("O-1-1", "printer-1", reel.reel_id, "d" * 64)
    assert browser.post(f"/reels/{reel.reel_id}/mount", printer="shelf").status_code == 409
    assert farm.desk.workshop.reel_on("printer-1") is not None


def test_the_queue_says_why_a_job_does_not_print(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    farm.desk.spooler.spool_next()
    text = farm.browser().get("/queue/").text
    assert "Why it is not printing" in text
    assert "has no reel" in text


def test_a_job_taken_out_of_the_queue_is_told_once(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    first, second = farm.browser().post_twice("/queue/O-1-1/cancel", "/queue/")
    assert (first.status_code, second.status_code) == (303, 303)
    words = [word for word in farm.told() if isinstance(word, JobProgress)]
    assert [(word.state, word.final, word.reason) for word in words] == [
        ("queued", False, ""),
        ("failed", True, "cancelled_by_officer"),
    ]


def test_another_press_on_a_page_that_is_out_of_date_says_that_the_job_moved_on(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    browser = farm.browser()
    browser.post("/queue/O-1-1/cancel")
    answer = browser.post("/queue/O-1-1/first")
    assert answer.status_code == 409
    assert "moved on" in answer.text


# --- parts ------------------------------------------------------------------------------------------------------------


def test_a_part_is_weighed_labelled_and_its_bed_is_clear(farm: Farm) -> None:
    browser = farm.browser()
    page = weighed(farm, browser)
    text = browser.get(page).text
    assert "Mass as expected" in text
    assert 'src="data:image/svg+xml' in text
    assert "Anna W2" in browser.get(page + "/label").text
    assert farm.desk.queue.bed("printer-1").state == "clear"
    word = farm.told()[-1]
    assert isinstance(word, JobProgress)
    assert (word.state, word.grams, word.part_code) == ("ready", 12.4, page.rsplit("/", 1)[1])


def test_the_same_weighing_twice_makes_one_part(farm: Farm) -> None:
    printed(farm)
    first, second = farm.browser().post_twice("/parts/weigh/O-1-1", grams="12.4", note="")
    assert first.location == second.location
    assert len(farm.desk.workshop.parts_waiting()) == 1
    assert actions(farm).count("part_weighed") == 1


def test_a_part_far_off_its_mass_needs_a_word_and_then_is_taken_down_red(farm: Farm) -> None:
    printed(farm)
    browser = farm.browser()
    answer = browser.post("/parts/weigh/O-1-1", grams="6")
    assert answer.status_code == 409
    assert "Write down why" in answer.text
    page = browser.post("/parts/weigh/O-1-1", grams="6", note="half of it stuck to the bed").location
    assert "Far off" in browser.get(page).text


@pytest.mark.parametrize("grams", ["", "abc", "-3", "12,3,4", "1e3", "٠"])
def test_a_weight_that_is_no_number_is_refused_and_nothing_changes(farm: Farm, grams: str) -> None:
    printed(farm)
    assert farm.browser().post("/parts/weigh/O-1-1", grams=grams).status_code == 409
    assert farm.desk.workshop.parts_waiting() == []


def test_a_part_goes_to_its_owner_by_number_and_only_once(farm: Farm) -> None:
    browser = farm.browser()
    page = weighed(farm, browser)
    answer = browser.post(page + "/hand-over", how="typed", resident="r-008")
    assert answer.status_code == 409
    assert "belongs to somebody else" in answer.text
    first, second = browser.post_twice(page + "/hand-over", page, how="typed", resident="r-007")
    assert (first.status_code, second.status_code) == (303, 303)
    assert actions(farm).count("part_handed_over") == 1
    word = farm.told()[-1]
    assert isinstance(word, JobProgress)
    assert word.state == "handed_over"


def test_a_hand_over_by_badge_without_a_badge_says_so_and_with_the_hub_away_names_the_other_way(
    farm: Farm,
) -> None:
    browser = farm.browser()
    page = weighed(farm, browser)
    assert "No badge was touched" in browser.post(page + "/hand-over", how="badge").text
    farm.desk.live.note_badge("04A0000007")
    answer = browser.post(page + "/hand-over", how="badge")
    assert answer.status_code == 503
    assert "Type the resident" in answer.text
    assert farm.desk.workshop.parts_waiting() != []


def test_a_part_is_found_by_the_code_on_its_label(farm: Farm) -> None:
    browser = farm.browser()
    code = weighed(farm, browser).rsplit("/", 1)[1]
    assert "Open this part" in browser.get(f"/parts/?code={code.lower()}").text
    assert "There is no part" in browser.get("/parts/?code=P-NOTHIN").text


# --- models -----------------------------------------------------------------------------------------------------------


def upload(gcode: bytes, **changes: object) -> dict[str, object]:
    return {
        "gcode": (io.BytesIO(gcode), "part.gcode"),
        "title_nl": "Plaatje",
        "title_en": "Small plate",
        "printer_kind": KIND,
        "material": "PLA",
        "colours": ["white", "blue"],
        "price": "1,20",
        "max_copies": "2",
        **changes,
    }


def test_a_model_is_measured_drawn_kept_by_its_hash_and_told_to_the_hub(farm: Farm) -> None:
    browser = farm.browser()
    answer = browser.post(
        "/models/new", "/models/new", **upload(GCODE, stl=(io.BytesIO(b"solid x"), "a.stl"))
    )
    assert answer.status_code == 303, re.sub(r"<[^>]+>", " ", answer.text)
    assert "Waiting for approval" in browser.get(answer.location).text
    sheet = farm.told()[-1]
    assert isinstance(sheet, ModelSheet)
    assert (sheet.title["nl"], sheet.price_cents, sheet.added_by) == ("Plaatje", 120, "o-els")
    assert sheet.top_png.startswith(b"\x89PNG")
    assert (farm.desk.node.state_dir / "gcode" / f"{sheet.gcode_sha256}.gcode").read_bytes() == GCODE
    picture = browser.get(f"/models/{sheet.model_id}/angle.png")
    assert (picture.status_code, picture.mimetype) == (200, "image/png")
    assert list((farm.desk.node.state_dir / "intake").iterdir()) == []
    again = browser.post("/models/new", "/models/new", **upload(GCODE))
    assert again.status_code == 409
    assert "was taken in before" in again.text


@pytest.mark.parametrize(
    ("gcode", "words"),
    [
        (b"", "This file is empty"),
        (bytes(range(256)) * 40, "not a G-code file"),
        (GCODE.replace(b"X80 Y80", b"X900 Y80"), "Line 9 leaves the bed"),
        (GCODE.replace(b"M104 S0", b"M303 E0 S200 C8"), "Line 12 uses M303"),
        (GCODE.replace(b"M104 S0", b"M502"), "Line 12 uses M502"),
        (GCODE.replace(b"M104 S0", b"M28 x.gco"), "Line 12 uses M28"),
        (GCODE.replace(b"S205", b"S400"), "heats the nozzle"),
    ],
)
def test_a_file_that_may_not_print_is_refused_with_its_line_and_nothing_is_kept(
    farm: Farm, gcode: bytes, words: str
) -> None:
    answer = farm.browser().post("/models/new", "/models/new", **upload(gcode))
    assert answer.status_code == 409
    assert words in answer.text
    assert 'value="Plaatje"' in answer.text  # what was typed is still there
    assert farm.desk.queue.models() == []
    assert farm.told() == []
    assert list((farm.desk.node.state_dir / "intake").iterdir()) == []


def test_sixty_megabytes_are_refused_before_they_are_read(farm: Farm) -> None:
    class Unread(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise AssertionError("the body was read")

    answer = farm.browser().client.post(
        "/models/new",
        input_stream=Unread(),
        environ_overrides={"CONTENT_LENGTH": "60000000"},
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 413
    assert "Larger than 58 MB. Slice the model more coarsely, or leave out the STL." in answer.text
    assert "Ask the teacher or the technician." in answer.text
    assert 'name="gcode"' in answer.text  # the form itself, to try again
    assert "workshop officer." not in answer.text
    stranger = farm.app.test_client().post(
        "/models/new",
        input_stream=Unread(),
        environ_overrides={"CONTENT_LENGTH": "60000000"},
        content_type="multipart/form-data; boundary=x",
    )
    assert stranger.status_code == 413
    assert 'name="gcode"' not in stranger.text


@pytest.mark.parametrize(
    "changes",
    [{"title_nl": ""}, {"colours": []}, {"price": "free"}, {"max_copies": "0"}, {"printer_kind": "delta"}],
)
def test_a_form_that_is_not_filled_in_comes_back_with_a_word(farm: Farm, changes: dict[str, object]) -> None:
    answer = farm.browser().post("/models/new", "/models/new", **upload(GCODE, **changes))
    assert answer.status_code == 409
    assert "missing or wrong" in answer.text
    assert farm.desk.queue.models() == []


# --- live page and audit ----------------------------------------------------------------------------------------------


def test_the_live_fragment_redraws_words_only_when_they_changed(farm: Farm) -> None:
    browser = farm.browser()
    page = browser.get("/").text
    mark = re.search(r"was=([0-9a-f-]+)", page)
    assert mark is not None
    same = browser.get(f"/farm/live?was={mark[1]}").text
    assert 'id="numbers-printer-1"' in same
    assert 'id="words-printer-1"' not in same
    farm.desk.queue.set_bed("printer-1", "remains", "x")
    other = browser.get(f"/farm/live?was={mark[1]}").text
    assert 'id="words-printer-1"' in other
    assert 'id="words-printer-2"' not in other


def test_a_bed_that_is_clear_or_holds_a_part_is_not_cleared_as_waste(farm: Farm) -> None:
    browser = farm.browser()
    assert browser.post("/printers/printer-1/clear", grams="1").status_code == 409
    printed(farm)
    answer = browser.post("/printers/printer-1/clear", grams="1")
    assert "Weigh it under Parts" in answer.text
    assert farm.desk.workshop.waste_g() == 0


def test_a_printer_whose_worker_is_away_cannot_be_stopped_from_here_and_says_so(farm: Farm) -> None:
    answer = farm.browser("marc").post("/printers/printer-1/stop")
    assert answer.status_code == 503
    assert "is not running" in answer.text


def test_the_trail_is_verified_at_a_press_and_a_changed_record_is_named(farm: Farm) -> None:
    browser = farm.browser()
    assert "The trail is whole" in browser.post("/audit/verify").text
    triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
    for trigger in farm.desk.store.rows(triggers):
        farm.desk.store.run(f"DROP TRIGGER {trigger['name']}")  # as somebody with the file in hand could
    farm.desk.store.run("UPDATE audit SET actor = 'somebody' WHERE seq = 2")
    assert "Record 2 is the first bad one" in browser.post("/audit/verify").text


def test_the_trail_says_in_words_what_happened(farm: Farm) -> None:
    farm.desk.trail.record("printer-1", "lease_returned", "R-1")
    assert "job given back by a printer" in farm.browser().get("/audit/").text


@pytest.mark.parametrize("path", ["/printers/printer-9/stop", "/cells/cell-9/reset", "/queue/nothing/first"])
def test_what_does_not_exist_is_not_found(farm: Farm, path: str) -> None:
    assert farm.browser().post(path).status_code == 404
