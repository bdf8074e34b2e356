"""The heat watch: a printer that may be hot and cannot be told to cool costs its cell the power, no other does."""

from __future__ import annotations

import msgspec
import pytest

from farm.link.events import (
    Busy,
    Event,
    PortGone,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Quarantined,
    Ready,
    Said,
    Temperatures,
)
from farm.link.identity import Firmware
from farm.profiles import find_profile
from farm.run.comeback import RETURN_TALK_MAX_S
from farm.worker.heat import UNREACHED_S, HeatWatch

HOT = Temperatures(nozzle_c=205, nozzle_target_c=205, bed_c=60, bed_target_c=60)
COLD = Temperatures(nozzle_c=80, nozzle_target_c=0, bed_c=40, bed_target_c=0)


@pytest.mark.parametrize("lost", [PortGone(), PrinterSilent()])
def test_a_hot_printer_out_of_reach_is_due_after_a_minute_and_once(lost: Event) -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=True)
    watch.take(lost, 10, has_run=True)
    assert not watch.is_due(10 + UNREACHED_S - 1)
    watch.take(lost, 40, has_run=False)  # lost again while it was looked for: the minute runs on
    assert watch.is_due(10 + UNREACHED_S)
    assert not watch.is_due(10 + UNREACHED_S + 1)


@pytest.mark.parametrize("after", [COLD, PrinterReset("power"), PrinterHalted("kill() called!")])
def test_a_printer_that_is_known_to_cool_again_is_left_its_power(after: Event) -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=True)
    watch.take(PortGone(), 10, has_run=True)
    assert not watch.take(after, 20, has_run=False)
    assert not watch.is_due(1000)


def test_a_cold_idle_printer_may_lose_its_cable_without_harm_to_its_neighbours() -> None:
    watch = HeatWatch()
    watch.take(COLD, 0, has_run=False)
    watch.take(PortGone(), 10, has_run=False)
    assert not watch.is_due(1000)


def test_a_printer_lost_before_it_told_a_target_may_be_hot_all_the_same() -> None:
    watch = HeatWatch()
    watch.take(PortGone(), 10, has_run=True)
    assert watch.is_due(10 + UNREACHED_S)


def test_an_emergency_stop_that_was_not_confirmed_takes_the_power_at_once() -> None:
    assert HeatWatch().take(PrinterHalted("no answer", is_confirmed=False), 0, has_run=False)


@pytest.mark.parametrize("told", [True, False])
def test_a_board_that_lives_on_usb_and_stays_silent_after_the_reset_costs_the_power_again(told: bool) -> None:
    watch = HeatWatch()
    if told:
        watch.take(HOT, 0, has_run=True)
    watch.lose_power(has_run=True)
    assert not watch.is_due(1000)  # as long as the cell is dark there is nothing to fear
    for reset_s in (2000, 3000):  # a second reset does not make it any cooler
        watch.take(PrinterSilent(), reset_s, has_run=False)
        assert not watch.is_due(reset_s + UNREACHED_S - 1)
        assert watch.is_due(reset_s + UNREACHED_S)
        watch.lose_power(has_run=False)


@pytest.mark.parametrize("after", [COLD, PrinterReset("power"), PrinterHalted("kill() called!")])
def test_a_printer_that_answers_after_the_reset_is_no_longer_feared(after: Event) -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=True)
    watch.lose_power(has_run=True)
    watch.take(after, 20, has_run=False)
    watch.take(PrinterSilent(), 30, has_run=False)
    assert not watch.is_due(1000)


def test_a_printer_that_was_cold_when_its_cell_went_dark_may_stay_silent() -> None:
    watch = HeatWatch()
    watch.take(COLD, 0, has_run=False)
    watch.lose_power(has_run=False)
    watch.take(PrinterSilent(), 20, has_run=False)
    assert not watch.is_due(1000)


def test_a_printer_that_did_not_confirm_its_stop_is_feared_beyond_the_reset() -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=True)
    assert watch.take(PrinterHalted("no answer", is_confirmed=False), 10, has_run=True)
    watch.lose_power(has_run=False)
    watch.take(PrinterSilent(), 20, has_run=False)
    assert watch.is_due(20 + UNREACHED_S)


