"""Reads the whole house and holds it to its rules; each rule is first shown to be able to complain."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests import house_rules as rules

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ("kiosk", "farm", "provisioning")
FOLDERS = (*PACKAGES, "firmware_profiles", "systemd", "tests")
PAGES = {".html", ".css", ".js", ".svg", ".jinja"}
VENDOR = TOP / "provisioning" / "web" / "static" / "vendor"

Rule = Callable[[str, str], Iterable[str]]


def _ours() -> Iterator[str]:
    """Every file that is or would be in the repository, as a path from the top."""
    if shutil.which("git") and (TOP / ".git").exists():
        command = ["git", "-c", f"safe.directory={TOP}", "ls-files", "-co", "--exclude-standard"]
        listed = subprocess.run(
            command, cwd=TOP, check=True, capture_output=True, text=True
        ).stdout.splitlines()
        yield from (one for one in listed if (TOP / one).is_file())
    else:
        hidden = {".venv", ".demo", "build", "__pycache__"}
        for one in TOP.rglob("*"):
            path = one.relative_to(TOP)
            if one.is_file() and not hidden & set(path.parts):
                yield str(path)


FILES = sorted(set(_ours()))


def _text(path: str) -> str:
    return (TOP / path).read_text(encoding="utf-8", errors="replace")


def _python(*, tests: bool) -> list[str]:
    tops = (*PACKAGES, "tests") if tests else PACKAGES
    return [one for one in FILES if one.endswith(".py") and one.split("/")[0] in tops]


def _complaints(rule: Rule, paths: Iterable[str]) -> list[str]:
    return [complaint for path in paths for complaint in rule(path, _text(path))]


def test_there_is_a_house_to_read() -> None:
    assert "pyproject.toml" in FILES
    assert len(_python(tests=False)) > 10


# --- every rule can complain -----------------------------------------------------------------------------------

LONG_FUNCTION = "def f():\n" + "    x = 1\n" * 50
LONG_CLASS = "class C:\n" + "    x = 1\n" * 250
BAD: list[tuple[Rule, str, str, str]] = [
    (rules.sizes, "kiosk/a.py", "x = 1\n" * 501, "501 lines"),
    (rules.sizes, "kiosk/a.py", LONG_FUNCTION, "f has 51 lines"),
    (rules.sizes, "kiosk/a.py", LONG_FUNCTION.replace("def", "async def"), "f has 51 lines"),
    (rules.sizes, "kiosk/a.py", LONG_CLASS, "C has 251 lines"),
    (rules.purpose, "kiosk/a.py", "x = 1\n", "docstring"),
    (rules.broad_excepts, "kiosk/a.py", "try:\n  f()\nexcept Exception:\n  pass\n", "Exception"),
    (
        rules.broad_excepts,
        "kiosk/a.py",
        "try:\n  f()\nexcept (OSError, BaseException):\n  pass\n",
        "BaseException",
    ),
    (rules.broad_excepts, "kiosk/a.py", "try:\n  f()\nexcept:\n  pass\n", "everything"),
    (rules.broad_excepts, "kiosk/a.py", "with contextlib.suppress(Exception):\n  f()\n", "suppresses"),
    (rules.wrong_rooms, "kiosk/money/rules.py", "from flask import g\n", "flask belongs"),
    (rules.wrong_rooms, "farm/run/machine.py", "import flask.views\n", "flask belongs"),
    (rules.wrong_rooms, "farm/link/wire.py", "def f():\n  import serial\n", "serial belongs"),
    (rules.wrong_rooms, "farm/desk/page.py", "import gpiozero\n", "gpiozero belongs"),
    (rules.wrong_rooms, "kiosk/services/a/rules.py", "import sqlite3\n", "sqlite3 belongs"),
    (
        rules.wrong_rooms,
        "kiosk/a.py",
        "from sqlite_utils import Database, Migrations\n",
        "sqlite_utils belongs",
    ),
    (
        rules.stray_sql,
        "kiosk/services/a/pages.py",
        "q = 'select'\nr = 'SELECT a FROM b'\n",
        "a.pages.py:2: SQL",
    ),
    (rules.stray_sql, "farm/queue/match.py", "q = f'''\n  UPDATE jobs SET x = {y}'''\n", "SQL"),
    (rules.stray_sql, "farm/queue/match.py", "q = 'CREATE UNIQUE INDEX a ON b(c)'\n", "SQL"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "from unittest.mock import Mock\n", "unittest.mock"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "from unittest import mock\n", "unittest.mock"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "import time\ntime.sleep(1)\n", "time.sleep"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "from time import sleep\nsleep(1)\n", "time.sleep"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "monkeypatch.setattr(a, 'b', c)\n", "monkeypatch.setattr"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "page.wait_for_timeout(500)\n", "wait_for_timeout"),
    (rules.unfinished, "kiosk/a.py", "raise NotImplemented" + "Error\n", "NotImplemented"),
    (rules.unfinished, "kiosk/a.py", "x = 1  # TO" + "DO later\n", "TO" + "DO"),
    (rules.elsewhere, "kiosk/a.html", '<script src="https://cdn.example/x.js">', "points elsewhere"),
    (rules.elsewhere, "kiosk/a.html", '<img src="//cdn.example/x.png">', "points elsewhere"),
    (rules.elsewhere, "kiosk/a.css", "a { background: url(//cdn.example/x.png) }", "points elsewhere"),
    (rules.machine_paths, "a.toml", 'path = "/ho' + 'me/anna/passage"', "anna"),
    (rules.machine_paths, "a.py", "see /ro" + "ot/notes", "notes"),
]


@pytest.mark.parametrize(("rule", "path", "text", "complaint"), BAD)
def test_a_bad_example_is_complained_about(rule: Rule, path: str, text: str, complaint: str) -> None:
    found = list(rule(path, text))
    assert found
    assert any(complaint.replace("a.pages", "a/pages") in one for one in found), found


GOOD: list[tuple[Rule, str, str]] = [
    (rules.sizes, "kiosk/a.py", "x = 1\n" * 500),
    (rules.broad_excepts, "provisioning/web/failures.py", "try:\n  f()\nexcept Exception:\n  pass\n"),
    (rules.broad_excepts, "kiosk/a.py", "try:\n  f()\nexcept (OSError, ValueError):\n  pass\n"),
    (rules.wrong_rooms, "kiosk/services/printing/pages.py", "from flask import g\n"),
    (rules.wrong_rooms, "farm/port.py", "import serial.tools.list_ports\n"),
    (rules.wrong_rooms, "kiosk/services/base.py", "from sqlite_utils import Migrations\n"),
    (rules.broad_excepts, "kiosk/a.py", "try:\n  f()\nexcept BaseException:\n  undo()\n  raise\n"),
    (rules.neighbours, "kiosk/services/a/rules.py", "from kiosk.services.base import Tile\n"),
    (rules.neighbours, "kiosk/services/a/desk.py", "from kiosk.services.a.rules import f\n"),
    (rules.stray_sql, "kiosk/services/a/store.py", "q = 'SELECT a FROM b'\n"),
    (rules.stray_sql, "kiosk/a.py", "say = 'Select a reel from the shelf'\n"),
    (rules.mocks_and_sleeps, "tests/test_a.py", "monkeypatch.setenv('A', 'b')\n"),
    (rules.elsewhere, "kiosk/a.svg", '<svg xmlns="http://www.w3.org/2000/svg">'),
    (rules.machine_paths, "a.service", "ExecStart=/opt/passage/venv/bin/passage-hub"),
]


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_good_example_passes(rule: Rule, path: str, text: str) -> None:
    assert list(rule(path, text)) == []


def test_a_missing_and_a_long_readme_are_complained_about() -> None:
    assert list(rules.readme("farm", None))
    assert list(rules.readme("farm", "line\n" * 51))
    assert not list(rules.readme("farm", "line\n" * 50))


def test_a_vendored_file_that_changed_or_came_along_is_complained_about(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"1")
    (tmp_path / "a.txt").write_bytes(b"licence")
    good = (
        '[[file]]\nname = "a.js"\nversion = "1"\nlicence = "MIT"\nlicence_text = "a.txt"\n'
        f'sha256 = "{hashlib.sha256(b"1").hexdigest()}"\n'
    )
    assert list(rules.vendored(good, tmp_path)) == []
    assert any("no licence" in one for one in rules.vendored(good.replace('"MIT"', '""'), tmp_path))
    (tmp_path / "a.js").write_bytes(b"2")
    assert any("describes" in one for one in rules.vendored(good, tmp_path))
    (tmp_path / "b.js").write_bytes(b"3")
    assert any("b.js: not in the manifest" in one for one in rules.vendored(good, tmp_path))
    (tmp_path / "a.js").unlink()
    assert any("a.js: in the manifest, not in the folder" in one for one in rules.vendored(good, tmp_path))


# --- and the house keeps every one -------------------------------------------------------------------------------


def test_files_functions_and_classes_keep_their_size() -> None:
    assert _complaints(rules.sizes, _python(tests=True)) == []


def test_every_module_says_what_it_is_for() -> None:
    assert _complaints(rules.purpose, _python(tests=True)) == []


def test_bugs_are_swallowed_nowhere() -> None:
    assert _complaints(rules.broad_excepts, _python(tests=False)) == []


def test_each_library_stays_in_its_room() -> None:
    assert _complaints(rules.wrong_rooms, _python(tests=False)) == []


def test_no_service_of_the_menu_imports_another() -> None:
    assert _complaints(rules.neighbours, _python(tests=False)) == []


def test_sql_stands_only_in_stores() -> None:
    assert _complaints(rules.stray_sql, _python(tests=False)) == []


def test_tests_neither_mock_nor_sleep() -> None:
    tests = [one for one in _python(tests=True) if one.startswith("tests/")]
    assert _complaints(rules.mocks_and_sleeps, tests) == []


def test_nothing_is_left_for_later_in_product_code() -> None:
    assert _complaints(rules.unfinished, _python(tests=False)) == []


def test_no_page_style_or_script_names_another_server() -> None:
    vendor = str(VENDOR.relative_to(TOP))
    pages = [one for one in FILES if Path(one).suffix in PAGES and not one.startswith(vendor)]
    assert _complaints(rules.elsewhere, [one for one in pages if not one.startswith("tests/")]) == []


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    binary = {".png", ".woff2", ".stl", ".jpg", ".ico", ".gz", ".webp"}
    assert _complaints(rules.machine_paths, [one for one in FILES if Path(one).suffix not in binary]) == []


def test_vendored_files_are_the_ones_in_the_manifest() -> None:
    assert list(rules.vendored((VENDOR / "MANIFEST.toml").read_text(), VENDOR)) == []


def test_systemd_never_becomes_a_package() -> None:
    assert not (TOP / "systemd" / "__init__.py").exists()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_top_folder_has_a_readme_of_one_screen(folder: str) -> None:
    path = TOP / folder / "README.md"
    assert list(rules.readme(folder, path.read_text() if path.exists() else None)) == []


def test_the_locks_name_every_dependency_and_no_place() -> None:
    project = tomllib.loads(_text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": [
            *project["dependencies"],
            *extras["test"],
            *extras["web-test"],
            *extras["lint"],
        ],
    }
    for lock, names in wanted.items():
        text = _text(lock)
        pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line}
        assert {_bare(name) for name in names} <= pinned, f"{lock} is behind pyproject.toml: make lock"
        assert "://" not in text
        assert "file:" not in text


def test_both_locks_agree() -> None:
    run, dev = (
        {line for line in _text(one).splitlines() if "==" in line}
        for one in ("requirements.lock", "requirements-dev.lock")
    )
    assert run <= dev


def _bare(requirement: str) -> str:
    for mark in "~><=; [":
        requirement = requirement.split(mark, maxsplit=1)[0]
    return requirement
