"""The shipped units as systemd reads them: no unknown key, no missing command, exposure 2.0 or better."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

from tests.support import short_dir

pytestmark = pytest.mark.units

TOP = Path(__file__).resolve().parents[2]
UNITS = TOP / "systemd"
SERVICES = sorted(one.name for one in UNITS.glob("*.service"))
TARGETS = sorted(one.name for one in UNITS.glob("*.target"))
BINARIES = "/opt/passage/venv/bin/"
WORST = 20  # tenths of systemd-analyze's exposure level
EXPECTED = [
    "passage-farm-reader.service",
    "passage-farm.service",
    "passage-hub.service",
    "passage-interlock@.service",
    "passage-kiosk-reader.service",
    "passage-kiosk.service",
    "passage-worker@.service",
]


def analyze(*words: str, search: Path) -> tuple[int, str]:
    """Exit status and everything that systemd-analyze says, with ``search`` as first place to look for units."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: apt-get install systemd"
    done = subprocess.run(
        [program, "--no-pager", *words],
        check=False,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "SYSTEMD_UNIT_PATH": f"{search}:",
            "SYSTEMD_LOG_LEVEL": "warning",
            "LC_ALL": "C.UTF-8",
        },
    )
    return done.returncode, done.stdout + done.stderr


def verify(folder: Path, name: str) -> list[str]:
    """What systemd complains about in one unit of ``folder``; systemd 252 says unknown keys with exit status 0."""
    status, said = analyze("verify", "--man=no", str(folder / name), search=folder)
    return [line for line in said.splitlines() if "passage" in line] or (
        ["failed: " + said] if status else []
    )


def settings(name: str) -> configparser.RawConfigParser:
    """One of our units; of a key given twice, the last value."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNITS / name)
    return parser


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units in a folder of their own, with their commands beside them."""
    folder = tmp_path_factory.mktemp("units")
    for command in ("hub", "kiosk", "farm"):
        (folder / f"passage-{command}").write_text("#!/bin/sh\n")
        (folder / f"passage-{command}").chmod(0o755)
    for name in SERVICES + TARGETS:
        (folder / name).write_text((UNITS / name).read_text().replace(BINARIES, f"{folder}/"))
    return folder


def test_the_units_are_those_of_the_processes_and_no_others() -> None:
    assert SERVICES == EXPECTED
    assert TARGETS == ["passage-farm.target", "passage-hub.target", "passage-kiosk.target"]


