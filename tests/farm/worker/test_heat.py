"""The heat watch: a printer that may be hot and cannot be told to cool costs its cell the power, no other does."""

from __future__ import annotations

import pytest

from farm.link.events import Event, PortGone, PrinterHalted, PrinterReset, PrinterSilent, Temperatures
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
