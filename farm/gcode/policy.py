"""Which commands may run here, and within which bounds. Pure: lines and limits in, moves or refusals out.

An allow-list, because a firmware has hundreds of commands and every board adds its own: what is not listed is refused.
"""

from __future__ import annotations

from farm.gcode.limits import PrinterLimits
from farm.gcode.motion import AXES, MOVES, Motion, Move
from farm.gcode.refusal import refuse
from farm.gcode.rules import ALLOWED, ALLOWED_BY_DIALECT, DROPPED, REASONS, SKIPPED_BY_DIALECT, Rule
from farm.gcode.tokens import Line

SLACK_MM = 0.001  # slicers write three decimals
FRAME_BYTES = 13  # "N1234567 " before a command, "*255" and the newline behind it


class Policy:
    """One file held against one kind of printer. ``judge`` every line in order."""

    def __init__(self, limits: PrinterLimits) -> None:
        self._limits = limits
        self._motion = Motion(limits)
        self._rules = ALLOWED | ALLOWED_BY_DIALECT.get(limits.dialect, {})
        self._skipped = DROPPED | SKIPPED_BY_DIALECT.get(limits.dialect, frozenset())
        self._bounds = [limits.range_mm(axis) for axis in range(3)]
        self._low = [lowest - SLACK_MM for lowest, _ in self._bounds]
        self._high = [highest + SLACK_MM for _, highest in self._bounds]
        self._body_max = limits.line_max_bytes - FRAME_BYTES
        self._hot = False
        self._nozzle_target_c = 0.0
        self.nozzle_max_c = 0.0
        self.bed_max_c = 0.0
        self.commands: dict[str, int] = {}

    def sends(self, line: Line) -> bool:
        """Whether the line goes to the printer: display texts and questions of the host are left out."""
        return bool(line.command) and line.command not in self._skipped

    def judge(self, line: Line) -> Move | None:
        """What the line moves, ``None`` when nothing.

        Raises:
            GcodeRefused: the line may not run here.
        """
        command = line.command
        if not command or command in self._skipped:
            return None
        if len(line.body) > self._body_max:
            raise refuse(
                "line_too_long", line.number, command=command, value=len(line.body), limit=self._body_max
            )
        self.commands[command] = self.commands.get(command, 0) + 1
        if command not in MOVES:
            self._check_command(line)
        move = self._motion.apply(line)
        if move is not None:
            self._check_move(line, move)
        return move

    # --- moves --------------------------------------------------------------------------------------------------------

    def _check_move(self, line: Line, move: Move) -> None:
        if move.e > 0 and not self._hot:
            raise refuse(
                "cold_extrusion",
                line.number,
                command=line.command,
                value=self._nozzle_target_c,
                limit=self._limits.extrude_min_c,
            )
        if not move.moves_axes or move.is_within(self._low, self._high):
            return
        low, high = move.box()
        for axis, (lowest, highest) in enumerate(self._bounds):
            if low[axis] < self._low[axis]:
                raise self._outside(line, axis, low[axis], lowest)
            if high[axis] > self._high[axis]:
                raise self._outside(line, axis, high[axis], highest)

    def _outside(self, line: Line, axis: int, value: float, limit: float) -> Exception:
        return refuse(
            "off_the_bed",
            line.number,
            command=line.command,
            axis=AXES[axis],
            value=round(value, 3),
            limit=limit,
        )

    # --- everything else ----------------------------------------------------------------------------------------------

    def _check_command(self, line: Line) -> None:
        command = line.command
        rule = self._rules.get(command)
        if rule is None and command in self._limits.extra_commands:
            return
        if rule is None and command.startswith("T") and command[1:].isdigit():
            self._check_tool(line)
            return
        if rule is None:
            raise refuse("command_not_listed", line.number, command=command, why=REASONS.get(command, ""))
        self._check_letters(line, rule)
        if rule.heats:
            self._check_heat(line, rule)

    def _check_tool(self, line: Line) -> None:
        tool = int(line.command[1:])
        if tool >= self._limits.tools:
            raise refuse(
                "no_such_tool", line.number, command=line.command, value=tool, limit=self._limits.tools - 1
            )
        if line.words:
            raise refuse("letter_not_listed", line.number, command=line.command, axis=next(iter(line.words)))

    def _check_letters(self, line: Line, rule: Rule) -> None:
        for letter, value in line.words.items():
            if letter not in rule.letters:
                raise refuse("letter_not_listed", line.number, command=line.command, axis=letter)
            bounds = rule.bounds.get(letter)
            if bounds is not None:
                self._check_bounds(line, letter, value, bounds)
            elif letter == "T" and (value or 0.0) >= self._limits.tools:
                raise refuse("no_such_tool", line.number, command=line.command, value=value or 0.0)

    def _check_bounds(
        self, line: Line, letter: str, value: float | None, bounds: tuple[float, float | str]
    ) -> None:
        lowest, highest = bounds
        limit = highest if isinstance(highest, float) else float(getattr(self._limits, highest))
        if value is None:
            raise refuse("malformed_line", line.number, command=line.body[:40], why=f"{letter} has no number")
        if not lowest <= value <= limit:
            nearest = lowest if value < lowest else limit
            raise refuse(
                "value_too_far", line.number, command=line.command, axis=letter, value=value, limit=nearest
            )

    def _check_heat(self, line: Line, rule: Rule) -> None:
        given = [line.words[letter] for letter in "SR" if letter in line.words]
        if len(given) != 1 or given[0] is None:
            raise refuse(
                "malformed_line", line.number, command=line.body[:40], why="one temperature is wanted"
            )
        celsius = given[0]
        ceiling = self._limits.nozzle_max_c if rule.heats == "nozzle" else self._limits.bed_max_c
        if celsius > ceiling:
            raise refuse(
                f"{rule.heats}_too_hot", line.number, command=line.command, value=celsius, limit=ceiling
            )
        if rule.heats == "bed":
            self.bed_max_c = max(self.bed_max_c, celsius)
            return
        self.nozzle_max_c = max(self.nozzle_max_c, celsius)
        self._nozzle_target_c = celsius
        enough = celsius >= self._limits.extrude_min_c
        self._hot = enough and (self._hot or line.command == "M109")
