"""A whole demo site for journeys: real processes on free ports, and the people who live and work there."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning.audit import read_trail
from provisioning.errors import PassageError
from provisioning.readers.stick.places import SECTOR_BYTES, SLOT_AT
from provisioning.sim.acts import sign_demo_models
from provisioning.sim.demo import PORTS, bring_in
from provisioning.sim.demo_site import HOST, PRINTERS, make_site
from provisioning.sim.running import RunningSite, process_name
from provisioning.sim.visitor import Form, Visitor
from tests.support import free_port, is_listening, wait_until

AS_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override")
READY_S = 90.0
MODELS = 7  # farm/sim/models/models.toml
SPEED = 400.0  # virtual printers, times life
QUICK_SITE = "idle_s = 4\n"  # kiosk B: a short patience, for the walk that waits for the warning
# Every node: less than this, and somebody with a pass at home is let in nowhere else (10 s of lease, 2 s of slack,
# two questions of the home kiosk that may be 5 s apart).
ALONE_SITE = "alone_after_s = 24\n"
COUNTER = re.compile(rb'"counter":(\d+)')


def free_ports() -> int:
    """The first of five neighbouring ports on which nobody listens."""
    while True:
        first = free_port()
        if not any(is_listening(first + number) for number in range(PORTS)):
            return first


class House:
    """The running site, its hardware and its people."""

    def __init__(self, base: Path) -> None:
        self.site = make_site(base, free_ports())
        self.binaries = Path(sys.executable).parent
        bring_in(self.site, self.binaries, lambda _line: None)
        for node in self.site.nodes.values():
            file = node.folder / "site.toml"
            file.write_text(file.read_text() + ALONE_SITE)
        quick = self.site.nodes["kiosk-b"].folder / "site.toml"
        quick.write_text(quick.read_text() + QUICK_SITE)
        self.running = RunningSite(self.site, self.binaries)
        self.hardware = self.running.hardware
        self.hardware.bench.speed = SPEED
        people = json.loads((base / "people.json").read_text())
        self.residents: dict[str, dict[str, Any]] = {one["first_name"]: one for one in people["residents"]}
        self.officers: dict[str, dict[str, Any]] = {one["sign_in_name"]: one for one in people["officers"]}

    # -- processes ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every process, and let the two officers approve six of the seven models, as on a first morning."""
        self.running.start(lambda _name: None)
        sign_demo_models(self.site, MODELS)
        offered = f"{MODELS - 1} models"
        for kiosk in ("kiosk-a", "kiosk-b"):
            log = process_name(kiosk, "passage-kiosk")
            wait_until(lambda name=log: offered in self.log(name), 60, what=f"{offered} at {kiosk}")

    def url(self, node_id: str, path: str = "/") -> str:
        """The address of a node's page."""
        return self.site.nodes[node_id].url + path

    def log(self, name: str) -> str:
        """What a process said so far."""
        return (self.site.base / "log" / f"{name}.log").read_text(errors="replace")

    def stop_process(self, name: str) -> None:
        """Stop one process in good order."""
        self.running.supervisor.stop(name)

    def start_process(self, *names: str) -> None:
        """Start processes and wait until each said that it is ready."""
        self.running.supervisor.start_all(names)
        assert self.running.supervisor.wait_ready(names, READY_S) == []

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """One process is stopped for a while."""
        self.stop_process(name)
        try:
            yield
        finally:
            self.start_process(name)

    @contextmanager
    def held_up(self, name: str) -> Iterator[None]:
        """One process stands still for a moment, as on a machine that is busy."""
        pid = self._pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def _pid(self, name: str) -> int:
        pid = next(one.pid for one in self.running.supervisor.processes() if one.name == name)
        assert pid is not None
        return pid

    @contextmanager
    def hub_without_writing(self) -> Iterator[None]:
        """The running hub may not write one more byte to any file for a while, as on a disk gone read-only or full."""
        pid = self._pid(self.hub_name)
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        try:
            yield
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))

    def start_hub_read_only(self) -> tuple[int, str]:
        """Start a hub whose database it may only read; its exit status and its last words. The hub must be stopped."""
        node = self.site.nodes["hub"]
        database = node.folder / "state" / "hub.sqlite"
        command = [str(self.binaries / "passage-hub"), "serve", "--config", str(node.config)]
        as_anybody = AS_ANYBODY if os.geteuid() == 0 else ()  # root may write everything
        database.chmod(0o400)
        try:
            done = subprocess.run(
                [*as_anybody, *command],
                env=os.environ | {"CREDENTIALS_DIRECTORY": str(node.folder / "credentials")},
                check=False,
                capture_output=True,
                text=True,
                timeout=READY_S,
            )
        finally:
            database.chmod(0o600)
        return done.returncode, done.stderr

    @property
    def hub_name(self) -> str:
        """The hub's process."""
        return process_name("hub", "passage-hub")

    # -- people ---------------------------------------------------------------------------------------------

    def badge(self, first_name: str) -> str:
        """The number of a resident's badge."""
        return str(self.residents[first_name]["badge_uid"])

    def stick(self, first_name: str, copy: int = 0) -> Path:
        """The image of a resident's stick, or of a copy that ``running.carried.copy`` made."""
        uid = str(self.residents[first_name]["stick_uid"])
        return self.running.carried.stick(f"{uid}-copy-{copy}" if copy else uid)

    def counter(self, first_name: str, copy: int = 0) -> int:
        """What the newest ticket on somebody's stick counts, as the sectors lie there."""
        image = self.stick(first_name, copy).read_bytes()
        found = [COUNTER.search(image, at, at + SECTOR_BYTES) for at in SLOT_AT]
        return max(int(one[1]) for one in found if one)

    def resident_id(self, first_name: str) -> str:
        """A resident's number."""
        return str(self.residents[first_name]["resident_id"])

    def key(self, first_name: str) -> Path:
        """The file of a resident's security key."""
        return self.running.carried.key(self.resident_id(first_name))

    def pin(self, first_name: str) -> str:
        """A resident's PIN."""
        return str(self.residents[first_name]["pin"])

    def resident_of(self, language: str, wing: str = "A", *, skip: int = 0) -> str:
        """The first name of somebody on a wing who reads a language."""
        fitting = [n for n, r in self.residents.items() if r["language"] == language and r["wing"] == wing]
        return fitting[skip]

    def officer(self, name: str, node_id: str = "hub") -> Visitor:
        """An officer signed in without a browser, to prepare what a journey does not walk."""
        visitor = Visitor(self.url(node_id))
        form = visitor.get("/sign-in").form("/sign-in")
        visitor.send(form, name=name, password=self.officers[name]["secret"])
        return visitor

    # -- preparing ------------------------------------------------------------------------------------------

    def ask(self, first_name: str, model_id: str, colour: str = "white", kiosk: str = "kiosk-b") -> str:
        """A request made at a kiosk without a browser; its number."""
        self.hardware.touch(kiosk, self.badge(first_name))
        try:
            visitor = Visitor(self.url(kiosk))
            pad = wait_until(lambda: _form(visitor, "/", "/pin"), what="the pad")
            visitor.send(pad, pin=self.pin(first_name))
            form = wait_until(lambda: _form(visitor, f"/printing/{model_id}", "/printing/"), what=model_id)
            receipt = visitor.send(form, colour=colour, copies="1")
            return next(word for word in receipt.text.split() if word.startswith("R-"))
        finally:
            self.hardware.lift(kiosk)

    def approve(self, number: str, officer: str = "els") -> None:
        """Let an officer say yes."""
        visitor = self.officer(officer)
        visitor.send(visitor.get(f"/printing/requests/{number}").form("/approve"))

    def refuse(self, number: str, reason: str, words: str, officer: str = "els") -> None:
        """Let an officer say no, for a reason."""
        visitor = self.officer(officer)
        form = visitor.get(f"/printing/requests/{number}").form("/refuse")
        asks = visitor.send(form, reason=reason, words=words)
        visitor.send(asks.form("/refuse"))

    def recorded(self, node_id: str, subject: str, action: str = "") -> list[str]:
        """What a node's audit trail says (about something, or at all): action and, of progress, the state."""
        file = {"hub": "hub.sqlite", "farm": "farm.sqlite"}.get(node_id, "kiosk.sqlite")
        trail = read_trail(self.site.nodes[node_id].folder / "state" / file)
        about = [one for one in trail if subject in {"", one.subject}]
        found = [f"{one.action} {one.detail.get('state', '')}".strip() for one in about]
        return [one for one in found if one.startswith(action)]

    def farm_state(self, visitor: Visitor) -> dict[str, Any]:
        """Printers and cells as the desk sees them: name -> what it says."""
        plain = visitor.get_json("/live.json")
        return {one["printer"]: one for one in plain["printers"]} | {
            one["cell"]: one for one in plain["cells"]
        }


def _form(visitor: Visitor, path: str, action: str) -> Form | None:
    try:
        return visitor.get(path).form(action)
    except PassageError:
        return None


def printers_of(state: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """The printers in what :meth:`House.farm_state` says."""
    return (state[name] for name in PRINTERS)


__all__ = ["HOST", "House", "free_ports", "printers_of"]
