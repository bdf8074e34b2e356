"""``make story``: from a badge to a weighed part without a person, over HTTP and the simulated hardware.

With faults, one process chosen at random is killed in each step, at a moment chosen at random, and started again by
its unit's rule; the people of the story do what people do then: look again, press again, reset the cell. The end must
be the same: one part, one decision, at most one debit, every audit chain whole.
"""

import random
import re
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from provisioning.audit import read_trail
from provisioning.sim.acts import AtDesk, AtKiosk, officer_of, until
from provisioning.sim.demo import build
from provisioning.sim.people import demo_residents
from provisioning.sim.running import READY_S, RunningSite
from provisioning.sim.visitor import Form, Page

SPEED = 200.0  # the virtual printers' time
STEP_S = 120.0  # a step that takes longer has failed
KILL_WITHIN_S = 0.5  # of a step's begin: the steps are quick
KILL_PRINT_WITHIN_S = 12.0  # the print is the longest
GRAMS = re.compile(r"(\d+(?:[.,]\d+)?)\s*g\b")  # the desk says how heavy the part should be


Say = Callable[[str], None]


class StoryFailed(Exception):
    """The story did not end as it must: one sentence. No refusal that a person could wait out."""


class Chaos:
    """Kills one process in each step, at random; silent without faults."""

    def __init__(self, running: RunningSite, seed: int | None) -> None:
        self._running = running
        self._random = random.Random(seed) if seed is not None else None  # noqa: S311 - choices, not secrets
        self._timer: threading.Timer | None = None
        self.victim = ""

    def begin(self, within_s: float) -> None:
        """Choose a victim and a moment."""
        if self._random is None:
            return
        self.victim = self._random.choice(self._running.supervisor.names())
        delay_s = self._random.uniform(0.0, within_s)
        self._timer = threading.Timer(delay_s, self._running.supervisor.kill, [self.victim])
        self._timer.start()

    def end(self) -> None:
        """Wait until the deed is done and everything is up again."""
        if self._timer is None:
            return
        self._timer.join()
        supervisor = self._running.supervisor
        until(
            lambda: True if not supervisor.wait_ready(supervisor.names(), 1) else None,
            "all processes",
            READY_S,
        )


