"""The bench's words of the command line: stream, identify, replay, bench-driver."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from farm.bench.sentences import MAY_BE_HOT, known_profile, spoken

if TYPE_CHECKING:
    from farm.bench.job import Job
    from farm.bench.stream import Figures, Seen
    from farm.bench.talk import Talk
    from farm.gcode.compile import Progress
    from farm.profiles import Profile

EXITS = {"done": 0, "failed": 1, "cancelled": 130}  # 128 + SIGINT, as a shell reports it
PLAIN_S = 10.0  # progress on what is no terminal: a line so often

file_path = click.Path(path_type=Path, exists=True, dir_okay=False)
port_option = click.option(
    "--port", required=True, type=click.Path(path_type=Path), help="The serial device, e.g. /dev/ttyUSB0."
)
profile_option = click.option(
    "--profile", required=True, metavar="ID", callback=known_profile, help="What it should be."
)


class Screen:
    """One line that is written over and over; on what is no terminal a line now and then. Standard error."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last_s = 0.0

    def show(self, text: str) -> None:
        """Put ``text`` where the last one was."""
        if self._is_terminal:
            click.echo(f"\r\x1b[K{text}", err=True, nl=False)
        elif time.monotonic() - self._last_s >= PLAIN_S:
            self._last_s = time.monotonic()
            click.echo(text, err=True)

    def say(self, text: str) -> None:
        """A line that stays, at once."""
        click.echo(f"\r\x1b[K{text}" if self._is_terminal else text, err=True)

    def end(self) -> None:
        """Leave the line."""
        if self._is_terminal:
            click.echo(err=True)


@click.command()
@click.argument("file", type=file_path)
@port_option
@profile_option
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object on standard output.")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), help="Write the dialogue to this log."
)
def stream(file: Path, port: Path, profile: Profile, as_json: bool, record: Path | None) -> None:
    """Print FILE on the printer at a serial device. Stay beside it: no cell watches, nothing is remembered.

    Ctrl-C cancels (heaters off, head away), a second one is an emergency stop. A printer that asks for a pause, say
    because its filament has run out, gets one: Enter on the terminal goes on, or the signal USR1 (kill -USR1 PID).
    Paused for 30 minutes it is cancelled. Exit status: 0 done, 1 failed, 130 cancelled.
    """
    import tempfile

    screen = Screen()
    with tempfile.TemporaryDirectory(prefix="stream-") as folder:
        job = _compile(file, Path(folder) / "job.spool", profile, screen)
        try:
            figures = _stream(port, profile, job, record, screen)
        finally:
            job.close()
            screen.end()
    click.echo(_summary(figures, as_json=as_json))
    sys.exit(EXITS[figures.outcome])


def _compile(file: Path, target: Path, profile: Profile, screen: Screen) -> Job:
    from farm.bench.job import compile_job
    from farm.gcode.refusal import GcodeRefused
    from farm.gcode.sentences import SENTENCES

    progress: Progress = lambda done, of, _lines: screen.show(f"reading · {100 * done // max(of, 1):3} %")  # noqa: E731
    try:
        return compile_job(file, target, profile, progress)
    except GcodeRefused as error:
        sentence = SENTENCES.get(error.reason, str(error))
        raise click.ClickException(sentence % error.detail) from error


def _stream(port: Path, profile: Profile, job: Job, record: Path | None, screen: Screen) -> Figures:
    from farm.bench.recording import Recorder
    from farm.bench.talk import Talk
    from provisioning.clock import SystemClock, iso

    screen.show("identifying")
    recorder = Recorder(record, profile.id, iso(SystemClock().now_utc())) if record else None
    try:
        with spoken(port):
            talk = Talk(port, profile, time.monotonic, recorder)
            try:
                return _converse(talk, profile, job, screen)
            finally:
                talk.close()
    finally:
        if recorder is not None:
            recorder.close()


