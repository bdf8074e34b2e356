"""The run: every print ends once, with a reason when it failed, and never leaves a heater on knowingly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.link.events import (
    Busy,
    ColdExtrusion,
    Event,
    Held,
    HostAction,
    PortGone,
    Position,
    PrinterHalted,
    PrinterReset,
    PrinterSilent,
    Settled,
    SourceDone,
    Temperatures,
)
from farm.profiles import find_profile
from farm.run import Drop, Effect, Hold, Interrupt, PrintRun, Report, RunState, StopNow, Stream, Submit
from farm.run.machine import INTERRUPT_AGAIN_S, PAUSE_MAX_S
from farm.run.modes import Modes, modes_before

PROFILE = find_profile("marlin-2.1-generic-220")
LINES = [b"M104 S210", b"G28", b"G90", b"M82", b"G1 X1 Y1 F1800", b"G1 X2 E1", b"G1 X3 E2", b"G1 X4 E3"]
HOT = Temperatures(nozzle_c=210, nozzle_target_c=210, bed_c=60, bed_target_c=60)
COLD = Temperatures(nozzle_c=60, nozzle_target_c=0, bed_c=38, bed_target_c=0)
PLACE = Position(x_mm=3, y_mm=1, z_mm=0.35, e_mm=2)


class Job:
    def command(self, n: int) -> bytes:
        return LINES[n - 1]


def run() -> PrintRun:
    one = PrintRun(PROFILE, Job(), len(LINES))
    one.begin()
    return one


def printing() -> PrintRun:
    one = run()
    assert one.note_layer(1) == [Report("printing")]
    return one


def paused() -> PrintRun:
    one = printing()
    assert one.pause() == [Hold()]
    assert one.take(Held(7), 0) == [Submit(("M400", "M114"))]
    one.take(PLACE, 0)
    (park,) = one.take(Settled(), 0)
    assert isinstance(park, Submit)
    assert one.take(Settled(), 0) == [Report("paused")]
    return one


def commands(effects: list[Effect]) -> list[str]:
    return [command for effect in effects if isinstance(effect, Submit) for command in effect.commands]


def test_a_print_heats_prints_cools_and_is_done_when_the_part_may_be_taken_off():
    one = PrintRun(PROFILE, Job(), len(LINES))
    assert one.begin() == [Report("started"), Report("heating"), Stream(1)]
    assert one.note_layer(0) == []
    assert one.note_layer(1) == [Report("printing")]
    assert one.note_layer(2) == []
    cooling = one.take(SourceDone(8), 100)
    assert cooling[0] == Report("cooling")
    assert commands(cooling) == ["M104 S0", "M140 S0", "M107", "G90", "M82"]
    assert one.take(HOT, 101) == []
    assert one.take(COLD, 900) == [Report("done"), Drop()]
    assert one.state is RunState.ENDED


def test_a_bed_that_stays_warm_does_not_keep_the_printer_for_ever():
    one = printing()
    one.take(SourceDone(8), 100)
    assert one.deadline == 100 + PROFILE.cooling.give_up_s
    assert one.handle_timeout(one.deadline - 1) == []
    assert one.handle_timeout(one.deadline) == [Report("done", "still_warm"), Drop()]


def test_a_pause_parks_above_the_part_with_its_heaters_on():
    one = printing()
    one.pause()
    one.take(Held(7), 0)
    one.take(PLACE, 0)
    park = commands(one.take(Settled(), 0))
    assert f"G1 Z{0.35 + PROFILE.park.lift_mm:.3f} F600" in park
    assert park.index("G90") < park.index("G1 X5 Y210 F6000")
    assert not [command for command in park if command.startswith(("M104", "M140"))]


def test_a_resume_goes_back_to_the_place_the_modes_and_the_speed_it_left():
    one = paused()
    back = commands(one.resume())
    assert back.index("G1 X3.000 Y1.000 F6000") < back.index("G1 Z0.350 F600")
    assert back[-4:] == ["G92 E2.00000", "G90", "M82", "G1 F1800"]
    assert one.take(Settled(), 0) == [Report("printing"), Stream(7)]


def test_a_cancel_turns_heaters_off_and_lifts_but_never_plunges():
    one = printing()
    assert one.cancel() == [Hold()]
    left = commands(one.take(Held(7), 0))
    assert left[:2] == ["M104 S0", "M140 S0"]
    assert left[3:] == ["G91", "G1 Z10 F600", "G90", "M82", "M84"]
    assert one.take(Settled(), 0) == [Report("cancelled", None), Drop()]


def test_a_cancel_while_heating_ends_the_wait_for_heat():
    one = run()
    assert one.cancel() == [Hold(), Interrupt()]
    assert commands(one.take(Held(1), 0)) == ["M104 S0", "M140 S0", "M107", "G90", "M82", "M84"]


@pytest.mark.parametrize("step", ["pausing", "asking", "parking", "paused", "unparking"])
def test_a_cancel_on_the_way_to_or_from_a_pause_still_leaves_a_safe_printer(step: str):
    one = printing()
    steps = [
        ("pausing", one.pause),
        ("asking", lambda: one.take(Held(7), 0)),
        ("place", lambda: one.take(PLACE, 0)),
    ]
    steps += [("parking", lambda: one.take(Settled(), 0)), ("paused", lambda: one.take(Settled(), 0))]
    steps += [("unparking", one.resume)]
    for name, act in steps:
        act()
        if name == step:
            break
    effects = one.cancel()
    for event in (Held(7), PLACE, Settled(), Settled(), Settled()):
        effects += one.take(event, 0)
    assert "M104 S0" in commands(effects)
    assert effects[-2:] == [Report("cancelled", None), Drop()]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (PortGone(), "printer_lost"),
        (PrinterReset("power"), "printer_reset"),
        (PrinterHalted("MAXTEMP"), "printer_halted"),
        (PrinterSilent(), "printer_silent"),
    ],
)
def test_a_lost_printer_fails_the_run_with_its_reason(event: Event, reason: str):
    for one in (run(), printing(), paused()):
        assert one.take(event, 0) == [Report("failed", reason), Drop()]


def test_a_tripped_cell_fails_the_run_without_a_word_to_the_printer():
    assert printing().lose_power() == [Report("failed", "cell_tripped"), Drop()]


def test_a_stop_reaches_the_printer_before_anyone_is_told():
    assert printing().stop() == [StopNow(), Report("failed", "stopped"), Drop()]


def test_printing_without_plastic_is_given_up_and_heaters_go_off():
    one = printing()
    assert one.take(ColdExtrusion(), 0) == [Hold()]
    assert "M104 S0" in commands(one.take(Held(5), 0))
    assert one.take(Settled(), 0) == [Report("failed", "cold_extrusion"), Drop()]


def test_a_printer_that_runs_out_of_filament_is_paused():
    assert printing().take(HostAction("out_of_filament", "T0"), 0) == [Hold()]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("out_of_filament", "out_of_filament"),
        ("filament_runout", "out_of_filament"),
        ("pause", "at_printer"),
        ("paused", "at_printer"),
    ],
)
def test_a_pause_that_no_officer_asked_for_says_what_did_it_until_it_goes_on(action, reason):
    one = printing()
    one.take(HostAction(action), 0)
    one.take(Held(5), 0)
    one.take(Position(10, 20, 0.3, 1.5), 0)
    one.take(Settled(), 0)
    assert one.take(Settled(), 0) == [Report("paused", reason)]
    one.resume()
    assert Report("printing") in one.take(Settled(), 0)
    one.pause()
    one.take(Held(6), 0)
    one.take(Position(10, 20, 0.3, 1.5), 0)
    one.take(Settled(), 0)
    assert one.take(Settled(), 0) == [Report("paused")]


def test_the_modes_before_a_line_are_the_last_ones_set():
    assert modes_before(Job(), 7) == Modes(("G90", "M82"), 1800)
    relative = [b"G91", b"M82", b"G1 X1 F600", b"G90", b"M83", b"G1 X2"]

    class Relative:
        def command(self, n: int) -> bytes:
            return relative[n - 1]

    assert modes_before(Relative(), 4) == Modes(("G91", "M82"), 600)
    assert modes_before(Relative(), 7) == Modes(("G90", "M83"), 600)
    assert modes_before(Relative(), 1) == Modes()


ACTS = st.one_of(
    st.sampled_from(["pause", "resume", "cancel", "stop", "lose_power", "layer", "late"]),
    st.sampled_from(
        [
            Held(3),
            Settled(),
            SourceDone(8),
            PLACE,
            HOT,
            COLD,
            ColdExtrusion(),
            PortGone(),
            PrinterReset("x"),
            HostAction("pause"),
        ]
    ),
)


@given(st.lists(ACTS, max_size=30))
def test_whatever_happens_a_run_ends_once_and_is_silent_afterwards(acts):
    one = PrintRun(PROFILE, Job(), len(LINES))
    effects = one.begin()
    for number, act in enumerate(acts):
        was_ended = one.state is RunState.ENDED
        if act == "layer":
            new = one.note_layer(1)
        elif act == "late":
            new = one.handle_timeout(number + 10_000.0)
        elif isinstance(act, str):
            new = getattr(one, act)()
        else:
            new = one.take(act, float(number))
        assert not (was_ended and new)
        effects += new
    ends = [
        effect
        for effect in effects
        if isinstance(effect, Report) and effect.state in ("done", "failed", "cancelled")
    ]
    assert len(ends) == (one.state is RunState.ENDED)
    assert effects.count(Drop()) == len(ends)


@given(st.lists(ACTS, max_size=12))
def test_a_live_printer_brings_every_cancel_to_an_end(acts):
    one = printing()
    for number, act in enumerate(acts):
        if not isinstance(act, str):
            one.take(act, float(number))
        elif act in ("pause", "resume"):
            getattr(one, act)()
    one.cancel()
    for event in (Held(3), PLACE, Settled(), Settled(), Settled(), Settled()):
        one.take(event, 50.0)
    assert one.state is RunState.ENDED


def test_a_pause_that_nobody_ends_does_not_keep_a_nozzle_hot_for_ever():
    one = paused()
    assert one.deadline == PAUSE_MAX_S
    assert one.handle_timeout(PAUSE_MAX_S - 1) == []
    assert commands(one.handle_timeout(PAUSE_MAX_S))[:2] == ["M104 S0", "M140 S0"]
    assert one.take(Settled(), PAUSE_MAX_S) == [Report("failed", "paused_too_long"), Drop()]


def test_a_resumed_print_is_not_counted_as_paused_any_more():
    one = paused()
    one.resume()
    assert one.deadline is None


def test_a_cancel_at_the_printer_is_a_cancel():
    one = printing()
    assert one.take(HostAction("cancel"), 0) == [Hold()]
    assert "M104 S0" in commands(one.take(Held(5), 0))
    assert one.take(Settled(), 0) == [Report("cancelled", None), Drop()]


def test_a_pause_that_is_wished_while_it_heats_is_made_when_it_prints():
    one = run()
    assert one.pause() == []
    assert one.note_layer(1) == [Report("printing"), Hold()]
    one = run()
    assert one.take(HostAction("filament_runout"), 0) == []
    assert one.note_layer(1) == [Report("printing"), Hold()]


def test_a_pause_that_is_wished_while_it_heats_can_be_taken_back():
    one = run()
    one.pause()
    assert one.resume() == []
    assert one.note_layer(1) == [Report("printing")]
    one = run()
    one.pause()
    assert one.cancel() == [Hold(), Interrupt()]
    assert one.note_layer(1) == []


def test_a_cancel_ends_each_wait_for_heat_that_follows_but_not_at_each_word():
    one = run()
    one.cancel()
    asked = [one.take(HOT, second / 10) + one.take(Busy("heating"), second / 10) for second in range(100)]
    assert sum(len(effects) for effects in asked) == 10 / INTERRUPT_AGAIN_S - 1
    assert commands(one.take(Held(1), 11))[:2] == ["M104 S0", "M140 S0"]
    assert one.take(HOT, 20) == []


def test_a_pause_and_a_cancel_of_a_print_interrupt_nothing():
    for act in (PrintRun.pause, PrintRun.cancel):
        one = printing()
        act(one)
        assert one.take(HOT, 5) == one.take(Busy("processing"), 9) == []
