"""A real Chromium for tests of pages: fixtures to import into a conftest, and what every page test asks of a page.

Other folders: ``from tests.web.browser import chromium, kiosk_page, office_page  # noqa: F401`` in their conftest.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from provisioning.web.serve import Server

SCREENS = Path(__file__).parents[2] / "build" / "screens"
KIOSK = {"width": 1280, "height": 800}
OFFICE = {"width": 1920, "height": 1080}
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
OPERABLE = (
    "a[href], button, select, textarea, label.choice, input:not([type=hidden], [type=radio], [type=checkbox])"
)


_SHARED = pytest.StashKey[Browser]()


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Browser:
    """Debian's Chromium, started once however many folders import this; never one that playwright downloads."""
    program, config = shutil.which("chromium"), request.config
    if program is None:
        pytest.skip("Debian's chromium is not installed")
    if _SHARED not in config.stash:
        playwright = sync_playwright().start()
        config.add_cleanup(playwright.stop)
        config.stash[_SHARED] = playwright.chromium.launch(executable_path=program, args=ARGS)
        config.add_cleanup(config.stash[_SHARED].close)
    return config.stash[_SHARED]


@pytest.fixture
def kiosk_page(chromium: Browser) -> Iterator[Page]:
    """A fresh touch screen of 1280 x 800, which fails the test on any script error or blocked resource."""
    with fresh_page(chromium, viewport=KIOSK, has_touch=True) as page:
        yield page


@pytest.fixture
def office_page(chromium: Browser) -> Iterator[Page]:
    """A fresh desktop of 1920 x 1080, which fails the test on any script error or blocked resource."""
    with fresh_page(chromium, viewport=OFFICE) as page:
        yield page


@contextmanager
def fresh_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page in a context of its own; what it complains about (scripts, blocked or foreign files) fails the test."""
    context: BrowserContext = browser.new_context(locale="en", timezone_id="Europe/Brussels", **options)
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
    )
    page.on(
        "request",
        lambda request: complaints.append(f"outside: {request.url}") if is_outside(request.url) else None,
    )
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def is_outside(url: str) -> bool:
    """Whether a page asked for something that is not on this machine."""
    return not url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "about:"))


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of ``app``, served by the production server in a thread on a free loopback port."""
    server = Server(app, "127.0.0.1:0")
    thread = threading.Thread(target=server.run, name="served-by-test", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join(5)
        assert not thread.is_alive()


def go_back(page: Page) -> None:
    """One page back in the history; a screen that turns to its own page meanwhile may win."""
    try:
        page.go_back()
    except PlaywrightError as error:
        if "ERR_ABORTED" not in str(error):
            raise
        page.wait_for_load_state()


def picture(page: Page, name: str, *, full: bool = False) -> Path:
    """Keep a screenshot as ``build/screens/<name>.png``."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    path = SCREENS / f"{name}.png"
    page.screenshot(path=str(path), full_page=full)
    return path


def serious_faults(page: Page) -> list[str]:
    """What axe finds serious or critical on the page as it is now: rule and the elements it names."""
    found = Axe().run(page).response["violations"]
    return [
        f"{fault['id']}: {node['target']}"
        for fault in found
        if fault["impact"] in {"serious", "critical"}
        for node in fault["nodes"]
    ]


def small_targets(page: Page, least_px: int = 64) -> list[str]:
    """Every operable thing in sight that is narrower or lower than ``least_px``: its words and its size."""
    return page.evaluate(
        """([selector, least]) => [...document.querySelectorAll(selector)]
            .map((part) => [part, part.getBoundingClientRect()])
            .filter(([part, box]) => part.checkVisibility({visibilityProperty: true}) && box.width > 0)
            .filter(([, box]) => box.width < least - 0.01 || box.height < least - 0.01)
            .map(([part, box]) => `${part.tagName} ${part.textContent.trim()} ${box.width}x${box.height}`)""",
        [OPERABLE, least_px],
    )


def small_texts(page: Page, least_px: float = 20) -> list[str]:
    """Every text in sight that is drawn smaller than ``least_px``."""
    return page.evaluate(
        """(least) => [...document.querySelectorAll("body *")]
            .filter((part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
            .filter((part) => part.checkVisibility() && !part.closest(".visually-hidden, script"))
            .filter((part) => parseFloat(getComputedStyle(part).fontSize) < least - 0.01)
            .map((part) => `${part.textContent.trim()} ${getComputedStyle(part).fontSize}`)""",
        least_px,
    )


def sticks_out(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")
