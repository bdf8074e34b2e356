"""How long moves take: trapezoids of speed with a look-ahead, as a planner makes them. One pass, bounded memory."""

from __future__ import annotations

import math
from array import array

from farm.gcode.motion import Move

# Defaults of PrusaSlicer's own time model for Marlin machines (PrintConfig.cpp machine_max_*).
JERK_XY_MM_S = 10.0
JERK_Z_MM_S = 0.4
JERK_E_MM_S = 2.5
MAX_Z_MM_S = 12.0
MAX_Z_MM_S2 = 500.0
MAX_E_MM_S = 120.0
BATCH = 256  # moves planned together
TAIL = 32  # of them kept for the next batch, so that a batch's end is no stop


class Pace:
    """Adds up the time of moves. ``marks`` pairs the tag of a move with the seconds until its end, every ~200 moves."""

    def __init__(self, acceleration_mm_s2: float) -> None:
        self.acceleration_mm_s2 = acceleration_mm_s2
        self.seconds = 0.0
        self.mark_tags = array("I")
        self.mark_seconds = array("d")
        self._enter = 0.0  # speed at which the first waiting move begins
        self._lengths: list[float] = []
        self._cruises: list[float] = []
        self._accelerations: list[float] = []
        self._junctions: list[float] = []  # the most at which a move may begin
        self._tags: list[int] = []
        self._direction = (0.0, 0.0, 0.0)

    def pause(self, seconds: float) -> None:
        """A dwell, or anything that stops the machine so long."""
        self.seconds += seconds

    def add(self, move: Move, tag: int = 0) -> None:
        """One move; ``tag`` is the caller's number for it, rising."""
        cruise, acceleration = move.feed_mm_s, self.acceleration_mm_s2
        if move.length > 0.0:
            direction, length = _direction(move), move.length
            climb = abs(direction[2])
            if climb > 0.0:
                cruise = min(cruise, MAX_Z_MM_S / climb)
                acceleration = min(acceleration, MAX_Z_MM_S2 / climb)
            junction = self._junction(direction, cruise)
        else:
            direction, length = (0.0, 0.0, 0.0), abs(move.e)
            cruise = min(cruise, MAX_E_MM_S)
            junction = min(cruise, JERK_E_MM_S)
        if length == 0.0 or cruise <= 0.0:
            return
        self._direction = direction
        self._lengths.append(length)
        self._cruises.append(cruise)
        self._accelerations.append(acceleration)
        self._junctions.append(junction)
        self._tags.append(tag)
        if len(self._lengths) == BATCH:
            self._plan(BATCH - TAIL)

    def finish(self) -> float:
        """Seconds of everything added."""
        self._plan(len(self._lengths))
        return self.seconds

    def _junction(self, direction: tuple[float, float, float], cruise: float) -> float:
        """The most speed at which the head may turn from the last direction into this one (Marlin's classic jerk)."""
        last = self._direction
        speed = min(cruise, self._cruises[-1]) if self._cruises else min(cruise, JERK_XY_MM_S)
        turn = max(abs(direction[0] - last[0]), abs(direction[1] - last[1]))
        if turn * speed > JERK_XY_MM_S:
            speed = JERK_XY_MM_S / turn
        climb = abs(direction[2] - last[2])
        if climb * speed > JERK_Z_MM_S:
            speed = JERK_Z_MM_S / climb
        return speed

    def _plan(self, count: int) -> None:
        """Settle the first ``count`` waiting moves and forget them."""
        lengths, accelerations, enters = self._lengths, self._accelerations, list(self._junctions)
        leave = 0.0
        for i in range(len(lengths) - 1, -1, -1):  # backwards: never faster than what follows can brake
            enters[i] = leave = min(enters[i], math.sqrt(leave * leave + 2 * accelerations[i] * lengths[i]))
        enter = min(self._enter, enters[0]) if enters else 0.0
        for i in range(count):
            reach = math.sqrt(enter * enter + 2 * accelerations[i] * lengths[i])
            leave = min(enters[i + 1], reach) if i + 1 < len(enters) else 0.0
            self.seconds += trapezoid_s(lengths[i], enter, self._cruises[i], leave, accelerations[i])
            enter = leave
        self._enter = enter
        if count:
            self.mark_tags.append(self._tags[count - 1])
            self.mark_seconds.append(self.seconds)
        for waiting in (lengths, self._cruises, accelerations, self._junctions, self._tags):
            del waiting[:count]


def trapezoid_s(length: float, enter: float, cruise: float, leave: float, acceleration: float) -> float:
    """Seconds for ``length`` mm: from ``enter`` up to at most ``cruise`` and down to ``leave`` mm/s."""
    up = (cruise * cruise - enter * enter) / (2 * acceleration)
    down = (cruise * cruise - leave * leave) / (2 * acceleration)
    if up + down <= length:
        return (2 * cruise - enter - leave) / acceleration + (length - up - down) / cruise
    peak = math.sqrt(max((2 * acceleration * length + enter * enter + leave * leave) / 2, enter * enter))
    peak = max(peak, leave, 1e-9)
    return (
        (2 * peak - enter - leave) / acceleration
        if peak > max(enter, leave)
        else 2 * length / (enter + leave)
    )


def _direction(move: Move) -> tuple[float, float, float]:
    if move.arc is not None:  # good enough for a junction: arcs of slicers are short
        return (0.0, 0.0, 0.0)
    scale = 1 / move.length
    return ((move.x - move.x0) * scale, (move.y - move.y0) * scale, (move.z - move.z0) * scale)
