"""My code: a signed-in person chooses another code, pictures or numbers, or an emergency code. A step a screen."""

from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Literal, cast

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for

from kiosk.services.pages import visitor
from kiosk.terminal.pad import pad_words, terminal
from kiosk.terminal.session import SignedIn, State
from provisioning.contracts import ChangeSecret, CodeKind, Done, MyCode
from provisioning.errors import Refused
from provisioning.identity.choosing import Factor, is_near, is_secret, why_not
from provisioning.web.forms import FieldMissing
from provisioning.web.locale import gettext as _
from provisioning.web.locale import latin_digits
from provisioning.web.sentences import sentence_for

pages = Blueprint("my_code", __name__, url_prefix="/my-code")

What = Literal["new", "other", "emergency", "no_emergency"]
WHATS: tuple[What, ...] = ("new", "other", "emergency", "no_emergency")
Step = Literal["old", "new", "again", "done"]

# What the hub says about the old code, and about the new one: the person goes back to that step.
ABOUT_OLD = frozenset({"pin_wrong"})
ABOUT_NEW = frozenset({"secret_unfit", "secret_trivial", "secret_same", "secret_near"})
CHECK_READ_S = 8.0  # a check of a code may wait in line, as at the sign-in


@dataclass(frozen=True)
class Change:
    """One change under way. It lives in memory, while its person is at the screen, and holds what they typed."""

    visit: int
    what: What
    now: Factor
    step: Step = "old"
    old: str = ""
    new: str = ""
    problem: str = ""  # the code of what was refused last
    tries_left: int | None = None

    @property
    def then(self) -> Factor:
        """What the chosen code is made of."""
        if self.what != "other":
            return self.now
        return "pin" if self.now == "pictures" else "pictures"

    @property
    def factor(self) -> Factor:
        """The pad of this step."""
        return self.now if self.step == "old" else self.then

    def given(self, secret: str) -> "Change":
        """The next step, or this one again with what is wrong."""
        fresh = replace(self, problem="", tries_left=None)
        if self.step == "old":
            return replace(fresh, old=secret, step="new")
        if self.step == "again":
            if secret != self.new:
                return replace(fresh, new="", step="new", problem="secret_differs")
            return fresh
        if problem := why_not(secret, self.then) or self._too_near(secret):
            return replace(fresh, problem=problem)
        return replace(fresh, new=secret, step="again")

    def _too_near(self, secret: str) -> str:
        if self.what == "emergency":
            return "secret_near" if is_near(secret, self.old) else ""
        return "secret_same" if secret == self.old else ""


@dataclass
class Desk:
    """The change under way at this screen: at most one, and none for anybody else."""

    change: Change | None = None
    chosen_in: str = ""  # the session in which an own code was chosen last
    pressing: Lock = field(default_factory=Lock)  # asking the hub takes a while

    def of(self, visit: int) -> Change | None:
        """This visit's change; another's is forgotten."""
        if self.change is not None and self.change.visit != visit:
            self.change = None
        return self.change


# What stays open to a person who has to choose: leaving, asking, another language, what keeps the screen honest.
FREE = frozenset(
    {"terminal.stop", "terminal.stay", "terminal.choose_language", "terminal.speak", "terminal.pulse"}
)


def stands_before(state: State) -> Response | None:
    """The way to "my code", for somebody whose code came out of an envelope; without the hub nobody can choose."""
    if request.blueprint in {"my_code", "pad", "agreement", "web"} or request.endpoint in FREE:
        return None
    return _go("my_code.choose") if _must_choose(state) else None


def _must_choose(state: State) -> bool:
    if not isinstance(state, SignedIn) or not state.person.must_choose or terminal().is_hub_away:
        return False
    return _desk().chosen_in != state.person.session_id


def _desk() -> Desk:
    return cast(Desk, current_app.extensions["my_code"])


def _visit() -> int:
    return terminal().keeper.state.visit


@pages.before_app_request
def forget() -> None:
    """Whoever comes next, or the pulse of the idle screen, clears what the last person typed."""
    if "my_code" in current_app.extensions:
        _desk().of(_visit())


