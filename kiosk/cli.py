"""passage-hub and passage-kiosk: one command per process; each imports only what it runs."""

from __future__ import annotations

from pathlib import Path

import click

from provisioning.commands import CONTEXT, Sentences, config_option, head_option, say_verdict

file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group(cls=Sentences, context_settings=CONTEXT)
def hub() -> None:
    """The site's record: people, money, requests, the back office."""


@hub.command("serve")
@config_option
def hub_serve(config: Path) -> None:
    """Serve the back office and the other nodes until SIGTERM."""
    from kiosk.hub.main import serve

    serve(config)


@hub.group()
def people() -> None:
    """Residents, officers and what they carry."""


@people.command("import")
@file_argument
@config_option
def people_import(file: Path, config: Path) -> None:
    """Bring in people, badges, accounts and kiosks from a JSON FILE; the hub must not be running."""
    from kiosk.hub.commands import import_people

    click.echo(import_people(config, file))


@hub.group()
def notices() -> None:
    """What the house tells its residents."""


@notices.command("import")
@file_argument
@config_option
def notices_import(file: Path, config: Path) -> None:
    """Bring in notices from a JSON FILE; the hub must not be running."""
    from kiosk.hub.commands import import_notice_file

    click.echo(import_notice_file(config, file))


@hub.group()
def audit() -> None:
    """The hub's audit trail."""


@audit.command("verify")
@config_option
@head_option
def audit_verify(config: Path, head: str) -> None:
    """Check every record; name the first bad one and exit with 1. Safe while the hub runs."""
    from kiosk.hub.node import STORE_FILE

    say_verdict(config, STORE_FILE, head)


@click.group(cls=Sentences, context_settings=CONTEXT)
def kiosk() -> None:
    """The corridor device: its pages and its badge reader."""


@kiosk.command("serve")
@config_option
def kiosk_serve(config: Path) -> None:
    """Serve the kiosk's own pages until SIGTERM."""
    from kiosk.terminal.main import serve

    serve(config)


@kiosk.command("reader")
@config_option
def kiosk_reader(config: Path) -> None:
    """Watch the badge reader and tell the kiosk's pages until SIGTERM."""
    from provisioning.readers.agent import run

    run(config)


@kiosk.group("audit")
def kiosk_audit() -> None:
    """The kiosk's audit trail."""


@kiosk_audit.command("verify")
@config_option
@head_option
def kiosk_audit_verify(config: Path, head: str) -> None:
    """Check every record; name the first bad one and exit with 1. Safe while the kiosk runs."""
    from kiosk.terminal.store import STORE_FILE

    say_verdict(config, STORE_FILE, head)
