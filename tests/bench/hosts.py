"""Other programs' senders, for comparison only: from PyPI into environments under build/, never beside our own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from tests.bench.harness import BUILD, HERE, Host

# distribution, driver, what pip is asked for (printrun without its windows: printcore needs only pyserial)
OTHERS = (
    (
        "Printrun printcore",
        "printrun_host.py",
        (("--no-deps", "printrun==2.2.0"), ("pyserial", "platformdirs")),
    ),
    ("OctoPrint serial layer", "octoprint_host.py", (("octoprint==1.11.8",),)),
)


def other_hosts(say: Callable[[str], None]) -> Iterator[Host]:
    """Those that could be installed; ``say`` hears which could not and why."""
    for name, driver, wanted in OTHERS:
        folder = BUILD / driver.removesuffix(".py")
        python = folder / "bin" / "python"
        marker = folder / "whole"
        try:
            if not marker.exists():
                say(f"installing {name} into build/bench ...")
                _run(sys.executable, "-m", "venv", "--clear", str(folder))
                for words in wanted:
                    _run(str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *words)
                marker.touch()
        except subprocess.CalledProcessError as error:
            last = (error.stderr or "").strip().splitlines()[-1:]
            say(f"{name} is left out: {' '.join(last)}")
            continue
        yield Host(name, (str(python), str(HERE / driver)))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