@pages.before_request
def only_signed_in() -> Response | None:
    """Nobody without a session, and nothing a screen of somebody else asked."""
    if not isinstance(terminal().keeper.state, SignedIn) or g.get("is_stale"):
        return _go("terminal.home")
    return None


def _go(endpoint: str) -> Response:
    return cast(Response, redirect(url_for(endpoint), code=303))


@pages.get("/")
def choose() -> str:
    """What can be changed. Whether there is an emergency code is not shown: somebody may be looking."""
    _desk().change = None
    first = _must_choose(terminal().keeper.state)
    return render_template("kiosk/my_code/choose.html", factor=_kind(), first=first)


@pages.get("/emergency")
def emergency() -> str:
    """What an emergency code is."""
    return render_template("kiosk/my_code/emergency.html")


@pages.post("/begin")
def begin() -> Response:
    """Begin one of the changes with the code that the person has."""
    what = request.form.get("what", "")
    if what not in WHATS:
        raise FieldMissing(field="what")
    _desk().change = Change(_visit(), what, _kind())
    return _go(".step")


@pages.get("/step")
def step() -> str | Response:
    """The pad of the step that is next."""
    change = _desk().of(_visit())
    if change is None:
        return _go(".choose")
    if change.step == "done":
        _desk().change = None
        return render_template("kiosk/my_code/done.html", change=change)
    return render_template(
        "kiosk/my_code/step.html",
        change=change,
        title=_title(change),
        problem=sentence_for(change.problem) if change.problem else None,
        **pad_words(change.factor),
    )


@pages.post("/step")
def take() -> Response:
    """A code was given; a second press waits for the first, and finds another step."""
    with _desk().pressing:
        return _taken(latin_digits(request.form.get("pin", "")))


def _taken(typed: str) -> Response:
    change = _desk().of(_visit())
    if change is None or change.step == "done" or request.form.get("step") != change.step:
        return _go(".step")  # the same press again
    if not is_secret(typed):
        _desk().change = replace(change, problem="secret_unfit")
        return _go(".step")
    after = change.given(typed)
    is_whole = change.step == "again" and not after.problem
    if is_whole or change.what == "no_emergency":
        after = _sent(after)
    _desk().change = after
    return _go(".step")


def _kind() -> Factor:
    who = visitor()
    return terminal().hub.ask_for_page(MyCode(session_id=who.session_id), CodeKind).factor


def _sent(change: Change) -> Change:
    """The hub's answer to the whole change.

    Raises:
        Refused: nothing that another code would mend.
        Unavailable: the hub is away; nothing was changed.
    """
    context, who = terminal(), visitor()
    is_emergency = change.what == "emergency"
    asked = ChangeSecret(
        kiosk_id=context.kiosk_id,
        session_id=who.session_id,
        old=change.old,
        factor=change.then,
        new="" if is_emergency or change.what == "no_emergency" else change.new,
        emergency=change.new if is_emergency else "",
        no_emergency=change.what == "no_emergency",
    )
    try:
        context.hub.ask_for_page(asked, Done, CHECK_READ_S)
    except Refused as refusal:
        left = refusal.detail.get("tries_left")
        tries_left = left if isinstance(left, int) else None
        if refusal.reason in ABOUT_OLD:
            return Change(
                change.visit, change.what, change.now, problem=refusal.reason, tries_left=tries_left
            )
        if refusal.reason in ABOUT_NEW:
            return replace(change, new="", step="new", problem=refusal.reason)
        _desk().change = None
        raise
    if change.what in {"new", "other"}:
        _desk().chosen_in = who.session_id
    return replace(change, step="done", old="", new="")


def _title(change: Change) -> str:
    pictures = change.factor == "pictures"
    if change.step == "old":
        return _("First the pictures you have now") if pictures else _("First the code you have now")
    if change.step == "again":
        return _("The same three pictures again") if pictures else _("The same code again")
    if change.what == "emergency":
        return _("Choose three pictures for emergencies") if pictures else _("Choose an emergency code")
    return _("Choose three pictures") if pictures else _("Choose a new code")
