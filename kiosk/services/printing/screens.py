"""What the desk pages draw, as values: flags and colours in words, timelines, choices, rows. No flask, no SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kiosk.services.base import HubContext
from kiosk.services.printing import rules, sentences
from kiosk.services.printing.records import Model, Request, Step
from provisioning.web.locale import LANGUAGE_NAMES, N_, language
from provisioning.web.locale import gettext as _
from provisioning.web.states import look

# Advice from the farm's intake; what it cannot judge (sharp, key-like) is for the pictures and the eye.
FLAGS: dict[str, str] = {
    "long_thin": N_("Long and thin: may serve as a rod or a point."),
    "tall_thin": N_("Tall and narrow: may break off or fall over while printing."),
    "tiny": N_("Very small: easy to hide or to swallow."),
    "much_support": N_("Much support material: more waste to weigh, rough surfaces."),
    "slicer_figures_differ": N_("The file says other figures than its lines: was it changed after slicing?"),
}
COLOURS: dict[str, tuple[str, str]] = {
    "white": (N_("white"), "#f6f5f0"),
    "black": (N_("black"), "#202020"),
    "blue": (N_("blue"), "#1f5fae"),
    "red": (N_("red"), "#b3261e"),
    "green": (N_("green"), "#2e7d32"),
    "yellow": (N_("yellow"), "#f2c21a"),
    "orange": (N_("orange"), "#e8741a"),
    "grey": (N_("grey"), "#8a8a8a"),
}
ROLES: dict[str, str] = {
    "landing": N_("landing officer"),
    "teacher": N_("teacher"),
    "workshop": N_("workshop officer"),
    "security": N_("security officer"),
    "technician": N_("technician"),
    "director": N_("director"),
}
SLOT_WORDS: dict[str, str] = {"workshop": N_("Workshop"), "security": N_("Security")}
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "waiting": (N_("Waiting for an officer"), ("received", "objected")),
    "making": (N_("Being made"), ("approved", "queued", "printing", "cooling", "printed", "ready")),
    "handed_over": (N_("Handed over"), ("handed_over",)),
    "refused": (N_("Refused"), ("refused",)),
    "failed": (N_("Failed"), ("failed",)),
    "all": (N_("All"), ()),
}
TO_COME = ("queued", "printing", "cooling", "printed", "ready", "handed_over")


@dataclass(frozen=True)
class Mark:
    """One line of a timeline, as ``ui.timeline`` draws it."""

    label: str
    is_: str
    when: str
    note: str
    icon: str

    def drawn(self) -> dict[str, str]:
        """As the component wants it."""
        return {"label": self.label, "is": self.is_, "when": self.when, "note": self.note, "icon": self.icon}


class Names:
    """Officers and residents in words, asked from the hub."""

    def __init__(self, context: HubContext) -> None:
        self._people = context.people

    def officer(self, officer_id: str) -> str:
        """An officer's name; the id when nobody is known, nothing for nobody."""
        card = self._people.officer(officer_id) if officer_id else None
        return card.name if card else officer_id

    def signed(self, officer_id: str, role: str) -> str:
        """``Els Peeters, workshop officer``."""
        return f"{self.officer(officer_id)}, {role_word(role)}" if role else self.officer(officer_id)

    def resident(self, resident_id: str) -> str:
        """First name and wing."""
        return self._people.label(resident_id)

    def language_of(self, resident_id: str) -> str:
        """The code of a resident's language."""
        card = self._people.resident(resident_id)
        return card.language if card else "nl"


def role_word(role: str) -> str:
    """A role in the officer's language."""
    return _(ROLES[role]) if role in ROLES else role


def colour_word(colour: str) -> str:
    """A filament colour in the officer's language; a colour nobody named is shown as the farm wrote it."""
    return _(COLOURS[colour][0]) if colour in COLOURS else colour


def colour_words(colours: Sequence[str]) -> str:
    """Colours in a row of words."""
    return ", ".join(colour_word(colour) for colour in colours)


def colour_value(colour: str) -> str:
    """The colour of its swatch; unknown ones are drawn grey."""
    return COLOURS[colour][1] if colour in COLOURS else COLOURS["grey"][1]


def flag_words(flags: Sequence[str]) -> list[str]:
    """Warnings in words."""
    return [_(FLAGS[flag]) if flag in FLAGS else flag for flag in flags]


def model_look(model: Model) -> tuple[str, str, str]:
    """Word, tone and pictogram of a model's state."""
    if model.state == "replaced":
        return _("Replaced by a newer file"), "off", "history"
    state = {"approved": "offered", "revoked": "withdrawn", "refused": "refused"}.get(
        model.state, "half_approved" if model.signatures else "proposed"
    )
    shown = look(state)
    return _(shown.word), shown.tone, shown.icon


def reason_pairs() -> list[tuple[str, str]]:
    """The fixed reasons of a refusal: code, and the sentence that the resident will read."""
    return [(code, _(sentences.REFUSALS[code])) for code in rules.REFUSAL_REASONS]


def refusal(reason: str) -> str:
    """The English of a fixed reason."""
    return sentences.REFUSALS[reason]


def reason_words(request: Request) -> str:
    """Why the answer was no, in the officer's language."""
    if request.rule_code:
        return _(sentences.BY_RULE[request.rule_code][0])
    return (
        _(sentences.REFUSALS[request.decision.reason]) if request.decision and request.decision.reason else ""
    )


def objection_words(request: Request) -> str:
    """What the resident answered, in the officer's language."""
    return _(sentences.OBJECTIONS[request.objection]) if request.objection else ""


def language_name(code: str) -> str:
    """``Nederlands`` for ``nl``."""
    return LANGUAGE_NAMES.get(code, code)


def title_of(model: Model | None, request: Request) -> str:
    """What was asked, in the officer's language."""
    return model.title(language()) if model else request.model_id


def timeline(request: Request, names: Names, when: Callable[[str], str]) -> list[dict[str, str]]:
    """All that happened to a request, the present, and what is still to come."""
    marks = [_mark(request, step, names, when) for step in request.steps]
    is_over = request.ended or request.state in {"refused", "handed_over"}
    if marks and not is_over:
        last = marks[-1]
        marks[-1] = Mark(last.label, "now", last.when, last.note, last.icon)
    marks.extend(Mark(_(look(state).word), "next", "", "", "") for state in _to_come(request))
    return [mark.drawn() for mark in marks]


def _mark(request: Request, step: Step, names: Names, when: Callable[[str], str]) -> Mark:
    shown = look(step.state)
    who = names.signed(step.officer_id, step.role) if step.role else ""
    notes = [who, step.words]
    if step.state == "refused" and not step.role:
        notes.append(_("by rule"))
    if step.state == "objected":
        notes.append(objection_words(request))
    note = " – ".join(filter(None, notes))
    is_ = "failed" if step.state in {"refused", "failed"} else "done"
    return Mark(_(shown.word), is_, when(step.at_utc), note, "")


def _to_come(request: Request) -> tuple[str, ...]:
    if request.ended or request.state == "refused":
        return ()
    if request.state in TO_COME:
        return TO_COME[TO_COME.index(request.state) + 1 :]
    return ("approved", *TO_COME) if request.state in {"received", "objected"} else TO_COME


def is_found(request: Request, model: Model | None, names: Names, wanted: str) -> bool:
    """Whether a search finds a request: by number, title, person or officer."""
    decided_by = names.officer(request.decision.officer_id) if request.decision else ""
    words = (request.number, title_of(model, request), names.resident(request.resident_id), decided_by)
    return wanted.casefold().strip() in " ".join(words).casefold()
