"""J2 in close-up: what the workshop's desk shows while a file is prepared, and what a printer's link knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from provisioning.contracts import OfficerRoster
from tests.farm.desk.support import PASSWORD, Line, officer
from tests.farm.desk.test_floor import Floor
from tests.farm.gcode.long_file import write_long_file
from tests.journeys.walker import Walker
from tests.support import wait_until
from tests.web.browser import OFFICE, fresh_page, serving

pytestmark = pytest.mark.web

STRANGER = "Sprinter experimental 0.3"
DIFFERS = "FIRMWARE_NAME is 'Sprinter experimental 0.3', the profile wants '^Marlin 2\\.1'"


@pytest.fixture
def floor(run_dir: Path) -> Iterator[Floor]:
    made = Floor(run_dir)
    yield made
    made.close()


@contextmanager
def at_workshop(chromium: Browser, floor: Floor, language: str, journey: str) -> Iterator[Walker]:
    """The desk's pages, an officer of the workshop signed in who reads ``language``."""
    els = officer("o-els", "workshop", language=language)
    floor.farm.hear(OfficerRoster(edition=2, officers=(els,)))
    with serving(floor.farm.app) as address, fresh_page(chromium, viewport=OFFICE) as page:
        walker = Walker(page, journey, is_kiosk=False)
        page.goto(f"{address}/sign-in")
        page.fill("#name", "els")
        page.fill("#password", PASSWORD)
        walker.go("form button")
        yield walker


def open_page(walker: Walker, path: str) -> None:
    """Go where no link on this page leads."""
    walker.page.goto(walker.page.url.split("/", 3)[0] + "//" + walker.page.url.split("/")[2] + path)


def paused(floor: Floor, reason: str) -> Line:
    """A worker whose print paused by itself at 62 per cent."""
    floor.go_live()
    floor.order()
    worker, run = floor.leased()
    total_s = floor.job().order.seconds
    worker.say(t="run", run=run, state="printing")
    worker.say(t="printer", state="busy", firmware="Marlin 2.1.2", dialect="marlin", window=4)
    worker.say(t="temps", nozzle_c=209.8, nozzle_target_c=210, bed_c=59.9, bed_target_c=60)
    worker.say(
        t="progress", run=run, line=620, of=1000, layer=41, layers=68, elapsed_s=4, left_s=0.379 * total_s
    )
    worker.say(t="run", run=run, state="paused", reason=reason)
    wait_until(lambda: floor.desk.queue.run(run).state == "paused")  # type: ignore[union-attr]
    return worker


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_long_file_is_seen_being_prepared_and_taken_out_at_a_press(
    chromium: Browser, floor: Floor, language: str, tmp_path: Path
) -> None:
    write_long_file(tmp_path / "long.gcode", 400_000)
    sheet = floor.farm.add_model((tmp_path / "long.gcode").read_bytes(), model_id="long")
    floor.farm.hear(floor.farm.order(sheet, copies=2, expires_utc="2099-01-01T00:00:00.000Z"))
    with at_workshop(chromium, floor, language, "desk-queue") as walker:
        open_page(walker, "/queue/")
        walker.look("ordered")
        floor.desk.spooler.start()
        expect(walker.sees("#why-O-1-1 .progress")).to_contain_text(" % · ", timeout=20_000)
        walker.look("preparing")
        walker.press(walker.page.locator('[data-dialog="drop-O-1-1"]'))
        walker.sees("dialog[open]")
        walker.go("dialog[open] button")
        assert floor.desk.queue.job("O-1-1").state == "cancelled"  # type: ignore[union-attr]
        walker.look("taken-out")


@pytest.mark.parametrize("language", ["de", "nl"])
def test_an_unknown_firmware_is_read_about_accepted_and_taken_back(
    chromium: Browser, floor: Floor, language: str
) -> None:
    worker = floor.worker(state="identifying")
    worker.say(t="printer", state="quarantined", firmware=STRANGER, reason=DIFFERS)
    wait_until(lambda: floor.desk.live.printer("printer-1").state == "quarantined")
    with at_workshop(chromium, floor, language, "desk-firmware") as walker:
        walker.look("farm-quarantined")
        walker.go("#words-printer-1 p a.button")
        walker.look("quarantined")
        walker.press('[data-dialog="accept"]')
        walker.sees("dialog[open]")
        walker.look("accept")
        walker.go("dialog[open] button")
        assert worker.hear() == {"t": "accept", "firmware": STRANGER}
        worker.say(t="printer", state="idle", firmware=STRANGER, dialect="marlin", window=1)
        walker.page.locator("#about .notice.tone-bad").wait_for(state="detached")
        walker.look("accepted")
        assert worker.hear() == {
            "t": "accept",
            "firmware": STRANGER,
        }  # looking pressed again: said again, no harm
        walker.press('[data-dialog="take-back"]')
        walker.go("dialog[open] button")
        assert worker.hear() == {"t": "accept", "firmware": ""}


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_print_found_after_a_crash_asks_for_an_officers_word(
    chromium: Browser, floor: Floor, language: str
) -> None:
    worker = paused(floor, "worker_restarted")
    with at_workshop(chromium, floor, language, "desk-crash") as walker:
        expect(walker.sees("#numbers-printer-1")).to_contain_text("62 %")
        walker.look("paused")
        walker.press('[data-dialog^="cancel-"]')
        walker.sees("dialog[open]")
        walker.look("end")
        walker.go('dialog[open] button[type="submit"]')
        assert worker.hear() == {"t": "cancel"}


@pytest.mark.parametrize("language", ["nl", "de"])
def test_what_a_printer_asks_and_says_is_read_at_the_desk(
    chromium: Browser, floor: Floor, language: str
) -> None:
    worker = paused(floor, "out_of_filament")
    worker.say(t="printer_says", what="out_of_filament", text="T0")
    worker.say(t="printer_says", what="notification", text="Filament Runout T0")
    worker.say(t="printer_says", what="thermal", text="Thermal Runaway, system stopped! Heater_ID: 0")
    worker.say(t="printer_says", what="prompt", text="Filament runout T0", buttons=["Continue", "Purge More"])
    wait_until(lambda: floor.desk.live.printer("printer-1").prompt)
    with at_workshop(chromium, floor, language, "desk-says") as walker:
        walker.look("farm")
        walker.press('[data-dialog="stop-printer-1"]')
        walker.sees("dialog[open]")
        walker.look("stop-behind-the-queue")
        open_page(walker, "/printers/printer-1")
        walker.look("printer")
        worker.say(
            t="printer",
            state="busy",
            firmware="Marlin 2.1.2",
            dialect="marlin",
            window=4,
            is_stop_immediate=True,
        )
        worker.say(t="printer_says", what="prompt_end")
        walker.sees(".notice.tone-good")
        walker.look("stops-at-once")
