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
def policy() -> None:
    """Who may use which service, where and when."""


@policy.command("show")
@config_option
def policy_show(config: Path) -> None:
    """Print the policy in force as TOML. Safe while the hub runs."""
    from kiosk.hub.policy.telling import show

    click.echo(show(config), nl=False)


@policy.command("explain")
@click.option("--resident", required=True, metavar="ID", help="Whose question it is.")
@click.option("--service", required=True, metavar="NAME", help="Such as printing.")
@click.option("--kiosk", required=True, metavar="ID", help="At which device.")
@click.option(
    "--at", default="", metavar="TIME", help="2026-11-23T14:30, the site's time. Now, when left out."
)
@click.option(
    "--level",
    type=click.IntRange(0, 2),
    default=0,
    show_default=True,
    help="Proof: 0 badge, 1 stick, 2 security key.",
)
@config_option
def policy_explain(resident: str, service: str, kiosk: str, at: str, level: int, config: Path) -> None:
    """Print the answer and every rule that was looked at. Safe while the hub runs."""
    from kiosk.hub.policy.telling import tell

    click.echo(tell(config, resident, service, kiosk, at, level))


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
