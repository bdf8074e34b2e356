"""The kiosk's pages over a hub on loopback: signing in, asking, reading, objecting, leaving."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.policy.signed import sign_policy
from kiosk.terminal.session import Guest, Idle, Leaving, PinEntry, SignedIn
from kiosk.terminal.terminal import Terminal
from provisioning.audit.trail import verify_trail
from provisioning.clock import FakeClock
from provisioning.contracts import EndSession, Notice, Objection, PrintRequest, RequestStep, RequestView
from provisioning.errors import Refused, Unavailable
from provisioning.identity import NodeKey
from tests.kiosk.terminal.hub_sim import PNG, PNG_SHA, HubSim
from tests.kiosk.terminal.kiosk_kit import (
    AMIRA,
    AMIRAS,
    BRAMS,
    PINS,
    YUSUFS,
    Visitor,
    hidden,
    hub_sim,
    make_nodes,
    terminal_of,
)
from tests.support import wait_until

NOTICE = Notice(
    notice_id="n-1",
    title={"en": "No hot water", "nl": "Geen warm water"},
    body={"en": "Until two.", "nl": "Tot twee uur."},
    urgent=True,
    from_utc="2026-11-01T08:00:00.000Z",
    until_utc="2026-12-01T08:00:00.000Z",
)


@pytest.fixture
def hub_and_terminal(tmp_path: Path, clock: FakeClock) -> Iterator[tuple[HubSim, Terminal]]:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub, hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
        hub.notices = (NOTICE,)
        terminal.hub.refresh()
        yield hub, terminal


@pytest.fixture
def hub(hub_and_terminal: tuple[HubSim, Terminal]) -> HubSim:
    return hub_and_terminal[0]


@pytest.fixture
def terminal(hub_and_terminal: tuple[HubSim, Terminal]) -> Terminal:
    return hub_and_terminal[1]


@pytest.fixture
def visitor(terminal: Terminal) -> Visitor:
    return Visitor(terminal)


def actions(terminal: Terminal) -> list[str]:
    return [record.action for record in reversed(terminal.trail.latest())]


def test_badge_and_code_open_the_menu_and_leave_a_trail_without_names(
    terminal: Terminal, visitor: Visitor
) -> None:
    menu = visitor.signs_in(AMIRAS)
    assert "Hello Amira" in menu
    assert menu.count('class="tile"') == 3
    visitor.leaves()
    assert actions(terminal) == ["signed_in", "session_ended"]
    assert "Amira" not in repr(terminal.trail.latest())
    assert terminal.trail.latest()[0].detail == {"why": "badge_gone"}
    node = terminal.node
    assert verify_trail(terminal.db.path, node.node_id, NodeKey.load(node).key.public_key()) is None


def test_after_the_badge_is_gone_every_private_page_leads_home_and_says_nothing_of_the_person(
    terminal: Terminal, visitor: Visitor
) -> None:
    visitor.signs_in(AMIRAS)
    visitor.leaves()
    assert isinstance(terminal.keeper.state, Leaving)
    for path in ("/", "/printing/", "/printing/step-gauge", "/requests/", "/speak"):
        answer = visitor.get(path)
        assert "Amira" not in answer.get_data(as_text=True)
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_new_person_gets_a_new_epoch_and_an_old_form_does_nothing_in_their_name(
    terminal: Terminal, hub: HubSim, visitor: Visitor
) -> None:
    visitor.signs_in(AMIRAS)
    before = visitor.epoch()
    page = visitor.sees("/printing/step-gauge")
    visitor.leaves()
    assert visitor.epoch() != before
    visitor.signs_in(BRAMS)
    answer = visitor.press(page, "/printing/step-gauge", colour="blue", copies="1", do="ask")
    assert answer.status_code == 409
    assert hub.heard_of(PrintRequest) == []


def test_a_request_reaches_the_hub_once_however_often_the_button_is_pressed(
    hub: HubSim, visitor: Visitor
) -> None:
    visitor.signs_in(AMIRAS)
    page = visitor.sees("/printing/step-gauge")
    for _ in range(3):
        receipt = visitor.press(page, "/printing/step-gauge", colour="blue", copies="2", do="ask")
        assert "Your request was sent." in receipt.get_data(as_text=True)
        assert "R-000000" in receipt.get_data(as_text=True)
    assert [(wish.colour, wish.copies, wish.resident_id) for wish in hub.heard_of(PrintRequest)] == [  # type: ignore[attr-defined]
        ("blue", 2, AMIRA.resident_id)
    ]
    assert hub.heard_of(PrintRequest)[0].request_key == hidden(page)["form_key"]  # type: ignore[attr-defined]


def test_more_and_fewer_stay_between_one_and_what_is_offered_and_keep_the_colour(visitor: Visitor) -> None:
    visitor.signs_in(AMIRAS)
    page = visitor.sees("/printing/step-gauge")
    for press, price in (("more", "€2.40"), ("more", "€3.60"), ("more", "€3.60"), ("fewer", "€2.40")):
        answer = visitor.press(page, "/printing/step-gauge", do=press, colour="black")
        page = answer.get_data(as_text=True)
        assert price in page
    assert 'value="black" checked' in page


@pytest.mark.parametrize(
    "form",
    [
        {"colour": "gold", "copies": "1"},
        {"colour": "blue", "copies": "9"},
        {"copies": "1"},
        {"colour": "blue", "copies": ""},
    ],
)
def test_a_wish_that_is_not_offered_is_refused_and_nothing_is_sent(
    hub: HubSim, visitor: Visitor, form: dict[str, str]
) -> None:
    visitor.signs_in(AMIRAS)
    page = visitor.sees("/printing/step-gauge")
    assert visitor.press(page, "/printing/step-gauge", do="ask", **form).status_code == 409
    assert hub.heard_of(PrintRequest) == []


def test_a_wrong_code_keeps_the_pad_and_says_in_words_how_many_tries_are_left(visitor: Visitor) -> None:
    pad = visitor.signs_in(AMIRAS, "9999")
    assert "keypad" in pad
    assert "This code is not right." in pad
    assert "You can try 4 more times." in pad


def test_the_pads_digits_are_all_there_and_shuffled_anew_each_time(
    terminal: Terminal, visitor: Visitor
) -> None:
    terminal.arrivals.saw(AMIRAS)
    orders = set()
    for _ in range(6):
        digits = "".join(part[0] for part in visitor.sees("/").split('data-digit="')[1:])
        assert sorted(digits) == list("0123456789")
        orders.add(digits)
    assert len(orders) > 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("badge_unknown", "niet bekend"),
        ("badge_blocked", "geblokkeerd"),
        ("session_elsewhere", "ander scherm"),
    ],
)
def test_a_final_no_is_said_in_words_with_whom_to_ask_and_is_in_the_trail(
    hub: HubSim, terminal: Terminal, visitor: Visitor, code: str, words: str
) -> None:
    hub.refuse_with = Refused(code)
    page = visitor.puts_down(AMIRAS)
    assert words in page
    assert "Vraag het aan" in page
    assert (terminal.trail.latest()[0].action, terminal.trail.latest()[0].detail) == (
        "sign_in_refused",
        {"code": code},
    )
    assert AMIRAS.uid not in repr(terminal.trail.latest())


def test_a_busy_hub_is_not_an_absent_one(hub: HubSim, terminal: Terminal, visitor: Visitor) -> None:
    hub.refuse_with = Unavailable("busy")
    assert "Te veel mensen" in visitor.signs_in(AMIRAS)
    assert not terminal.hub.is_away


def test_the_idle_screen_shows_what_this_kiosk_takes(terminal: Terminal, visitor: Visitor) -> None:
    assert "touch__also" not in visitor.sees("/")
    terminal.section = msgspec.structs.replace(terminal.section, stick_port="virtual", keys="cards")
    assert visitor.sees("/").count("touch__also") == 2


def test_notices_are_read_without_a_badge_and_the_visit_ends_by_itself(
    clock: FakeClock, terminal: Terminal, visitor: Visitor
) -> None:
    assert "Geen warm water" in visitor.sees("/")
    assert "Geen warm water" in visitor.sees("/notices/")
    assert isinstance(terminal.keeper.state, Guest)
    assert "Tot twee uur." in visitor.sees("/notices/n-1")
    assert visitor.get("/notices/n-2").status_code == 409
    clock.advance(60)
    assert isinstance(terminal.keeper.state, Idle)


def test_a_chosen_language_holds_for_this_visit_only(
    clock: FakeClock, terminal: Terminal, visitor: Visitor
) -> None:
    page = visitor.press(visitor.sees("/"), "/language", language="ar").get_data(as_text=True)
    assert '<html lang="ar" dir="rtl">' in page
    terminal.arrivals.saw(AMIRAS)
    assert '<html lang="ar" dir="rtl">' in visitor.sees("/")
    clock.advance(60)
    assert '<html lang="nl" dir="ltr">' in visitor.sees("/")


def test_the_persons_own_language_is_spoken_once_they_are_known(visitor: Visitor) -> None:
    assert '<html lang="ar" dir="rtl">' in visitor.signs_in(YUSUFS)
    assert "مرحبًا يوسف" in visitor.sees("/")


def test_a_pulse_that_comes_late_takes_no_page_its_form(terminal: Terminal, visitor: Visitor) -> None:
    visitor.puts_down(AMIRAS)
    terminal.arrivals.saw(BRAMS)  # the next page's turn, while the old page's pulse is under way
    assert "Set-Cookie" not in visitor.browser.get("/-/pulse/any").headers
    pad = visitor.sees()
    assert "Hallo Bram" in visitor.press(pad, "/pin", pin=PINS[BRAMS.uid]).get_data(as_text=True)


def test_left_alone_the_pulse_counts_down_stay_gives_a_minute_and_then_it_is_over(
    clock: FakeClock, terminal: Terminal, visitor: Visitor
) -> None:
    page = visitor.signs_in(AMIRAS)
    clock.advance(50)
    assert visitor.browser.get("/-/pulse/any").get_json()["idle_left_s"] == 10
    assert visitor.press(page, "/stay").status_code == 204
    assert visitor.browser.get("/-/pulse/any").get_json()["idle_left_s"] == 75
    clock.advance(75)
    assert visitor.browser.get("/-/pulse/any").get_json()["screen"] == "Leaving"
    assert terminal.trail.latest()[0].detail == {"why": "idle"}


def test_stop_ends_the_session_and_tells_the_hub(hub: HubSim, terminal: Terminal, visitor: Visitor) -> None:
    page = visitor.signs_in(AMIRAS)
    visitor.press(page, "/stop")
    assert isinstance(terminal.keeper.state, Leaving)
    wait_until(lambda: hub.heard_of(EndSession), what="the hub hears of it")
    assert list(hub.ended.values()) == ["stop"]


def test_a_session_that_was_taken_over_ends_here_at_the_next_look(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    visitor.signs_in(AMIRAS)
    hub.ended[next(iter(hub.sessions))] = "taken_over"
    terminal._renew()
    assert "op een ander scherm" in visitor.sees("/") or "on another screen" in visitor.sees("/")
    assert terminal.trail.latest()[0].detail == {"why": "taken_over"}
    wait_until(
        lambda: hub.heard_of(EndSession), what="the hub hears that it is over here: somebody waits for that"
    )


POLICY = """
schema = 1
title = "For one test"
[[rule]]
id = "all"
effect = "allow"
services = ["*"]
[[rule]]
id = "no-printing"
effect = "deny"
services = ["printing"]
regimes = ["strict"]
because = "not_in_your_regime"
{hidden}
"""


def test_a_tile_that_policy_closes_is_grey_says_why_and_is_refused_by_address(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    hub.policy, hub.regime = hub.sign(POLICY.format(hidden="")), "strict"
    menu = visitor.signs_in(AMIRAS)
    assert "/printing/" not in menu
    assert "Your regime does not include this." in menu
    why = visitor.sees("/why/printing")
    assert "Your regime does not include this." in why
    assert "Ask the security officer." in why
    assert "no-printing" in why
    refused = visitor.get("/printing/")
    assert refused.status_code == 409
    assert "Your regime does not include this." in refused.get_data(as_text=True)
    assert visitor.get("/notices/").status_code == 200


def test_a_tile_that_policy_hides_is_not_in_the_menu_and_still_refused_in_words(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    hub.policy, hub.regime = hub.sign(POLICY.format(hidden="hidden = true")), "strict"
    assert "regime" not in visitor.signs_in(AMIRAS)
    assert "Your regime does not include this." in visitor.sees("/printing/")


def test_a_regime_or_a_policy_changed_at_the_hub_holds_at_the_next_renewal_of_an_open_session(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    assert "/printing/" in visitor.signs_in(AMIRAS)
    hub.policy = hub.sign(POLICY.format(hidden=""))
    terminal._renew()
    assert "/printing/" in visitor.sees("/")
    hub.regime = "strict"
    terminal._renew()
    assert "/printing/" not in visitor.sees("/")


def test_a_policy_that_the_hub_did_not_sign_changes_nothing(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    assert "/printing/" in visitor.signs_in(AMIRAS)
    hub.policy = sign_policy('schema = 1\ntitle = "nothing"\n', NodeKey.load(terminal.node))
    terminal.hub.refresh()
    assert "/printing/" in visitor.sees("/")


def test_without_any_policy_every_tile_is_closed_and_says_so(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    terminal.hub.rulebook, hub.policy = None, b""
    menu = visitor.signs_in(AMIRAS)
    assert menu.count("This screen has not received its rules yet.") == 3
    assert visitor.get("/printing/").status_code == 409


def _refused() -> RequestView:
    steps = (
        RequestStep(state="received", at_utc="2026-11-22T07:00:00.000Z"),
        RequestStep(
            state="refused", at_utc="2026-11-22T07:30:00.000Z", by_role="workshop", words="Which towel?"
        ),
    )
    return RequestView(
        request_key="1" * 32,
        number="R-7K3M9Q",
        service="printing",
        title="Step gauge",
        state="refused",
        steps=steps,
        reason="Please tell us what for.",
        may_object=True,
        ask_whom="Ask the workshop officer.",
        model_id="step-gauge",
        colour="blue",
    )


def test_a_refusal_shows_its_reason_whom_to_ask_and_takes_one_objection(
    hub: HubSim, visitor: Visitor
) -> None:
    view = _refused()
    hub.requests = [view]
    visitor.signs_in(AMIRAS)
    page = visitor.sees(f"/requests/{view.request_key}")
    for words in (
        "Please tell us what for.",
        "Ask the workshop officer.",
        "Workshop officer: \u2068Which towel?\u2069",  # isolated: in its own direction on an Arabic page too
        "I do not agree",
    ):
        assert words in page
    form = visitor.sees(f"/requests/{view.request_key}/disagree")
    for _ in range(2):
        visitor.press(form, f"/requests/{view.request_key}/disagree", why="facts_wrong")
    assert visitor.press(form, f"/requests/{view.request_key}/disagree", why="because").status_code == 409
    assert [(heard.why, heard.request_key) for heard in hub.heard_of(Objection)] == [
        ("facts_wrong", view.request_key)
    ]  # type: ignore[attr-defined]
    hub.requests = [msgspec.structs.replace(view, may_object=False, state="objected")]
    assert "I do not agree" not in visitor.sees(f"/requests/{view.request_key}")
    assert visitor.get(f"/requests/{view.request_key}/disagree").status_code == 409


def test_a_picture_is_kept_under_its_hash_and_any_other_name_finds_nothing(
    terminal: Terminal, visitor: Visitor
) -> None:
    assert visitor.get(f"/picture/{PNG_SHA}.png").get_data() == PNG
    for name in ("0" * 64, "../../node", "x"):
        assert visitor.get(f"/picture/{name}.png").status_code == 404


def test_the_public_copy_is_fetched_again_only_when_it_changed_and_survives_a_restart(
    tmp_path: Path, clock: FakeClock
) -> None:
    hub_node, kiosk_node = make_nodes(tmp_path)
    with hub_sim(hub_node, clock) as hub:
        hub.notices = (NOTICE,)
        with hub.on_air(), terminal_of(kiosk_node, clock) as terminal:
            terminal.hub.refresh()
            first = terminal.hub.copy
            terminal.hub.refresh()
            assert terminal.hub.copy is first
            hub.etag, hub.models = "2", hub.models[1:]
            terminal.hub.refresh()
            assert [model.model_id for model in terminal.models()] == ["hook"]
            assert terminal.store.pictures() == set()
        with terminal_of(kiosk_node, clock) as terminal:
            assert [model.model_id for model in terminal.models()] == ["hook"]
            assert terminal.notices() == (NOTICE,)
            clock.advance(30 * 86400)
            assert terminal.notices() == ()


def test_the_pad_cannot_be_used_before_a_badge_is_there(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    page = visitor.sees("/")
    visitor.press(page, "/pin", pin="1234")
    assert isinstance(terminal.keeper.state, Idle)
    terminal.arrivals.saw(AMIRAS)
    for pin in ("", "12", "abcd", "1" * 13):
        visitor.press(visitor.sees("/"), "/pin", pin=pin)
        assert isinstance(terminal.keeper.state, PinEntry)
    assert hub.sign_ins == 0


def test_a_database_that_cannot_be_written_lets_nobody_in_and_says_so(
    hub: HubSim, terminal: Terminal, visitor: Visitor
) -> None:
    terminal.db.db.conn.execute("PRAGMA query_only = ON")
    page = visitor.signs_in(AMIRAS)
    assert "kan nu niets bewaren" in page or "cannot save anything" in page
    assert not isinstance(terminal.keeper.state, SignedIn)