@pytest.mark.parametrize("name", SERVICES + TARGETS)
def test_systemd_has_nothing_to_say_against_a_unit(installed: Path, name: str) -> None:
    assert verify(installed, name) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("WatchdogSec=", "WatchdogSecs="),
        ("Type=notify", "Type=notifyed"),
        ("ExecStart=/", "ExecStart=/nowhere/"),
    ],
)
def test_a_slip_of_the_pen_in_a_unit_is_found(
    installed: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    text = (installed / "passage-hub.service").read_text()
    assert right in text
    (tmp_path / "passage-hub.service").write_text(text.replace(right, wrong))
    assert verify(tmp_path, "passage-hub.service") != []


def exposure(folder: Path, name: str) -> int:
    """The exit status of the security review of one unit: 0 when it is within ``WORST``."""
    status, said = analyze(
        "security", "--offline=true", f"--threshold={WORST}", str(folder / name), search=folder
    )
    assert "Overall exposure level" in said, said
    return status


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_exposed_no_more_than_two(installed: Path, name: str) -> None:
    assert exposure(installed, name) == 0


def test_a_service_without_its_fences_fails_the_review(installed: Path, tmp_path: Path) -> None:
    fences = re.compile(
        r"^(Protect|Private|Restrict|SystemCall|Capability|IPAddress|Device)\w+=.*\n", re.MULTILINE
    )
    text = fences.sub("", (installed / "passage-worker@.service").read_text())
    (tmp_path / "passage-worker@.service").write_text(text)
    assert exposure(tmp_path, "passage-worker@.service") != 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_tells_when_it_is_ready_and_alive_and_comes_back(name: str) -> None:
    service = settings(name)["Service"]
    assert service["Type"] == "notify"
    assert service["WatchdogSec"]
    assert service["Restart"] in {"on-failure", "always"}
    assert service["MemoryMax"]
    assert service["LimitCORE"] == "0"
    assert settings(name)["Unit"]["StartLimitIntervalSec"] == "0"


@pytest.mark.parametrize(
    "name", ["passage-worker@.service", "passage-interlock@.service", "passage-kiosk-reader.service"]
)
def test_what_touches_hardware_has_no_network(name: str) -> None:
    service = settings(name)["Service"]
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    assert service["PrivateNetwork"] == "yes"
    assert service["IPAddressDeny"] == "any"
    assert "IPAddressAllow" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_the_command_a_unit_starts_exists_with_these_words(name: str) -> None:
    scripts = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["scripts"]
    words = shlex.split(settings(name)["Service"]["ExecStart"].replace("%i", "one"))
    module, attribute = scripts[words[0].removeprefix(BINARIES)].split(":")
    group = getattr(import_module(module), attribute)
    assert isinstance(group, click.Group)
    command = group.commands[words[1]]
    assert words[-2:] == ["--config", "/etc/passage/node.toml"]
    command.make_context(words[1], words[2:])  # a word that it does not know raises


@pytest.fixture
def root() -> Iterator[Path]:
    """An empty system with our users and the farm node's folders, made by systemd's own programs."""
    with short_dir() as top:
        top.chmod(0o755)
        (top / "etc").mkdir()
        _tool("systemd-sysusers", f"--root={top}", str(UNITS / "sysusers.d" / "passage.conf"))
        if os.geteuid() == 0:
            _tool(
                "systemd-tmpfiles",
                f"--root={top}",
                "--create",
                str(UNITS / "tmpfiles.d" / "passage-farm.conf"),
            )
        yield top


def _tool(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _ids(top: Path, file: str) -> dict[str, int]:
    rows = [line.split(":") for line in (top / "etc" / file).read_text().splitlines()]
    return {row[0]: int(row[2]) for row in rows}


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make files of other users")


@needs_root
def test_every_user_and_group_of_a_unit_is_made(root: Path) -> None:
    users, groups = _ids(root, "passwd"), _ids(root, "group")
    for name in SERVICES:
        service = settings(name)["Service"]
        assert service["User"] in users
        assert {service["Group"], *service.get("SupplementaryGroups", "").split()} <= groups.keys()
    assert "passage-hub:x:" in (root / "etc" / "group").read_text()
    assert re.search(r"^passage-hub:.*:www-data$", (root / "etc" / "group").read_text(), re.MULTILINE)


def _as(top: Path, unit: str, script: str) -> bool:
    """True when a shell line succeeds inside ``top`` as the user, groups and umask of a unit."""
    users, groups = _ids(top, "passwd"), _ids(top, "group")
    service = settings(unit)["Service"]
    others = ",".join(str(groups[one]) for one in service["SupplementaryGroups"].split())
    identity = [
        f"--reuid={users[service['User']]}",
        f"--regid={groups[service['Group']]}",
        f"--groups={others}",
    ]
    shell = ["sh", "-c", f"umask {service['UMask']}; cd {top}; {script}"]
    return subprocess.run(["setpriv", *identity, *shell], check=False, capture_output=True).returncode == 0


@needs_root
def test_farm_processes_share_sockets_and_spool_files_but_not_the_record(root: Path) -> None:
    desk, worker, reader = "passage-farm.service", "passage-worker@.service", "passage-farm-reader.service"
    assert _as(
        root, desk, "echo secret > var/lib/passage/farm.sqlite && echo G28 > var/lib/passage/spool/job"
    )
    assert _as(root, worker, "cat var/lib/passage/spool/job")
    assert _as(root, worker, "echo run > var/lib/passage/worker-printer-1.journal")
    assert not _as(root, worker, "cat var/lib/passage/farm.sqlite")
    assert not _as(root, worker, "rm -f var/lib/passage/farm.sqlite || mv var/lib/passage/farm.sqlite x")
    assert not _as(root, worker, "echo G28 > var/lib/passage/spool/job")
    assert _as(root, desk, "touch run/passage/desk.sock && chmod 660 run/passage/desk.sock")
    assert _as(root, worker, "test -w run/passage/desk.sock")
    assert _as(root, reader, "test -w run/passage/desk.sock")
    assert not _as(root, worker, "rm -f run/passage/desk.sock")


def test_a_kiosk_in_a_corridor_never_holds_the_pepper_of_the_pins() -> None:
    assert "pepper" not in (UNITS / "passage-kiosk.service").read_text()
    assert "pepper" in (UNITS / "passage-hub.service").read_text()
