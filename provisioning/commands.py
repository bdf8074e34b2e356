"""What every command of ours has alike: refusals as one clear line, ``--config``, and the verdict on an audit trail."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from provisioning.config import DEFAULT_PATH
from provisioning.errors import PassageError

CONTEXT = {"help_option_names": ["-h", "--help"]}


class Sentences(click.Group):
    """A group whose commands end with one clear line when something of ours, or the machine, refuses."""

    def invoke(self, ctx: click.Context) -> object:
        """Run; a refusal becomes ``Error: ...`` and exit status 1."""
        try:
            return super().invoke(ctx)
        except PassageError as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            named = f" ({error.filename})" if error.filename else ""
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise click.ClickException(f"{reason}{named}") from error


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_PATH,
    show_default=True,
    help="This node's node.toml.",
)
head_option = click.option(
    "--head", default="", metavar="SEQ:DIGEST", help="A head printed earlier: finds a cut-off end too."
)


def say_verdict(config: Path, store_file: str, head: str) -> None:
    """Print what verifying a node's own trail found, and end with 0 when it is whole, else with 1."""
    from provisioning.audit.verdict import verdict
    from provisioning.config import load_node

    sentence, whole = verdict(load_node(config), store_file, head)
    click.echo(sentence)
    sys.exit(0 if whole else 1)
