"""Pictures at the pad and "my code" at a kiosk that asks the whole hub; a held session looks like any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from kiosk.hub.people.secrets import SecretDesk
from kiosk.terminal.pictures import PICTURES, shuffled
from kiosk.terminal.session import CredentialGone, PinEntry, SignedIn
from provisioning.clock import FakeClock
from provisioning.contracts import ChangeSecret, Contract
from provisioning.identity.choosing import is_pictures
from tests.kiosk.terminal.house_kit import HELP, House, open_house
from tests.kiosk.terminal.kiosk_kit import hidden

OWN = "1234"
MEANWHILE_S = 0.5  # longer than a press takes that waits for nothing


@pytest.fixture
def house(tmp_path: Path, clock: FakeClock) -> Iterator[House]:
    with open_house(tmp_path, clock) as made:
        yield made


def heading(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found, page
    return found[1].strip()


def chooses(house: House, what: str, *secrets: str) -> str:
    """Walk through one change; the last page's heading."""
    house.begins(what)
    return heading([house.gives(secret) for secret in secrets][-1])


def test_a_number_keeps_its_picture_for_ever() -> None:
    names = [
        "sun",
        "tree",
        "fish",
        "house",
        "car",
        "umbrella",
        "apple",
        "bicycle",
        "cup",
        "ball",
        "cat",
        "boat",
    ]
    assert [(one.number, one.name) for one in PICTURES] == list(enumerate(names, 1))
    assert len({one.icon for one in PICTURES}) == len(PICTURES)
    assert all(
        is_pictures(f"{one.number}-{one.number % 12 + 1}-{(one.number + 4) % 12 + 1}") for one in PICTURES
    )


def test_the_pictures_lie_elsewhere_each_time() -> None:
    drawn = {tuple(one.number for one in shuffled()) for _ in range(20)}
    assert len(drawn) == 20
    assert {tuple(sorted(one)) for one in drawn} == {tuple(range(1, 13))}


def test_a_new_code_is_asked_for_twice_and_opens(house: House) -> None:
    house.comes(OWN)
    assert heading(house.begins("new")) == "First the code you have now"
    assert heading(house.gives(OWN)) == "Choose a new code"
    assert heading(house.gives("6283")) == "The same code again"
    assert heading(house.gives("6283")) == "Your code is changed."
    house.goes()
    assert "This code is not right." in house.comes(OWN)
    house.goes()
    assert "What would you like to do?" in house.comes("6283")


def test_the_last_step_pressed_twice_changes_the_code_once(house: House) -> None:
    """The second press comes while the hub looks at the first: it is no wrong code, and what it leads to is the end."""
    house.comes(OWN)
    house.begins("new")
    house.gives(OWN)
    house.gives("6283")
    form = {**hidden(house.visitor.sees("/my-code/step")), "step": "again", "pin": "6283"}
    browser, asked, said = house.visitor.browser, [], []
    other, cookie = browser.application.test_client(), browser.get_cookie("passage-kiosk-a")
    assert cookie is not None
    other.set_cookie("passage-kiosk-a", cookie.value)

    def press() -> None:
        said.append(other.post("/my-code/step", data=form, follow_redirects=True).get_data(as_text=True))

    second, desk = Thread(target=press), SecretDesk(house.hub.signing_in.prover)

    def slow(sender: str, question: Contract) -> Contract:
        asked.append(question)
        if len(asked) == 1:
            second.start()
            second.join(MEANWHILE_S)
        return desk.change(sender, question)

    house.hub.receiver.on_call(ChangeSecret, slow)
    browser.post("/my-code/step", data=form)
    second.join()
    assert heading(said[0]) == "Your code is changed."
    assert len(asked) == 1


def test_trivial_same_and_different_codes_are_said_at_once(house: House) -> None:
    house.comes(OWN)
    house.begins("new")
    house.gives(OWN)
    assert "Everybody would guess this code." in house.gives("0000")
    assert "This cannot be a code." in house.gives("12")
    house.gives("6283")
    assert "The second time was different." in house.gives("6284")
    house.gives("6283")
    assert heading(house.gives("6283")) == "Your code is changed."
    house.begins("new")
    house.gives("6283")
    assert "You have this code already." in house.gives("6283")


def test_a_wrong_old_code_begins_again_and_counts(house: House) -> None:
    house.comes(OWN)
    house.begins("new")
    house.gives("5555")
    house.gives("6283")
    page = house.gives("6283")
    assert heading(page) == "First the code you have now"
    assert "You can try 4 more times." in page


def test_pictures_open_when_they_were_chosen_and_the_pad_shows_twelve(house: House) -> None:
    house.comes(OWN)
    assert chooses(house, "other", OWN, "3-7-11", "3-7-11") == "Your code is changed."
    house.goes()
    house.visitor.puts_down(house.badge)
    state = house.terminal.keeper.state
    assert isinstance(state, PinEntry)
    assert state.factor == "pictures"
    page = house.visitor.sees("/")
    assert page.count('class="picture"') == 12
    places = {tuple(re.findall(r'data-number="(\d+)"', house.visitor.sees("/"))) for _ in range(5)}
    assert len(places) == 5
    assert not any(f'aria-label="{one.name}"' in page for one in PICTURES)  # a voice would name them
    house.goes()
    assert "This code is not right." in house.comes("11-7-3")
    house.goes()
    assert "What would you like to do?" in house.comes("3-7-11")


def test_what_somebody_typed_is_forgotten_when_they_leave(house: House) -> None:
    house.comes(OWN)
    house.begins("new")
    house.gives(OWN)
    desk = house.visitor.browser.application.extensions["my_code"]
    assert desk.change.old == OWN
    house.terminal.keeper.feed(CredentialGone("badge"))
    house.visitor.epoch()  # the pulse of the page that is open
    assert desk.change is None
    assert heading(house.visitor.sees("/my-code/step")) != "Choose a new code"