def _converse(talk: Talk, profile: Profile, job: Job, screen: Screen) -> Figures:
    """Print it; however this ends, heaters that may be on are spoken of."""
    from farm.bench.keys import EnterKey
    from farm.bench.stream import Streaming, screen_line

    enter = EnterKey()
    how = "press Enter" if enter.is_there else f"kill -USR1 {os.getpid()}"

    def show(seen: Seen) -> None:
        if seen.word == "paused" and not enter.is_awaited:
            enter.await_it()
            screen.say(f"paused ({seen.reason}): put it right, then {how} to go on")
        enter.is_awaited = seen.word == "paused"
        screen.show(screen_line(seen))

    streaming = Streaming(talk, profile, job, show, enter.was_pressed)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: streaming.cancel())
    signal.signal(signal.SIGUSR1, lambda _number, _frame: streaming.resume())
    try:
        return streaming.run()
    finally:
        if not streaming.figures.are_heaters_off:
            screen.end()
            click.echo(MAY_BE_HOT, err=True)


def _summary(figures: Figures, *, as_json: bool) -> str:
    import msgspec

    if as_json:
        return msgspec.json.encode(figures).decode()
    why = f" ({figures.reason})" if figures.reason else ""
    return (
        f"{figures.outcome}{why}: {figures.lines} of {figures.of} lines in {figures.seconds:.1f} s, "
        f"{figures.lines_s:.0f} lines/s, {figures.cpu_us_line:.0f} µs CPU a line, {figures.resends} resends, "
        f"{figures.stalls} stalls, at most {figures.peak_memory_kib / 1024:.1f} MiB"
    )


@click.command()
@port_option
@click.option(
    "--profile",
    metavar="ID",
    callback=known_profile,
    help="What it should be; without it, every profile is tried.",
)
def identify(port: Path, profile: Profile | None) -> None:
    """Say who answers at a serial device, and what profile describes it; exit status 1 when none does.

    With a profile: how it differs from that one.
    """
    with spoken(port):
        said, is_known = _who_is_at(port, profile)
    for line in said:
        click.echo(line)
    sys.exit(0 if is_known else 1)


def _who_is_at(port: Path, profile: Profile | None) -> tuple[list[str], bool]:
    if profile is None:
        from farm.bench.search import findings_text, search, shipped_profiles

        finding = search(port, shipped_profiles())
        return findings_text(finding), bool(finding.profiles)
    from farm.bench.identify import identify as ask
    from farm.bench.identify import sentences

    answer = ask(port, profile)
    return sentences(answer, profile), answer.difference is None


@click.command()
@click.argument("log", type=file_path)
@click.option(
    "--profile", metavar="ID", callback=known_profile, help="Instead of the one that the log names."
)
def replay(log: Path, profile: Profile | None) -> None:
    """Feed a recorded dialogue to the link and print what it makes of it; exit status 1 when the record differs."""
    with spoken():
        differences = _replay(log, profile)
    click.echo(f"{differences} differences from the record" if differences else "as recorded")
    sys.exit(1 if differences else 0)


def _replay(log: Path, profile: Profile | None) -> int:
    from farm.bench.recording import read_header
    from farm.bench.replay import replay as steps_of
    from farm.profiles import find_profile

    differences = 0
    for step in steps_of(log, profile or find_profile(read_header(log).profile)):
        if step.event:
            click.echo(f"{step.t:12.6f}  {step.event}")
        if step.differs:
            differences += 1
            click.echo(f"{step.t:12.6f}  ! {step.differs}")
    return differences


@click.command("bench-driver")
@click.option(
    "--gcode", required=True, type=file_path, help="What each printer gets, every command as it is."
)
@click.option(
    "--profile", default="marlin-2.1-generic-220", show_default=True, metavar="ID", callback=known_profile
)
@click.argument("ports", nargs=-1, required=True, type=click.Path(path_type=Path))
def bench_driver(gcode: Path, profile: Profile, ports: tuple[Path, ...]) -> None:
    """Real workers on PORTS under a measuring harness; for fake printers only, nothing is judged.

    Says {"ev":"ready","pids":[...]}; reads go, estop PORT, reconnect PORT and quit on standard input.
    """
    from farm.bench.driver import drive

    drive(gcode, ports, profile.id)


COMMANDS: tuple[click.Command, ...] = (stream, identify, replay, bench_driver)
