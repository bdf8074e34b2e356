"""Makes .venv from the lock files and says what it is doing; needs nothing but Python's standard library.

Run by the Makefile as ``python3 -I provisioning/workbench.py run|dev``: isolated, because nothing of ours is
installed yet and no module beside this file may be mistaken for a library. It must stay readable for Pythons older
than 3.11, so that their owners get a sentence instead of a SyntaxError.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
OURS = ("kiosk", "farm", "provisioning")
WORKERS_LIBRARIES = ("msgspec", "serial")
LOCKS = {
    "run": ("requirements.lock", "requirements-build.lock"),
    "dev": ("requirements-dev.lock", "requirements-build.lock"),
}


class Trouble(Exception):
    """What stands in the way, as one sentence for the person at the keyboard."""


def check_python(version: tuple[int, ...], *, has_venv: bool) -> None:
    """Refuse a Python that cannot carry Passage.

    Raises:
        Trouble: too old, or Debian's package python3-venv is missing.
    """
    if tuple(version[:2]) < OLDEST:
        raise Trouble(
            f"Passage needs Python 3.11 or newer and this is {version[0]}.{version[1]}: "
            "install a newer one and name it, as in `make demo PYTHON=python3.12`."
        )
    if not has_venv:
        raise Trouble(
            "This Python cannot make virtual environments: `apt-get install python3-venv`, then try again."
        )


def has_venv() -> bool:
    """True when this Python has both ``venv`` and ``ensurepip``; Debian ships them in a package of their own."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def check_folder(top: Path) -> None:
    """Refuse a folder that nothing can be written into.

    Raises:
        Trouble: ``top`` is read-only for us.
    """
    probe = top / f".venv-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError as error:
        raise Trouble(
            f"Nothing can be written in {top} ({error.strerror}): copy Passage to a folder of your own."
        ) from error


def fingerprint(top: Path, kind: str) -> str:
    """What the environment was made from: locks, project file, Python and place, as one SHA-256 in hexadecimal."""
    digest = hashlib.sha256((f"{kind} {sys.version} {top}").encode())
    for name in (*LOCKS[kind], "pyproject.toml"):
        digest.update((top / name).read_bytes())
    return digest.hexdigest()


def is_current(top: Path, kind: str) -> bool:
    """True when .venv was made from exactly these files; a dev environment also serves to run."""
    wanted = {"run": ("run", "dev"), "dev": ("dev",)}[kind]
    stamp = top / ".venv" / "made-from"
    if not stamp.is_file() or not (top / ".venv" / "bin" / "python").exists():
        return False
    return stamp.read_text() in [fingerprint(top, one) for one in wanted]


def count_pinned(lock: str) -> int:
    """How many distributions a lock file names."""
    return sum("==" in line and not line.startswith((" ", "#")) for line in lock.splitlines())


def say(text: str) -> None:
    """One progress line: rewritten in place on a terminal, one line each in a log."""
    end = "\x1b[K\r" if sys.stdout.isatty() else "\n"
    sys.stdout.write("  " + text + end)
    sys.stdout.flush()


def pip(top: Path, *words: str, total: int = 0) -> None:
    """Run pip inside .venv and turn its talk into progress lines.

    Raises:
        Trouble: pip failed; its last lines are in the sentence.
    """
    python = str(top / ".venv" / "bin" / "python")
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    talk: list[str] = []
    seen = 0
    with subprocess.Popen(
        command,
        cwd=top,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            talk.append(line.rstrip())
            if line.startswith(("Collecting ", "Processing ")):  # from an index, from a folder of wheels
                seen += 1
                say(f"fetching {seen} of {total}: {Path(line.split()[1]).name}")
            elif line.startswith("Installing collected"):
                say(f"installing {seen} libraries")
    if process.returncode:
        raise Trouble("pip could not install the libraries:\n    " + "\n    ".join(talk[-8:]))


def make(top: Path, kind: str) -> None:
    """Make or renew .venv so that the four commands and their libraries are in it.

    Raises:
        Trouble: a library could not be installed.
    """
    started = time.monotonic()
    home = top / ".venv"
    (home / "made-from").unlink(missing_ok=True)
    if not (home / "bin" / "python").exists() or not _is_at_home(home):
        say(f"making .venv with Python {sys.version_info[0]}.{sys.version_info[1]}")
        shutil.rmtree(home, ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "-m", "venv", str(home)], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise Trouble("Python could not make .venv: " + (done.stdout + done.stderr).strip())
    locks = LOCKS[kind]
    total = sum(count_pinned((top / name).read_text()) for name in locks)
    wanted = [word for name in locks for word in ("-r", name)]
    # --no-deps: a lock file is complete, and pip itself (which sqlite-utils names) is already there
    pip(top, "install", "--no-deps", "--require-hashes", "--no-compile", *wanted, total=total)
    say("putting passage's own commands in place")
    pip(top, "install", "--no-deps", "--no-build-isolation", "--no-index", "-q", "-e", ".")
    compile_ahead(top)
    (home / "made-from").write_text(fingerprint(top, kind))
    say(f"ready: .venv holds {total} libraries ({time.monotonic() - started:.0f} s)")
    if sys.stdout.isatty():
        sys.stdout.write("\n")


def compile_ahead(top: Path) -> None:
    """Write bytecode for our packages and what a printer's worker holds, as a package's installation does.

    A process that compiles its own source keeps about 1 MB of heap from it (16 workers: 10.2 MiB PSS each instead of
    9.3), and where PYTHONDONTWRITEBYTECODE is set each start compiles anew. A file that cannot be compiled is left.
    """
    python = str(top / ".venv" / "bin" / "python")
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    folders = [top / name for name in OURS] + [Path(where) / name for name in WORKERS_LIBRARIES]
    there = [str(folder) for folder in folders if folder.is_dir()]
    subprocess.run([python, "-m", "compileall", "-q", *there], cwd=top, check=False, capture_output=True)


def _is_at_home(home: Path) -> bool:
    """False when the folder was moved: scripts in bin/ name their Python by full path."""
    activate = home / "bin" / "activate"
    return activate.is_file() and str(home) in activate.read_text()


def main(words: list[str]) -> int:
    """The process: 0 when .venv is ready, 1 after one sentence about what is in the way."""
    kind = words[0] if words else "run"
    top = Path(__file__).resolve().parent.parent
    try:
        check_python(sys.version_info[:3], has_venv=has_venv())
        if is_current(top, kind):
            return 0
        check_folder(top)
        make(top, kind)
    except Trouble as trouble:
        sys.stderr.write(f"{trouble}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
