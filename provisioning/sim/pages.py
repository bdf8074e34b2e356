"""The bench panel's pages: badges, sticks, contacts, cables, power and the scale, and every lamp there is to watch."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from provisioning.errors import Refused, Unavailable
from provisioning.sim.carried import BLANK_BADGES, Drawer, Thing
from provisioning.sim.demo_site import CONTACTS, PRINTERS
from provisioning.sim.hardware import Hardware
from provisioning.sim.running import MACHINES, RunningSite
from provisioning.sim.supervisor import Managed, proportional_kib, resident_kib
from provisioning.web.forms import text_field
from provisioning.web.locale import N_
from provisioning.web.locale import gettext as _
from provisioning.web.shell import NavItem

SPEEDS = (1, 10, 60, 300)
TEARS = (0, 1, 256, 511)  # bytes of a ticket's 512 that still arrive
CONTACT_WORDS = {
    "door": (N_("Door"), N_("open"), N_("closed"), "door"),
    "emergency_stop": (N_("Emergency stop"), N_("pressed"), N_("released"), "hand-stop"),
    "smoke": (N_("Smoke detector"), N_("smoke"), N_("clear"), "flame"),
}
STICK_WORDS = {
    "own": N_("Residents"),
    "copy": N_("Copies"),
    "blank": N_("Blank"),
    "made": N_("Issued here"),
    "shop": N_("Strangers"),
}
NODE_WORDS = {
    "hub": N_("Hub: back office"),
    "kiosk-a": N_("Kiosk A, wing A"),
    "kiosk-b": N_("Kiosk B, wings B and C"),
    "farm": N_("Farm node: workshop"),
}
Person = dict[str, str]


@dataclass
class Panel:
    """What the pages draw from."""

    running: RunningSite
    residents: list[Person]
    officers: list[Person]
    done: set[str] = field(default_factory=set)

    @property
    def hardware(self) -> Hardware:
        """The simulated devices."""
        return self.running.hardware

    @property
    def who(self) -> dict[str, str]:
        """Badge number -> the name to show."""
        named = {one["badge_uid"]: one["first_name"] for one in self.residents}
        return named | {one["badge_uid"]: one["name"] for one in self.officers} | self.blank_badges

    @property
    def blank_badges(self) -> dict[str, str]:
        """Badges of nobody, to be given out -> what they are called on the page."""
        return {uid: _("blank badge %(number)d", number=at) for at, uid in enumerate(BLANK_BADGES, 1)}

    @property
    def drawer(self) -> Drawer:
        """The sticks and keys that people carry."""
        return self.running.carried

    def nodes(self) -> list[dict[str, object]]:
        """Each node with its address and whether it has power."""
        return [
            {
                "node_id": node.node_id,
                "kind": node.kind,
                "name": _(NODE_WORDS[node.node_id]),
                "url": node.url + "/",
                "powered": self.running.supervisor.is_powered(node.node_id),
                "place": self.hardware.bench.readers.get(node.node_id),
            }
            for node in self.running.site.nodes.values()
        ]

    def processes(self) -> list[dict[str, object]]:
        """Each process with its state and memory."""
        return [_process(one) for one in self.running.supervisor.processes()]


def _process(one: Managed) -> dict[str, object]:
    pid = one.pid
    return {
        "name": one.name,
        "node_id": one.node_id,
        "state": one.state,
        "pid": pid,
        "resident_mib": resident_kib(pid) / 1024 if pid else 0.0,
        "proportional_mib": proportional_kib(pid) / 1024 if pid else 0.0,
        "restarts": one.restarts,
    }


def thing_name(thing: Thing | None) -> str:
    """What a stick or key is called on the page."""
    if thing is None:
        return _("unknown")
    match thing.kind:
        case "own":
            return thing.whose
        case "copy":
            return _("copy %(number)d of %(whose)s", number=thing.number, whose=thing.whose)
        case "blank":
            return _("new and blank")
        case "empty":
            return _("%(whose)s, empty", whose=thing.whose)
        case "made":
            return _("issued from blank %(number)d", number=thing.number)
        case _:
            return _("from a shop")


def bench_nav() -> list[NavItem]:
    """The side navigation: the parts of the one page."""
    parts = (
        (N_("Corridor and office"), "corridor", "building"),
        (N_("Workshop"), "workshop", "tools"),
        (N_("Virtual printers"), "machines", "printer-3d"),
        (N_("Processes"), "running", "activity"),
        (N_("Who is who"), "everyone", "users"),
    )
    return [NavItem(_(word), f"/#{anchor}", icon, False, 0) for word, anchor, icon in parts]


def bench_pages(panel: Panel) -> Blueprint:
    """The blueprint of the bench panel."""
    pages = Blueprint(
        "bench",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/bench-static",
    )

    @pages.context_processor
    def shared() -> dict[str, object]:
        return {
            "panel": panel,
            "bench": panel.hardware.bench,
            "contacts": CONTACT_WORDS,
            "printers": PRINTERS,
            "speeds": SPEEDS,
            "tears": TEARS,
            "thing_name": thing_name,
            "by_stick": {one["stick_uid"]: one for one in panel.residents},
            "stick_groups": [
                (_(word), [one for one in panel.drawer.sticks() if one.kind == kind])
                for kind, word in STICK_WORDS.items()
            ],
            "machines": MACHINES,
        }

    @pages.get("/")
    def home() -> str:
        return render_template("bench/home.html")

    @pages.get("/live/<part>")
    def live(part: str) -> str:
        if part not in ("cell", "printers", "processes"):
            raise Refused("not_found")
        return render_template(f"bench/{part}.html")

    @pages.post("/do/<action>")
    def do(action: str) -> Response:
        act = ACTIONS.get(action)
        if act is None:
            raise Refused("not_found")
        try:
            act(panel)
        except Unavailable:
            flash(_("That device has no power now. It will find things as you left them."))
        return redirect(url_for(".home"), code=303)

    return pages


def _known(name: str, among: object) -> str:
    value = text_field(name)
    if value not in among:  # type: ignore[operator]
        raise Refused("not_found")
    return value


def _place(panel: Panel) -> str:
    return _known("node", panel.hardware.bench.readers)


def _touch(panel: Panel) -> None:
    panel.hardware.touch(_place(panel), _known("uid", panel.who))


def _stick(panel: Panel) -> str:
    return _known("stick", {one.name for one in panel.drawer.sticks()})


def _plug(panel: Panel) -> None:
    panel.hardware.plug(_place(panel), panel.drawer.stick(_stick(panel)))


def _copy(panel: Panel) -> None:
    made = panel.drawer.stick_of(f"stick-{panel.drawer.copy(_stick(panel))}.img")
    flash(_("Copied. The second one is in the list: %(name)s.", name=thing_name(made)))


def _tear(panel: Panel) -> None:
    panel.hardware.tear(_place(panel), int(_known("after_bytes", [str(number) for number in TEARS])))


def _plug_key(panel: Panel) -> None:
    name = _known("key", {one.name for one in panel.drawer.security_keys()})
    panel.hardware.plug_key(_place(panel), panel.drawer.key(name))


def _touch_key(panel: Panel) -> None:
    panel.hardware.touch_key(_place(panel), touched=request.form.get("touched") == "yes")


def _contact(panel: Panel) -> None:
    panel.hardware.set_contact(_known("name", CONTACTS), closed=request.form.get("closed") == "yes")


def _cable(panel: Panel) -> None:
    panel.hardware.set_cable(_known("printer", PRINTERS), plugged=request.form.get("plugged") == "yes")


def _speed(panel: Panel) -> None:
    panel.hardware.set_speed(float(_known("factor", [str(speed) for speed in SPEEDS])))


def _weigh(panel: Panel) -> None:
    try:
        grams = float(text_field("grams", max_length=8).replace(",", "."))
    except ValueError as error:
        raise Refused("field_missing", field="grams") from error
    panel.hardware.weigh(min(max(grams, 0.0), 5000.0))  # the scale's cell ends at 5 kg


def _power(panel: Panel) -> None:
    supervisor = panel.running.supervisor
    node_id = _known("node", panel.running.site.nodes)
    if request.form.get("on") == "yes":
        supervisor.restore(node_id)
    else:
        supervisor.cut(node_id)


def _kill(panel: Panel) -> None:
    panel.running.supervisor.kill(_known("name", panel.running.supervisor.names()))


ACTIONS: dict[str, Callable[[Panel], None]] = {
    "touch": _touch,
    "lift": lambda panel: panel.hardware.lift(_place(panel)),
    "plug": _plug,
    "pull": lambda panel: panel.hardware.pull(_place(panel)),
    "copy": _copy,
    "tear": _tear,
    "plug-key": _plug_key,
    "pull-key": lambda panel: panel.hardware.pull_key(_place(panel)),
    "touch-key": _touch_key,
    "contact": _contact,
    "cable": _cable,
    "speed": _speed,
    "weigh": _weigh,
    "power": _power,
    "kill": _kill,
}