class Story:
    """The steps, each told with its time."""

    def __init__(self, running: RunningSite, seed: int | None, model: str, say: Say) -> None:
        self._say = say
        self._site, self._hardware = running.site, running.hardware
        self._chaos = Chaos(running, seed)
        self._model = model
        self._begun_s = time.monotonic()
        self._who = next(
            one for one in demo_residents() if one.language == "en" and one.opening_cents >= 1000
        )
        self._hub = AtDesk(self._site.nodes["hub"].url, officer_of("workshop"))
        self._desk = AtDesk(self._site.nodes["farm"].url, officer_of("workshop"))
        self._number = self._grams = ""
        self._money: tuple[int, int] | None = None

    def tell(self) -> None:
        """All of it.

        Raises:
            NotSeen: a step did not come to its end.
            StoryFailed: the end is not what it must be.
        """
        self._hardware.set_speed(SPEED)
        self._step("a badge and a PIN open the menu of kiosk A", self._sign_in)
        self._step(f"{self._model} is asked for, and the button pressed twice", self._ask)
        self._step("the badge is taken away and the screen is blank", self._leave)
        self._step("an officer approves, and presses twice", self._decide)
        self._step("the cell is reset, the part printed and cooled", self._print, KILL_PRINT_WITHIN_S)
        self._step("the part is weighed and gets its label", self._weigh)
        self._step("the part is handed over by badge", self._hand_over)
        self._step("the resident sees it at the other kiosk", self._see)
        self._step("every audit chain is whole", self._verify)
        self._count()

    def _step(self, name: str, act: Callable[[], str | None], kill_within_s: float = KILL_WITHIN_S) -> None:
        begun_s = time.monotonic()
        self._chaos.begin(kill_within_s)
        said = until(act, name, STEP_S)
        took_s = time.monotonic() - begun_s
        self._chaos.end()
        killed = f"  [killed {self._chaos.victim}]" if self._chaos.victim else ""
        self._say(f"{begun_s - self._begun_s:6.1f} s  {name}: {said} ({took_s:.1f} s){killed}")

    def _at(self, kiosk: str) -> AtKiosk:
        return AtKiosk(self._site, self._hardware, kiosk, self._who)

    def _sign_in(self) -> str:
        self._kiosk = self._at("kiosk-a")
        self._kiosk.sign_in()
        return f"{self._who.first_name}, wing {self._who.wing}"

    def _ask(self) -> str | None:
        self._kiosk.sign_in()
        if self._money is None:
            self._money = self._kiosk.money(self._model)
        if not self._numbers():
            form = self._kiosk.ask_for(self._model, "white")
            self._kiosk.press_again(form)
        numbers = self._numbers()
        if not numbers:
            return None  # it waits in the kiosk: the hub is on its way back
        if len(numbers) > 1:
            raise StoryFailed(f"Two requests came of one: {numbers}.")
        self._number = numbers[0]
        return self._number

    def _numbers(self) -> list[str]:
        words = self._kiosk.requests().text.split()
        return sorted({word for word in words if word.startswith("R-") and len(word) > 4})

    def _leave(self) -> str:
        return f"after {self._at('kiosk-a').walk_away():.1f} s"

    def _decide(self) -> str | None:
        form = self._hub.approve(self._number)
        if form is not None:
            self._hub.send(form)
        page = self._hub.open(f"/printing/requests/{self._number}")
        return (
            None
            if "/approve" in " ".join(one.action for one in page.forms)
            else f"by {officer_of('workshop').name}"
        )

    def _print(self) -> str | None:
        self._desk.reset_cell()
        self._weigh_waste()
        page = self._desk.open("/parts/")
        return "on the bed" if self._weighing(page) else None

    @staticmethod
    def _weighing(page: Page) -> list[Form]:
        return [form for form in page.forms if "/parts/weigh/" in form.action]

    def _weigh_waste(self) -> None:
        """After a failed run its remains are taken off the bed, which is what lets the next run begin."""
        page = self._desk.open("/")
        for form in page.forms:
            if form.action.endswith("/clear"):
                values = {"grams": "1.0"} if "grams" in form.fields else {}
                self._desk.send(form, **values)

    def _weigh(self) -> str | None:
        page = self._desk.open("/parts/")
        expected = GRAMS.search(page.text)
        for form in self._weighing(page):
            assert expected is not None, "a part that waits for the scale shows its expected mass"
            self._grams = expected.group(1).replace(",", ".")
            self._hardware.weigh(float(self._grams))
            self._desk.send(form, grams=self._grams)
            self._desk.send(form, grams=self._grams)
        codes = self._codes()
        return f"{self._grams} g, {codes[0]}" if codes else None

    def _codes(self) -> list[str]:
        page = self._desk.open("/parts/")
        return sorted(
            {word.strip(".,") for word in page.text.split() if word.startswith("P-") and len(word) > 5}
        )

    def _hand_over(self) -> str | None:
        code = self._codes()[0]
        page = self._desk.open(f"/parts/{code}")
        forms = [form for form in page.forms if form.action.endswith("/hand-over")]
        badge = next((form for form in forms if form.fields.get("how") == "badge"), None)
        if badge is None:
            self._hardware.lift("farm")
            return f"{code} to its owner"
        self._hardware.lift("farm")
        self._hardware.touch("farm", self._who.badge_uid)
        self._desk.send(badge)
        return None

    def _see(self) -> str | None:
        self._kiosk = self._at("kiosk-b")
        self._kiosk.sign_in()
        page = self._kiosk.request(self._kiosk.requests())
        if "handed over" not in page.text.lower():
            return None
        price_cents, before_cents = self._money or (0, 0)
        paid_cents = before_cents - self._kiosk.money(self._model)[1]
        if paid_cents != price_cents:
            raise StoryFailed(f"The price is {price_cents} cents and {paid_cents} were taken.")
        self._kiosk.walk_away()
        return f"handed over, {paid_cents} cents paid"

    def _verify(self) -> str:
        binaries = Path(sys.executable).parent
        for command, node_id in (
            ("hub", "hub"),
            ("farm", "farm"),
            ("kiosk", "kiosk-a"),
            ("kiosk", "kiosk-b"),
        ):
            words = [str(binaries / f"passage-{command}"), "audit", "verify", "--config"]
            done = subprocess.run(
                [*words, str(self._site.nodes[node_id].config)], check=False, capture_output=True, text=True
            )
            if done.returncode:
                raise StoryFailed(f"The audit chain of {node_id} is broken: {done.stderr.strip()}")
        return "hub, farm, kiosk A, kiosk B"

    def _count(self) -> None:
        hub, farm = (Counter(self._actions(node_id)) for node_id in ("hub", "farm"))
        found = {
            "requests": hub["request_received"],
            "decisions": hub["request_decided"],
            "parts": farm["part_weighed"],
            "hand-overs": farm["part_handed_over"],
            "runs": farm["run_started"],
        }
        self._say(", ".join(f"{name} {number}" for name, number in found.items()))
        once = ("requests", "decisions", "parts", "hand-overs")
        if any(found[name] != 1 for name in once):
            raise StoryFailed(f"Not exactly one of each: {found}.")

    def _actions(self, node_id: str) -> list[str]:
        path = self._site.nodes[node_id].folder / "state" / f"{node_id}.sqlite"
        return [record.action for record in read_trail(path)]


def tell_story(base: Path | None, port: int, say: Say, *, faults: bool, seed: int | None, model: str) -> None:
    """Make a site, tell the story on it, take the site away again.

    Raises:
        DemoRefused, NotReady, NotSeen, StoryFailed: it did not come to its end; with one sentence.
    """
    begun_s = time.monotonic()
    chosen = seed if seed is not None else secrets.randbelow(1_000_000)
    if faults:
        say(f"faults: seed {chosen} (again with: make story FAULTS=1 SEED={chosen})")
    with tempfile.TemporaryDirectory(prefix="passage-story-") as scratch:
        running = build(base or Path(scratch), port, say)
        try:
            Story(running, chosen if faults else None, model, say).tell()
        finally:
            running.stop()
    say(f"told in {time.monotonic() - begun_s:.0f} s")
