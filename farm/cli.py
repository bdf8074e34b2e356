"""passage-farm: one command per process of a farm node; each imports only what it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioning.config import DEFAULT_PATH, ConfigRefused, load_node
from provisioning.errors import PassageError

if TYPE_CHECKING:
    from provisioning.config import FarmSection, Node

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_PATH,
    show_default=True,
    help="This node's node.toml.",
)


class Sentences(click.Group):
    """A group whose commands end with one clear line when something of ours refuses."""

    def invoke(self, ctx: click.Context) -> object:
        """Run; a refusal becomes ``Error: ...`` and exit status 1."""
        try:
            return super().invoke(ctx)
        except PassageError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Everything that gets hot or moves: desk, interlocks, printer workers."""


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
