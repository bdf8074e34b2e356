"""What people do at the site's screens, done through the same pages: residents at a kiosk, officers at their desks."""

import re
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from provisioning.errors import PassageError, Unavailable
from provisioning.sim.demo_site import CELL, DemoSite
from provisioning.sim.hardware import Hardware
from provisioning.sim.people import OFFICERS, DemoOfficer, DemoResident
from provisioning.sim.visitor import Form, Page, PageRefused, Visitor

T = TypeVar("T")
EUROS = r"€\s*([\d,]+\.\d\d)"
SIGN_IN = "/sign-in"  # where the desks send whoever they do not know, or no longer
LOOK_S = 0.2  # how often a person looks again
NOT_YET_APPROVED = "plant-label"  # the demo keeps one model for its visitors to approve


class NotSeen(Unavailable):
    """What should appear did not; ``what``."""

    code = "not_seen"


def until(see: Callable[[], T | None], what: str, timeout_s: float = 60.0) -> T:
    """Look until something is seen. Pages that are away or say no are looked at again, as a person would.

    Raises:
        NotSeen: not within ``timeout_s``; with the last refusal.
    """
    deadline_s = time.monotonic() + timeout_s
    last: object = None
    while time.monotonic() < deadline_s:
        try:
            if (seen := see()) is not None:
                return seen
        except PassageError as error:
            last = error
        time.sleep(LOOK_S)
    raise NotSeen(what=what, last=str(last))


def officer_of(role: str) -> DemoOfficer:
    """The demo's first officer with that role."""
    return next(one for one in OFFICERS if role in one.roles)


def _cents(found: re.Match[str]) -> int:
    return round(float(found.group(1).replace(",", "")) * 100)


class AtKiosk:
    """A resident at a kiosk."""

    def __init__(self, site: DemoSite, hardware: Hardware, kiosk: str, who: DemoResident) -> None:
        self._hardware, self._kiosk, self._who = hardware, kiosk, who
        self._visitor = Visitor(site.nodes[kiosk].url, "en")

    def sign_in(self) -> Page:
        """Lay the badge on and type the PIN; the menu. Nothing is done twice when the menu is there already."""
        page = self._visitor.get("/")
        if self._is_menu(page):
            return page
        if not any("/pin" in form.action for form in page.forms):
            self._hardware.lift(self._kiosk)
            self._hardware.touch(self._kiosk, self._who.badge_uid)
            page = until(self._pin_page, "the PIN pad", 5)
        self._visitor.send(page.form("/pin"), pin=self._who.pin)
        return until(lambda: page if self._is_menu(page := self._visitor.get("/")) else None, "the menu", 10)

    def _pin_page(self) -> Page | None:
        page = self._visitor.get("/")
        return page if any("/pin" in form.action for form in page.forms) else None

    @staticmethod
    def _is_menu(page: Page) -> bool:
        return any(address.endswith("/printing/") for address, _words in page.links)

    def ask_for(self, model: str, colour: str) -> Form:
        """Ask for one copy of a model; the form that was sent."""
        page = self._visitor.get(f"/printing/{model}")
        form = page.form(f"/printing/{model}")
        self._visitor.send(form, colour=colour, copies="1")
        return form

    def money(self, model: str) -> tuple[int, int]:
        """The price of one copy and the balance, in cents, as the model's page shows them in English."""
        text = self._visitor.get(f"/printing/{model}").text
        price, balance = re.search(rf"Price\s*{EUROS}", text), re.search(rf"You have\s*{EUROS}", text)
        if balance is None:
            raise NotSeen(what="the balance", last=text[:300])
        return _cents(price) if price else 0, _cents(balance)

    def press_again(self, form: Form) -> None:
        """The same press a second time."""
        self._visitor.send(form)

    def requests(self) -> Page:
        """My requests."""
        return self._visitor.get("/requests/")

    def request(self, page: Page) -> Page:
        """The newest request of that page."""
        own = [address for address, _words in page.links if len(address.rsplit("/", 1)[1]) >= 32]
        return self._visitor.get(own[0]) if own else page

    def walk_away(self) -> float:
        """Take the badge away; how many seconds it took until nothing of the person was on the screen."""
        begun_s = time.monotonic()
        self._hardware.lift(self._kiosk)
        until(self._blank, "a blank screen", 10)
        return time.monotonic() - begun_s

    def _blank(self) -> Page | None:
        page = self._visitor.get("/")
        return None if self._who.first_name in page.text or self._is_menu(page) else page


class AtDesk:
    """An officer at the back office or at the workshop desk; both sign in the same way."""

    def __init__(self, url: str, who: DemoOfficer) -> None:
        self._visitor = Visitor(url, "en")
        self._who = who

    def open(self, address: str) -> Page:
        """A page, signing in when asked."""
        page = self._visitor.get(address)
        if urlsplit(page.url).path.startswith(SIGN_IN):
            form = page.form("sign-in")
            self._visitor.send(form, name=self._who.sign_in_name, password=self._who.secret)
            page = self._visitor.get(address)
        return page

    def send(self, form: Form, **values: str) -> Page:
        """Send a form."""
        return self._visitor.send(form, **values)

    def state(self) -> dict[str, list[dict[str, object]]]:
        """The workshop desk's live picture for programs."""
        self.open("/")
        found: dict[str, list[dict[str, object]]] = self._visitor.get_json("/live.json")
        return found

    def approve(self, number: str) -> Form | None:
        """Approve a request; the form that was sent, None when somebody has decided already."""
        page = self.open(f"/printing/requests/{number}")
        forms = [form for form in page.forms if form.action.endswith("/approve")]
        if not forms:
            return None
        self.send(forms[0])
        return forms[0]

    def models(self) -> dict[str, str]:
        """The back office's model pages: address -> words of the link, the model's id among them."""
        page = self.open("/printing/models")
        return {address: words for address, words in page.links if address.rsplit("/", 1)[1].isdigit()}

    def sign_models(self, slot: str) -> int:
        """Sign every model that waits for this slot, but the one kept for visitors; how many waited."""
        signed = 0
        for address, words in self.models().items():
            forms = [form for form in self.open(address).forms if form.action.endswith(f"/sign/{slot}")]
            if forms and NOT_YET_APPROVED not in words:  # an id: titles are in the officer's language
                self.send(forms[0])
                signed += 1
        return signed

    def reset_cell(self) -> bool:
        """Reset the cell if it is off; whether it is live."""
        cell = self.state()["cells"][0]
        if not cell["live"]:
            page = self.open("/")
            self.send(page.form(f"/cells/{CELL}/reset"))
        return bool(cell["live"])


def sign_demo_models(site: DemoSite, count: int) -> None:
    """Two different officers sign the demo's models on the hub, as soon as the farm has told of them.

    Raises:
        NotSeen: the models did not arrive.
    """
    url = site.nodes["hub"].url
    first, second = AtDesk(url, officer_of("workshop")), AtDesk(url, officer_of("security"))

    def all_there() -> bool | None:
        return True if len(first.models()) >= count else None

    until(all_there, f"{count} models at the hub", 60)
    for officer, slot in ((first, "workshop"), (second, "security")):
        officer.sign_models(slot)


__all__ = ["AtDesk", "AtKiosk", "NotSeen", "PageRefused", "officer_of", "sign_demo_models", "until"]
