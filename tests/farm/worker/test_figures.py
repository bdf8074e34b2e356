"""What the page shows of the heaters: the newest figure of each, though a report tells but one."""

from __future__ import annotations

from farm.link.events import Temperatures
from farm.words import Temps
from farm.worker.figures import merged, temps

BOTH = Temperatures(nozzle_c=205, nozzle_target_c=210, bed_c=60, bed_target_c=60)


def test_a_report_of_one_heater_keeps_the_others_figures_and_targets() -> None:
    seen = merged(merged(None, BOTH), Temperatures(nozzle_c=150))
    assert temps(seen) == Temps(nozzle_c=150, nozzle_target_c=210, bed_c=60, bed_target_c=60)


def test_a_target_of_nought_is_told_and_replaces_the_old_one() -> None:
    seen = merged(BOTH, Temperatures(nozzle_target_c=0, bed_c=59))
    assert seen == Temperatures(nozzle_c=205, nozzle_target_c=0, bed_c=59, bed_target_c=60)