def test_a_printer_left_by_a_worker_that_died_must_be_reached_within_the_minute() -> None:
    watch = HeatWatch()
    watch.suspect(10)
    assert not watch.is_due(9 + UNREACHED_S)
    assert watch.is_due(10 + UNREACHED_S)


@pytest.mark.parametrize(("has_run", "is_due"), [(True, False), (False, True)])
def test_a_hot_printer_in_reach_again_is_left_its_power_when_a_run_goes_on(
    has_run: bool, is_due: bool
) -> None:
    watch = HeatWatch()
    watch.suspect(10)
    watch.take(Ready(Firmware()), 15, has_run=has_run)
    watch.take(HOT, 16, has_run=has_run)
    assert watch.is_due(20 + UNREACHED_S) is is_due


@pytest.mark.parametrize("told", [Busy("processing"), HOT, Temperatures(nozzle_c=150), Said("echo:Probing")])
@pytest.mark.parametrize("has_run", [True, False])
def test_a_printer_that_talks_is_left_its_power_though_it_does_not_listen_yet(
    told: Event, has_run: bool
) -> None:
    watch = HeatWatch()
    watch.suspect(0)
    for now_s in range(0, 600, 10):
        watch.take(told, now_s, has_run=has_run)
        assert not watch.is_due(now_s + 9)
    assert watch.is_due(590 + UNREACHED_S)


def test_a_printer_that_only_ever_talks_loses_its_power_in_the_end() -> None:
    watch = HeatWatch()
    watch.suspect(0)
    for now_s in range(0, int(RETURN_TALK_MAX_S), 10):
        watch.take(Busy("processing"), now_s, has_run=True)
        assert not watch.is_due(now_s)
    assert watch.is_due(RETURN_TALK_MAX_S)


@pytest.mark.parametrize("known", [Ready(Firmware()), Quarantined(Firmware(), "not who it was")])
def test_a_hot_printer_that_nobody_cools_though_it_listens_is_not_saved_by_talking(known: Event) -> None:
    watch = HeatWatch()
    watch.suspect(0)
    watch.take(known, 5, has_run=False)
    for now_s in range(5, 60, 5):
        watch.take(HOT, now_s, has_run=False)
    assert watch.is_due(UNREACHED_S)


@pytest.mark.parametrize(
    "silent", [Temperatures(nozzle_c=150), Temperatures(), Temperatures(nozzle_c=60, bed_c=50)]
)
def test_a_report_without_targets_leaves_what_was_feared(silent: Temperatures) -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=False)
    watch.take(silent, 1, has_run=False)
    watch.take(PortGone(), 2, has_run=False)
    assert watch.is_due(2 + UNREACHED_S)


@pytest.mark.parametrize(
    ("nozzle_c", "bed_c", "is_due"), [(0, None, True), (None, 0, True), (0, 0, False), (0, 60, True)]
)
def test_each_heater_is_feared_until_it_is_told_to_be_off(
    nozzle_c: float | None, bed_c: float | None, is_due: bool
) -> None:
    watch = HeatWatch()
    watch.take(HOT, 0, has_run=False)
    watch.take(Temperatures(nozzle_target_c=nozzle_c, bed_target_c=bed_c), 1, has_run=False)
    watch.take(PortGone(), 2, has_run=False)
    assert watch.is_due(2 + UNREACHED_S) is is_due


def test_two_reports_of_one_heater_each_tell_of_both() -> None:
    watch = HeatWatch()
    watch.suspect(0)
    watch.take(Temperatures(nozzle_target_c=0), 1, has_run=False)
    watch.take(Temperatures(bed_target_c=0), 2, has_run=False)
    assert not watch.is_due(1000)


def test_a_printer_without_a_heated_bed_is_not_feared_for_one() -> None:
    profile = find_profile("marlin-2.1-generic-220")
    limits = msgspec.structs.replace(profile.limits, bed_max_c=0)
    watch = HeatWatch.of(msgspec.structs.replace(profile, limits=limits))
    watch.suspect(0)
    watch.take(Temperatures(nozzle_c=50, nozzle_target_c=0), 1, has_run=False)
    assert not watch.is_due(1000)
