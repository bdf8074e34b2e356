"""passage-farm: one command per process of a farm node; each imports only what it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from farm.bench.commands import COMMANDS
from farm.bench.sentences import known_profile
from provisioning.commands import CONTEXT, Sentences, config_option, head_option, say_verdict
from provisioning.config import ConfigRefused, load_node

if TYPE_CHECKING:
    from farm.profiles import Profile
    from provisioning.config import FarmSection, Node


@click.group(cls=Sentences, context_settings=CONTEXT)
def main() -> None:
    """Everything that gets hot or moves: desk, interlocks, printer workers."""


for _command in COMMANDS:
    main.add_command(_command)


def farm_node(config: Path) -> tuple[Node, FarmSection]:
    """This node's configuration, and its farm section.

    Raises:
        ConfigRefused: it is not a farm node's.
    """
    node = load_node(config)
    if node.farm is None:
        raise ConfigRefused(file=str(config), reason="section [farm] is missing")
    return node, node.farm


@main.command()
@config_option
@click.option("--cell", required=True, help="Which enclosure this process is in charge of.")
def interlock(config: Path, cell: str) -> None:
    """Supervise one cell: contacts, power relay, stack light."""
    from farm.interlock.main import run
    from provisioning.log import start_log

    start_log()
    node, farm = farm_node(config)
    run(node, farm, cell)


@main.command()
@config_option
def serve(config: Path) -> None:
    """The desk: queue, parts, the staff's pages and the doors for the hub."""
    from farm.desk.app import create_desk
    from farm.desk.node import open_desk
    from provisioning.clock import SystemClock
    from provisioning.log import end_with_any_thread, start_log
    from provisioning.memory import return_big_blocks
    from provisioning.web.serve import serve as serve_app

    start_log()
    return_big_blocks()  # pictures and uploads come and go
    end_with_any_thread()
    node, _farm = farm_node(config)
    desk = open_desk(node, SystemClock())
    app = create_desk(desk)
    desk.start()
    try:
        serve_app(app, node.listen, threads=6)
    finally:
        desk.stop()


@main.command()
@config_option
def reader(config: Path) -> None:
    """The badge reader of the workshop."""
    from provisioning.readers.agent import run

    run(config)


@main.command()
@config_option
@click.option("--printer", required=True, help="Which printer this process drives.")
def worker(config: Path, printer: str) -> None:
    """Drive one printer over its serial port."""
    from farm.worker.main import run_worker

    run_worker(config, printer)


def possible_factor(_context: click.Context, param: click.Parameter, value: float) -> float:
    """How many times faster than life; a callback of an option, because ``nan`` is within any range of click's.

    Raises:
        click.BadParameter: not what the simulator can do.
    """
    from farm.sim.process import FACTOR_LEAST, FACTOR_MOST

    if not FACTOR_LEAST <= value <= FACTOR_MOST:
        raise click.BadParameter(
            f"{value:g} is not between {FACTOR_LEAST:g} and {FACTOR_MOST:.0f}.", param=param
        )
    return value


def refuse_given(*names: str, without: str) -> None:
    """Refuse options that were typed, though they mean nothing without another one.

    Raises:
        click.UsageError: names the first.
    """
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} needs {without}.")


@main.command()
@config_option
@click.option(
    "--profile",
    metavar="ID",
    callback=known_profile,
    help="One printer of this profile by itself, instead of a node's.",
)
@click.option("--faults", default="", metavar="NAME=VALUE,...", help="What it has, e.g. drop=0.01,lost_ok=3.")
@click.option(
    "--speed",
    default=1.0,
    callback=possible_factor,
    show_default=True,
    help="How many times faster than life it is.",
)
@click.option(
    "--baud", default=0, type=click.IntRange(0, 4_000_000), help="Its line's bits a second; 0: no delay."
)
@click.option("--usb-ms", default=0.0, type=click.FloatRange(0, 1000), help="Its line's USB delay, each way.")
@click.option(
    "--rx-bytes", default=0, type=click.IntRange(0, 65536), help="Its receive ring; 0: as the profile says."
)
def simulate(
    config: Path, profile: Profile | None, faults: str, speed: float, baud: int, usb_ms: float, rx_bytes: int
) -> None:
    """Virtual printers on pseudo-terminals, for the demo, training and tests; --profile prints the path of one."""
    if profile is None:
        refuse_given("faults", "speed", "baud", "usb_ms", "rx_bytes", without="--profile")
        from farm.sim.process import run

        run(config)
    else:
        from farm.sim.single import BadFaults, Line, run_single

        line = Line(baud=baud, usb_ms=usb_ms, rx_bytes=rx_bytes)
        try:
            run_single(profile, faults, speed, line, click.echo)
        except BadFaults as error:
            raise click.BadParameter(str(error.detail["why"]), param_hint="--faults") from error


@main.group()
def audit() -> None:
    """The farm's audit trail."""


@audit.command("verify")
@config_option
@head_option
def audit_verify(config: Path, head: str) -> None:
    """Check every record; name the first bad one and exit with 1. Safe while the farm runs."""
    from farm.desk.node import STORE_FILE

    say_verdict(config, STORE_FILE, head)


@main.group()
def profiles() -> None:
    """Firmware profiles: what we believe about a printer model."""


@profiles.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def profiles_check(files: tuple[Path, ...]) -> None:
    """Load FILES (all shipped profiles when none is given) and say what is wrong with each."""
    from farm.profiles import PROFILES_DIR, BadProfile, load_profile

    wrong = 0
    for file in files or tuple(sorted(PROFILES_DIR.glob("*.toml"))):
        try:
            profile = load_profile(file)
        except BadProfile as error:
            wrong += 1
            click.echo(f"{error}", err=True)
        else:
            todo = [name for name, state in profile.quality.items() if state == "todo"]
            click.echo(f"{file.name}: good; not yet proven: {', '.join(todo) or 'nothing'}")
    if wrong:
        raise click.ClickException(f"{wrong} of the profiles cannot be used")


@main.group()
def models() -> None:
    """Models: G-code files that were taken in."""


@models.command("demo")
@config_option
def models_demo(config: Path) -> None:
    """Take the demo's models and reels in, before the node's first start; what is here already stays."""
    from farm.desk.demo import bring_in
    from farm.desk.node import open_desk
    from provisioning.clock import SystemClock

    node, _farm = farm_node(config)
    desk = open_desk(node, SystemClock())
    try:
        for line in bring_in(desk):
            click.echo(line)
    finally:
        desk.store.close()