@pytest.mark.parametrize("path", ["/my-code/", "/my-code/step", "/my-code/emergency"])
def test_nobody_without_a_session_sees_these_pages(house: House, path: str) -> None:
    answer = house.visitor.browser.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


# -- held -----------------------------------------------------------------------------------------------------

EPHEMERAL = (
    (r'name="(csrf_token|form_key|request_key)" value="[^"]*"', r'name="\1"'),
    (r'data-epoch="[^"]*"', "epoch"),
    (r"R-[0-9A-Z]{6}", "R-NUMBER"),
    (r"[0-9a-f]{32}", "KEY"),
    (r'<button type="button" class="keypad__key" data-digit.*?</button>', "digit"),
    (r'<button type="button" class="picture".*?</button>', "picture"),
)


def plain(page: str) -> str:
    """A page without tokens, ids and the places of the keys."""
    for pattern, instead in EPHEMERAL:
        page = re.sub(pattern, instead, page, flags=re.DOTALL)
    return page


def whole_visit(house: House, secret: str, new: str) -> dict[str, str]:
    """Everything that somebody beside the person sees from the pad to goodbye: menu, orders, receipt, my code."""
    visitor, seen = house.visitor, {}
    seen["menu"] = house.comes(secret)
    assert isinstance(house.terminal.keeper.state, SignedIn)
    for path in (
        "/printing/",
        "/printing/m-hook",
        "/requests/",
        "/notices/",
        "/speak",
        "/my-file/",
        "/my-code/",
    ):
        seen[path] = visitor.sees(path)
    order = visitor.sees("/printing/m-hook")
    receipt = visitor.press(order, "/printing/m-hook", colour="white", copies="1")
    seen["receipt"] = receipt.get_data(as_text=True)
    seen["ordered"] = visitor.sees("/requests/")
    number = re.search(r"R-[0-9A-Z]{6}", seen["ordered"])
    assert number
    seen["emergency"] = visitor.sees("/my-code/emergency")
    seen["change"] = "".join([house.begins("new"), *(house.gives(one) for one in ("5555", new, new))])
    seen["changed"] = "".join(house.gives(one) for one in (secret, new, new))
    seen["again"] = "".join([house.begins("emergency"), *(house.gives(one) for one in (new, "8350", "8350"))])
    seen["other"] = "".join([house.begins("other"), *(house.gives(one) for one in (new, "3-7-11", "3-7-11"))])
    seen["pulse"] = re.sub(r'"epoch":"[^"]*"', "", visitor.get("/-/pulse/any").get_data(as_text=True))
    visitor.press(visitor.sees("/"), "/stop")
    seen["goodbye"] = visitor.sees("/")
    house.terminal.hub.drain.nudge()
    return {name: plain(page) for name, page in seen.items()}


def test_a_held_session_and_a_normal_one_show_the_same_bytes(tmp_path: Path, clock: FakeClock) -> None:
    visits = []
    for name, is_held in (("normal", False), ("held", True)):
        folder = tmp_path / name
        folder.mkdir()
        with open_house(folder, FakeClock()) as house:
            house.comes(OWN)
            assert chooses(house, "emergency", OWN, HELP, HELP) == "Your emergency code is kept."
            house.goes()
            visits.append(whole_visit(house, HELP if is_held else OWN, "6283"))
            assert [one.kind for one in house.hub.incidents.latest(kind="duress")] == ["duress"] * is_held
            held = [one for service in house.hub.services for one in service.held_orders("en")]
            assert len(held) == int(is_held)
    normal, held_one = visits
    for name, page in normal.items():
        assert held_one[name] == page, name


def test_the_hub_forgets_what_a_held_session_pretended(house: House) -> None:
    house.comes(OWN)
    chooses(house, "emergency", OWN, HELP, HELP)
    house.goes()
    house.comes(HELP)
    assert chooses(house, "new", HELP, "6283", "6283") == "Your code is changed."
    assert chooses(house, "new", "6283", "5170", "5170") == "Your code is changed."
    house.goes()
    assert "This code is not right." in house.comes("5170")
    house.goes()
    assert "What would you like to do?" in house.comes(OWN)


# -- the first sign-in after an envelope ----------------------------------------------------------------------


def test_who_comes_with_a_code_from_an_envelope_chooses_an_own_one_first(house: House) -> None:
    envelopes, visitor = house.hub.envelopes, house.visitor
    ordered = envelopes.order("r-amira", "o-landing", second="o-security")
    pin = envelopes.make(ordered, "r-amira", "o-landing")
    assert heading(house.comes(pin)) == "Choose a code of your own"
    for path in ("/", "/printing/", "/requests/", "/my-file/"):
        assert heading(visitor.sees(path)) == "Choose a code of your own"
    assert heading(visitor.sees("/speak")) == "You can always speak to a person"
    assert chooses(house, "new", pin, "6283", "6283") == "Your code is changed."
    assert heading(visitor.sees("/")) == "What would you like to do?"
    house.goes()
    assert heading(house.comes("6283")) == "What would you like to do?"


def test_who_has_to_choose_and_cannot_reach_the_hub_is_not_kept_out(house: House) -> None:
    envelopes = house.hub.envelopes
    pin = envelopes.make(envelopes.order("r-amira", "o-landing"), "r-amira", "o-landing")
    house.comes(pin)
    house.terminal.hub.note_away()
    assert heading(house.visitor.sees("/")) == "What would you like to do?"
