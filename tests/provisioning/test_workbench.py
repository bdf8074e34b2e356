"""The first minute of a newcomer: a sentence for everything that can be in the way, and no needless work."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from provisioning import workbench
from provisioning.workbench import Trouble


def _project(top: Path) -> Path:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock", "pyproject.toml"):
        (top / name).write_text(f"{name}==1\n")
    (top / ".venv" / "bin").mkdir(parents=True)
    (top / ".venv" / "bin" / "python").touch()
    return top


def test_a_python_that_is_too_old_is_named_with_the_way_out() -> None:
    with pytest.raises(Trouble, match=r"needs Python 3\.11 or newer and this is 3\.9: .*make demo PYTHON="):
        workbench.check_python((3, 9, 2), has_venv=True)
    workbench.check_python((3, 11, 0), has_venv=True)
    workbench.check_python((4, 0, 0), has_venv=True)


def test_a_python_that_is_too_old_can_still_read_the_script() -> None:
    ast.parse(Path(workbench.__file__).read_text(), feature_version=(3, 7))


def test_a_missing_venv_module_is_named_with_debians_package() -> None:
    with pytest.raises(Trouble, match="apt-get install python3-venv"):
        workbench.check_python((3, 11, 2), has_venv=False)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Trouble, match=r"Nothing can be written in .*file .*: copy Passage"):
        workbench.check_folder(tmp_path / "file")
    workbench.check_folder(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("changed", ["requirements.lock", "requirements-build.lock", "pyproject.toml"])
def test_the_environment_is_renewed_when_what_it_was_made_from_changes(tmp_path: Path, changed: str) -> None:
    top = _project(tmp_path)
    assert not workbench.is_current(top, "run")
    (top / ".venv" / "made-from").write_text(workbench.fingerprint(top, "run"))
    assert workbench.is_current(top, "run")
    (top / changed).write_text("other\n")
    assert not workbench.is_current(top, "run")


def test_an_environment_for_tests_also_serves_the_demo_but_not_the_reverse(tmp_path: Path) -> None:
    top = _project(tmp_path)
    (top / ".venv" / "made-from").write_text(workbench.fingerprint(top, "dev"))
    assert workbench.is_current(top, "run")
    (top / ".venv" / "made-from").write_text(workbench.fingerprint(top, "run"))
    assert not workbench.is_current(top, "dev")


def test_an_environment_that_was_moved_is_made_anew(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    _project(here)
    (here / ".venv" / "made-from").write_text(workbench.fingerprint(here, "run"))
    here.rename(there)
    assert not workbench.is_current(there, "run")


def test_progress_counts_the_libraries_of_a_lock() -> None:
    assert (
        workbench.count_pinned("# flask==1\nflask==3 \\\n    --hash=sha256:00\nclick==8 ; a == 'b' \\\n") == 2
    )


def test_our_packages_are_compiled_ahead_even_where_python_writes_no_bytecode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "farm").mkdir()
    (tmp_path / "farm" / "good.py").write_text("x = 1\n")
    (tmp_path / "farm" / "bad.py").write_text("x =\n")
    workbench.compile_ahead(tmp_path)
    assert [path.name.split(".")[0] for path in (tmp_path / "farm").rglob("*.pyc")] == ["good"]
