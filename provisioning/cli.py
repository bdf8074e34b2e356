"""passage-provision: what a technician types; here the demo site, its bench and its story."""

import sys
from pathlib import Path

import click

from provisioning.errors import PassageError

DEMO = Path(".demo")


@click.group()
def main() -> None:
    """Make, start and look after nodes of a site."""


def _tell(text: str) -> None:
    end = "\x1b[K\r" if sys.stdout.isatty() else "\n"
    click.echo(f"  {text}{end}", nl=False)


def _tell_line(text: str) -> None:
    click.echo(f"  {text}")


@main.command()
@click.option(
    "--base", type=click.Path(path_type=Path), default=DEMO, show_default=True, help="The demo's folder."
)
@click.option(
    "--port", type=click.IntRange(1024, 65_000), default=8400, show_default=True, help="First of five."
)
def demo(base: Path, port: int) -> None:
    """The whole site on this machine, with a bench panel for its hardware; Ctrl-C stops it."""
    from provisioning.sim.bench import run_bench
    from provisioning.sim.demo import build, table

    try:
        running = build(base, port, _tell)
    except PassageError as error:
        raise click.ClickException(str(error.detail.get("reason") or error)) from error
    try:
        click.echo(table(running))
        run_bench(running)
    finally:
        click.echo("\n  stopping ...")
        running.stop()


@main.command()
@click.option("--faults", is_flag=True, help="Kill a process, chosen at random, in each step.")
@click.option("--seed", type=int, default=None, help="Repeat the choices of an earlier run.")
@click.option(
    "--base", type=click.Path(path_type=Path), default=None, help="A folder to keep; else a scratch one."
)
@click.option(
    "--port", type=click.IntRange(1024, 65_000), default=8500, show_default=True, help="First of five."
)
@click.option("--model", default="step-gauge", show_default=True, help="Which demo model is asked for.")
def story(faults: bool, seed: int | None, base: Path | None, port: int, model: str) -> None:
    """From a badge to a weighed part without a person; exit status 0 when everything came out right."""
    from provisioning.sim.story import StoryFailed, tell_story

    try:
        tell_story(base, port, _tell_line, faults=faults, seed=seed, model=model)
    except StoryFailed as error:
        raise click.ClickException(str(error)) from error
    except PassageError as error:
        raise click.ClickException(str(error.detail.get("reason") or error)) from error


if __name__ == "__main__":
    main()
