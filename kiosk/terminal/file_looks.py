"""Who looked at my file: every look of an officer at the person's page or log, with role, moment and purpose."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from flask import Blueprint, current_app, render_template

from kiosk.services.pages import visitor
from kiosk.services.requests.pages import ROLES
from kiosk.terminal.terminal import Terminal
from provisioning.contracts import FileLooks, Look, MyFile
from provisioning.web.formats import day, when
from provisioning.web.locale import N_
from provisioning.web.locale import gettext as _

pages = Blueprint("file_looks", __name__, url_prefix="/my-file")

WHAT = {"page": (N_("opened your page"), "user"), "log": (N_("read your log"), "history")}


@dataclass(frozen=True)
class Line:
    """Looks of one kind by one role on one day, as they are read."""

    who: str
    what: str
    icon: str
    purpose: str
    when: str
    times: int


@pages.get("/")
def mine() -> str:
    """The newest looks; without the hub the page says that it cannot know."""
    terminal = cast(Terminal, current_app.extensions["terminal"])
    found = terminal.hub.ask_for_page(MyFile(session_id=visitor().session_id), FileLooks)
    return render_template("kiosk/file_looks.html", lines=list(_lines(found.looks)))


def _lines(looks: tuple[Look, ...]) -> Iterator[Line]:
    """One line for what follows each other on one day for one reason, newest first."""
    for (_day, role, what, purpose), same in groupby(
        looks, lambda one: (day(one.at_utc), one.by_role, one.what, one.purpose)
    ):
        several = list(same)
        word, icon = WHAT[what]
        who = _(ROLES[role]) if role in ROLES else _("An officer")
        yield Line(who, _(word), icon, purpose, when(several[0].at_utc), len(several))
