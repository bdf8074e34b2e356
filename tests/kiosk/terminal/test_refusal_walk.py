"""G04, walked: a real hub says no in every way it can, and the page shows why, whom to ask and the rule id.

At the welcome, at the sign-in, when a stick is taken up, before a service's door and behind it; in five languages.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, get_args

import pytest
from flask import Flask

from kiosk.policy.rules import Because
from kiosk.policy.words import SENTENCES as POLICY_SENTENCES
from kiosk.refusals.rules import ANSWERS
from kiosk.terminal.app import make_app
from kiosk.terminal.entrance import RETRY_CODES
from kiosk.terminal.session import GuestCame, Idle, Leaving, SessionEnded, SignedIn, StayPressed, StopPressed
from kiosk.terminal.terminal import Terminal
from provisioning.clock import FakeClock
from provisioning.contracts import Contract, PrintRequest, RequestView, SignIn, Suspension, TakeUp, WhoComes
from provisioning.errors import PassageError, Unavailable
from provisioning.web.locale import LANGUAGES, gettext, use_language
from provisioning.web.sentences import sentence_for
from tests.kiosk.refusal_kit import Code, Place
from tests.kiosk.refusal_lists import NEVER
from tests.kiosk.terminal.hub_sim import HubSim
from tests.kiosk.terminal.kiosk_kit import AMIRAS, Visitor, hub_sim, make_nodes, stick_of, terminal_of

CODE = Code()
VALUES: dict[str, str | int] = {"until_utc": "2026-11-22T12:00:00.000Z"}
# Where a question of a kiosk leads at the hub.
ASKED = (
    "kiosk/hub/api.py",
    "kiosk/hub/sessions/",
    "provisioning/sync/receiver.py",
    "provisioning/store/opening.py",
)
PROVED = (*ASKED, "provisioning/identity/")
HEAD = 'schema = 1\ntitle = "walk"\n'
SUSPENDED = Suspension(
    suspension_id="S-7K3M9Q",
    service="printing",
    from_utc="2026-11-01T08:00:00.000Z",
    until_utc="2027-12-01T08:00:00.000Z",
    reason="",
)
DONE = RequestView(
    request_key="done",
    number="R-000001",
    service="printing",
    title="Hook",
    state="refused",
    steps=(),
    reason="You already received enough of these parts.",
    rule=ANSWERS["enough_made"],
    ask_whom="Ask the workshop officer.",
    colour="white",
)
ENDS = [("lease", "lease_over"), ("taken_over", "session_taken_over"), ("hub", "session_ended")]


def raised_in(files: tuple[str, ...]) -> dict[str, Place]:
    """Every code that is raised there and that a person may read, with one place of it."""
    found = {
        code: min(there, key=str)
        for code, places in CODE.codes.items()
        if code not in NEVER
        and (there := [one for one in places if one.error and one.file.startswith(files)])
    }
    return dict(sorted(found.items()))


def error_of(code: str, place: Place) -> PassageError:
    """The error as it is raised there, with something in everything that comes along."""
    module, _, name = place.error.rpartition(".")
    kind = getattr(import_module(module), name)
    detail = {one: VALUES.get(one, 7) for one in place.detail}
    made = kind(code, **detail)
    assert isinstance(made, PassageError)
    return made


@dataclass
class Walk:
    """One kiosk and its hub, for the whole file: the page is only ever made once."""

    hub: HubSim
    terminal: Terminal
    app: Flask
    visitor: Visitor
    clock: FakeClock
    policy: bytes

    def speaks(self, language: str) -> None:
        """The person chooses a language at the idle screen."""
        self.terminal.keeper.feed(GuestCame(language))

    def refused_at(self, question: type[Contract], error: PassageError) -> None:
        self.hub.refuse_with, self.hub.refuse_at = error, frozenset({question})

    def clear(self) -> None:
        """Nobody, and a hub that says yes."""
        self.hub.refuse_with = None
        if isinstance(self.terminal.keeper.feed(StopPressed()), Leaving):
            self.clock.advance(10)
        assert isinstance(self.terminal.keeper.state, Idle)

    def must_show(self, page: str, language: str, code: str, rule: str = "", **detail: object) -> None:
        """The page speaks the language and says the sentence, whom to ask, and the rule."""
        with self.app.test_request_context():
            use_language(language)
            wanted = sentence_for(code, rule=rule, **detail)  # type: ignore[arg-type]
            label = gettext("Rule:")
        text = " ".join(html.unescape(page).split())
        assert f'lang="{language}"' in text
        assert " ".join(wanted.text.split()) in text
        assert wanted.contact in text
        assert wanted.rule
        assert f'{label} <bdi dir="ltr" class="code">{wanted.rule}</bdi>' in text


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    clock = FakeClock()
    hub_node, kiosk_node = make_nodes(tmp_path_factory.mktemp("walk"))
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        terminal.hub.refresh()
        app = make_app(terminal)
        yield Walk(hub, terminal, app, Visitor(terminal, app), clock, hub.policy)


@pytest.fixture(autouse=True)
def after(walk: Walk) -> Iterator[None]:
    yield
    walk.clear()
    hub = walk.hub
    hub.policy, hub.suspensions, hub.balance_cents, hub.requests = walk.policy, (), 500, []


def refusals(files: tuple[str, ...]) -> dict[str, PassageError]:
    """What a hub can answer to a question that leads there."""
    return {code: error_of(code, place) for code, place in raised_in(files).items()}


# A hub that is not available at the welcome refuses nothing: the kiosk asks for the code all the same.
AT_WELCOME = {code: error for code, error in refusals(ASKED).items() if not isinstance(error, Unavailable)}
AT_SIGN_IN = refusals(PROVED)
AT_TAKE_UP = {code: error for code, error in refusals(ASKED).items() if code != "pin_wrong"}  # asked before


def as_read(code: str) -> str:
    """A hub that cannot save is not a kiosk that cannot."""
    return "hub_cannot_save" if code.startswith("store_") else code


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", AT_WELCOME)
def test_at_the_welcome(walk: Walk, code: str, language: str) -> None:
    walk.refused_at(WhoComes, AT_WELCOME[code])
    walk.speaks(language)
    walk.must_show(walk.visitor.puts_down(AMIRAS), language, code, **AT_WELCOME[code].detail)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", AT_SIGN_IN)
def test_at_the_sign_in(walk: Walk, code: str, language: str) -> None:
    walk.refused_at(SignIn, AT_SIGN_IN[code])
    walk.speaks(language)
    page = walk.visitor.signs_in(AMIRAS)
    assert ('name="pin"' in page) == (code in RETRY_CODES)
    walk.must_show(page, language, as_read(code), **AT_SIGN_IN[code].detail)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", AT_TAKE_UP)
def test_when_a_stick_is_taken_up(walk: Walk, code: str, language: str) -> None:
    walk.refused_at(TakeUp, AT_TAKE_UP[code])
    walk.speaks(language)
    page = walk.visitor.signs_in(stick_of(walk.hub, AMIRAS))
    walk.must_show(page, language, as_read(code), **AT_TAKE_UP[code].detail)


def rule(name: str, effect: str = "allow", more: str = "") -> str:
    """A policy of one rule about every service."""
    return f'{HEAD}[[rule]]\nid = "{name}"\neffect = "{effect}"\nservices = ["*"]\n{more}\n'


# Each code that a decision can carry: the policy, and the rule that the screen must name.
DOORS: dict[str, tuple[str, str]] = {
    "not_offered": (HEAD, "no-rule"),
    "not_on_this_device": (rule("far", more='places = ["Z"]'), "far"),
    "not_at_this_time": (rule("early", more='hours = "03:00-03:01"'), "early"),
    "proof_too_weak": (rule("strong", more="level = 2"), "strong"),
    "service_suspended": (rule("open"), "suspension-S-7K3M9Q"),
    **{
        code: (
            rule(f"shut-{code.replace('_', '-')}", "deny", f'because = "{code}"'),
            f"shut-{code.replace('_', '-')}",
        )
        for code in get_args(Because)
        if code not in {"not_on_this_device", "not_at_this_time"}
    },
}


def test_every_reason_of_policy_has_its_door() -> None:
    assert {*DOORS, "policy_missing"} == set(POLICY_SENTENCES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", DOORS)
def test_before_a_door_and_behind_it(walk: Walk, code: str, language: str) -> None:
    text, name = DOORS[code]
    walk.hub.policy = walk.hub.sign(text)
    if code == "service_suspended":
        walk.hub.suspensions = (SUSPENDED,)
    walk.visitor.signs_in(AMIRAS)
    walk.speaks(language)
    until_utc = SUSPENDED.until_utc if code == "service_suspended" else ""
    menu = walk.visitor.sees("/")
    for page in (
        walk.visitor.sees("/why/printing"),
        walk.visitor.sees("/printing/"),
        walk.visitor.press(menu, "/printing/step-gauge", copies="1", colour="white").get_data(as_text=True),
    ):
        walk.must_show(page, language, code, name, until_utc=until_utc)
    assert [one for one in walk.hub.heard if isinstance(one, PrintRequest)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_a_door_when_no_rules_have_come(walk: Walk, language: str) -> None:
    before = walk.terminal.hub.rulebook
    walk.terminal.hub.rulebook = None
    try:
        walk.hub.policy = b"nothing that the hub signed"
        walk.visitor.signs_in(AMIRAS)
        walk.speaks(language)
        walk.must_show(walk.visitor.sees("/printing/"), language, "policy_missing", "no-policy")
    finally:
        walk.terminal.hub.rulebook = before


PRESSED = {
    "model_not_offered": ("/printing/unknown", {"copies": "1", "colour": "white"}),
    "colour_not_offered": ("/printing/step-gauge", {"copies": "1", "colour": "gold"}),
    "field_missing": ("/printing/step-gauge", {"copies": "many", "colour": "white"}),
    "objection_not_possible": ("/requests/done/disagree", None),
    "not_found": ("/requests/none", None),
    "form_expired": ("/printing/step-gauge", {"copies": "1", "colour": "white", "csrf_token": "old"}),
    "balance_too_low": ("/printing/step-gauge?copies=3", None),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", PRESSED)
def test_behind_an_open_door(walk: Walk, code: str, language: str) -> None:
    path, fields = PRESSED[code]
    walk.hub.balance_cents, walk.hub.requests = 300, [DONE]
    walk.visitor.signs_in(AMIRAS)
    walk.speaks(language)
    if fields is None:
        page = walk.visitor.sees(path)
    else:
        page = walk.visitor.press(walk.visitor.sees("/printing/step-gauge"), path, **fields).get_data(
            as_text=True
        )
    walk.must_show(page, language, code)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("event", "code"), ENDS)
def test_when_the_session_ends_from_afar(walk: Walk, event: str, code: str, language: str) -> None:
    walk.visitor.signs_in(AMIRAS)
    walk.speaks(language)
    state = walk.terminal.keeper.state
    assert isinstance(state, SignedIn)
    if event == "lease":
        while isinstance(walk.terminal.keeper.feed(StayPressed()), SignedIn):
            walk.clock.advance(30)
    else:
        why: Literal["taken_over", "hub"] = "taken_over" if event == "taken_over" else "hub"
        walk.terminal.keeper.feed(SessionEnded(state.person.session_id, why))
    walk.must_show(walk.visitor.sees("/"), language, code)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_that_was_refused_names_its_rule(walk: Walk, language: str) -> None:
    walk.hub.requests = [DONE]
    walk.visitor.signs_in(AMIRAS)
    walk.speaks(language)
    page = html.unescape(walk.visitor.sees("/requests/done"))
    assert DONE.reason in page
    assert DONE.ask_whom in page
    assert f">{DONE.rule}</bdi>" in page
