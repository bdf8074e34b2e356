"""What a printer says to people: prompts whole, run-out and errors, and never more than a desk can bear."""

from __future__ import annotations

from farm.link.events import Busy, ColdExtrusion, CommandRefused, HostAction, PrinterHalted, Said
from farm.words import PrinterSays
from farm.worker.sayings import AGAIN_S, BURST, BUTTONS_MAX, TEXT_MAX, Sayings


def test_a_prompt_is_told_when_it_is_whole_and_again_to_a_desk_that_comes_back() -> None:
    sayings = Sayings()
    told = [
        sayings.take(HostAction(name, text), 0)
        for name, text in [
            ("prompt_begin", "Filament runout"),
            ("prompt_button", "Purge more"),
            ("prompt_button", "Continue"),
            ("prompt_show", ""),
        ]
    ]
    asked = PrinterSays("prompt", "Filament runout", ("Purge more", "Continue"))
    assert told == [None, None, None, asked]
    assert sayings.prompt == asked
    assert sayings.take(HostAction("prompt_end"), 5) == PrinterSays("prompt_end")
    assert sayings.prompt is None
    assert sayings.take(HostAction("prompt_end"), 6) is None


def test_a_prompt_never_grows_without_end() -> None:
    sayings = Sayings()
    sayings.take(HostAction("prompt_begin", "x" * 1000), 0)
    for number in range(100):
        sayings.take(HostAction("prompt_button", str(number)), 0)
    told = sayings.take(HostAction("prompt_show"), 0)
    assert told is not None
    assert len(told.text) == TEXT_MAX
    assert len(told.buttons) == BUTTONS_MAX


def test_every_kind_has_its_word() -> None:
    said = [
        (HostAction("notification", "hello"), PrinterSays("notification", "hello")),
        (HostAction("out_of_filament", "T0"), PrinterSays("out_of_filament", "T0")),
        (ColdExtrusion(), PrinterSays("cold_extrusion")),
        (PrinterHalted("Heating failed"), PrinterSays("thermal", "Heating failed")),
        (PrinterHalted("kill() called!"), PrinterSays("error", "kill() called!")),
        (CommandRefused("Move out of range"), PrinterSays("error", "Move out of range")),
        (Busy("paused for user"), PrinterSays("notification", "paused for user")),
        (Busy("processing"), None),
        (Said("Error:SD read"), PrinterSays("error", "SD read")),
        (Said("echo:SD card ok"), None),
        (HostAction("pause"), None),
    ]  # fmt: skip
    for event, word in said:
        assert Sayings().take(event, 0) == word


def test_the_same_sentence_is_no_news_until_a_while_later() -> None:
    sayings = Sayings()
    assert sayings.take(ColdExtrusion(), 0) is not None
    assert sayings.take(ColdExtrusion(), AGAIN_S - 1) is None
    assert sayings.take(ColdExtrusion(), AGAIN_S) is not None


def test_a_printer_that_chatters_is_cut_short() -> None:
    sayings = Sayings()
    told = [sayings.take(HostAction("notification", str(number)), number / 100) for number in range(500)]
    assert sum(one is not None for one in told) == BURST
    assert sayings.take(HostAction("notification", "later"), 100) is not None
