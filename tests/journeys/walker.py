"""Somebody who walks through pages in a real Chromium and judges each: readable, large enough, ours alone, sturdy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import urllib3
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, expect

from tests.journeys.house import House
from tests.web.browser import (
    KIOSK,
    OFFICE,
    fresh_page,
    picture,
    serious_faults,
    small_targets,
    small_texts,
    sticks_out,
)

STOP = "form[action='/stop'] button"
BLANK_MS = 2_000  # J1, step 11
EXPECTED_LOSSES = ("net::ERR_CONNECTION_REFUSED", "net::ERR_EMPTY_RESPONSE", "net::ERR_CONNECTION_RESET")

HIDDEN_PX = (
    """() => { const main = document.querySelector("main"); return main.scrollHeight - main.clientHeight; }"""
)
HIDDEN_BELOW_PX = """() => { const main = document.querySelector("main");
    return main.scrollHeight - main.clientHeight - main.scrollTop; }"""
SHARED_IDS = """() => { const seen = [...document.querySelectorAll("[id]")].map((one) => one.id);
    return seen.filter((id, at) => seen.indexOf(id) !== at); }"""
LEFT_TO_RIGHT = """() => [...document.querySelectorAll(".keypad, .copies, bdi.num, bdi.code, .receipt__number .code")]
    .filter((part) => part.checkVisibility() && getComputedStyle(part).direction !== "ltr")
    .map((part) => part.className + " " + part.textContent.trim().slice(0, 40))"""


class Walker:
    """One browser window of one journey. Each :meth:`look` judges the page that is there."""

    def __init__(self, page: Page, journey: str, *, is_kiosk: bool) -> None:
        self.page = page
        self.is_kiosk = is_kiosk
        self._journey = journey
        self._number = 0
        self._errors: list[str] = []
        self._sent: list[Request] = []
        self.status = 0  # of the page itself
        page.on("console", self._hear)
        page.on("response", self._note)
        page.on("request", lambda one: self._sent.append(one) if one.method == "POST" else None)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._errors.append(f"{message.text} ({urlsplit(message.location.get('url', '')).path})")

    def _note(self, answer: Response) -> None:
        if answer.request.is_navigation_request():
            self.status = answer.status

    # -- judging --------------------------------------------------------------------------------------------

    def look(self, name: str, *, status: int = 200, again: bool = True) -> None:
        """Judge what is on the screen; every form sent on the way here is sent a second time first.

        ``status``: of a page that refuses, the browser's console says so and that is not a fault.
        """
        self.page.evaluate("document.fonts.ready")
        language = self.page.locator("html").get_attribute("lang") or "xx"
        self._number += 1
        picture(self.page, f"{self._journey}-{self._number:02d}-{name}-{language}", full=not self.is_kiosk)
        faults = [*serious_faults(self.page), *self._console(status)]
        faults += [f"id used twice: {one}" for one in self.page.evaluate(SHARED_IDS)]
        if sticks_out(self.page) > 0:
            faults.append(f"sticks out by {sticks_out(self.page)} px")
        if self.is_kiosk:
            faults += self._kiosk_faults(language)
        assert faults == [], f"{self.page.url}: {name} in {language}"
        if again:
            self.press_again()

    def _console(self, status: int) -> list[str]:
        heard, self._errors = self._errors, []
        refusal = f"the server responded with a status of {status} "
        return [text for text in heard if status == 200 or refusal not in text]

    def _kiosk_faults(self, language: str) -> list[str]:
        wanted = "rtl" if language == "ar" else "ltr"
        faults = [f"small: {one}" for one in small_targets(self.page)]
        faults += [f"small text: {one}" for one in small_texts(self.page)]
        faults += [f"not left to right: {one}" for one in self.page.evaluate(LEFT_TO_RIGHT)]
        if self.page.locator("html").get_attribute("dir") != wanted:
            faults.append(f"dir is not {wanted}")
        return faults + self._hidden_faults()

    def _hidden_faults(self) -> list[str]:
        """A page that is longer than the screen says so, and its button reaches the end of it."""
        hidden_px, down = self.page.evaluate(HIDDEN_PX), self.page.locator("[data-scroll='1']")
        if hidden_px <= 1:
            return []
        if not down.is_visible():
            return [f"{hidden_px} px are hidden and nothing says so"]
        while self.page.evaluate(HIDDEN_BELOW_PX) > 1:
            before_px = self.page.evaluate("document.querySelector('main').scrollTop")
            down.tap()
            self.page.wait_for_function(
                "before => document.querySelector('main').scrollTop > before", arg=before_px
            )
        expect(down).to_be_disabled()
        return []

    def forgive(self) -> None:
        """The connection was cut on purpose: what the console says about that is no fault."""
        self._errors = [text for text in self._errors if not any(loss in text for loss in EXPECTED_LOSSES)]

    def press_again(self) -> list[int]:
        """Send every form of the way here once more, exactly as it was sent; what the server answered.

        Whoever presses twice gets a page or a refusal in words, never a failure.
        """
        sent, self._sent = self._sent, []
        answers = []
        for one in sent:
            answer = urllib3.request(
                "POST",
                one.url,
                headers=_headers(one),
                body=one.post_data_buffer,
                redirect=False,
                retries=False,
            )
            assert answer.status < 500, f"{one.url} pressed again: {answer.status}"
            answers.append(answer.status)
        return answers

    # -- acting ---------------------------------------------------------------------------------------------

    def press(self, target: str | Locator) -> None:
        """Touch (on a kiosk) or click something, by CSS or as found."""
        found = self.page.locator(target) if isinstance(target, str) else target
        if self.is_kiosk:
            found.tap()
        else:
            found.click()

    def go(self, target: str | Locator) -> None:
        """Press something that leads to another page, and wait until it is there."""
        with self.page.expect_navigation():
            self.press(target)

    def type_pin(self, pin: str) -> None:
        """Touch the digits where the pad shows them, then the check mark."""
        for digit in pin:
            self.press(f"[data-digit='{digit}']")
        self.press(".keypad__key--done")

    def sees(self, css: str, *, within_ms: float = 10_000) -> Locator:
        """Wait until something is in sight."""
        found = self.page.locator(css).first
        expect(found).to_be_visible(timeout=within_ms)
        return found

    def sees_nobody(self, first_name: str) -> None:
        """Within two seconds nothing personal is on the screen any more."""
        expect(self.page.locator("body")).not_to_contain_text(first_name, timeout=BLANK_MS)


def _headers(request: Request) -> dict[str, str]:
    kept = request.all_headers()
    return {
        name: value for name, value in kept.items() if not name.startswith(":") and name != "content-length"
    }


@contextmanager
def at_kiosk(browser: Browser, house: House, kiosk: str, journey: str) -> Iterator[Walker]:
    """The touch screen of a kiosk, nobody signed in before or after."""
    with fresh_page(browser, viewport=KIOSK, has_touch=True) as page:
        page.goto(house.url(kiosk))
        if page.locator(STOP).count():  # what the last one read stands there still
            with page.expect_navigation():
                page.locator(STOP).first.tap()
        try:
            yield Walker(page, journey, is_kiosk=True)
        finally:
            _take_everything(house, kiosk)


def _take_everything(house: House, kiosk: str) -> None:
    place = house.hardware.bench.readers[kiosk]
    if place.badge:
        house.hardware.lift(kiosk)
    if place.stick:
        house.hardware.pull(kiosk)
    if place.key:
        house.hardware.pull_key(kiosk)


@contextmanager
def at_desk(browser: Browser, house: House, node_id: str, officer: str, journey: str) -> Iterator[Walker]:
    """An officer's screen at the back office or the workshop, signed in by hand."""
    with fresh_page(browser, viewport=OFFICE) as page:
        walker = Walker(page, journey, is_kiosk=False)
        page.goto(house.url(node_id))
        walker.look("sign-in")
        page.fill("#name", officer)
        page.fill("#password", str(house.officers[officer]["secret"]))
        walker.press("form button")
        walker.sees(".bar__who")
        yield walker
