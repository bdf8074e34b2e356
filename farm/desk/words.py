"""Words of the desk that stand for codes: roles, colours, contacts, reasons, obstacles, flags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from farm.queue.matching import Obstacle
from provisioning.web.locale import N_, gettext

ROLES: dict[str, str] = {
    "landing": N_("landing officer"),
    "teacher": N_("teacher"),
    "workshop": N_("workshop officer"),
    "security": N_("security officer"),
    "technician": N_("technician"),
    "director": N_("director"),
}


class Colour(NamedTuple):
    """A filament's colour: its word, and how its swatch is drawn."""

    word: str
    drawn: str


COLOURS: dict[str, Colour] = {
    "white": Colour(N_("white"), "#f4f4f0"),
    "black": Colour(N_("black"), "#20242a"),
    "grey": Colour(N_("grey"), "#8b9299"),
    "blue": Colour(N_("blue"), "#1f5fb4"),
    "red": Colour(N_("red"), "#c0302b"),
    "green": Colour(N_("green"), "#2f8a4a"),
    "yellow": Colour(N_("yellow"), "#f0c22e"),
    "orange": Colour(N_("orange"), "#e07b1f"),
}
MATERIALS = ("PLA", "PETG")

CONTACTS: dict[str, tuple[str, str]] = {
    "door": (N_("Door"), "door"),
    "emergency_stop": (N_("Emergency stop"), "hand-stop"),
    "smoke": (N_("Smoke detector"), "flame"),
}

# A contact's two positions in its own words, safe first.
CONTACT_STATES: dict[str, tuple[str, str]] = {
    "emergency_stop": (N_("released"), N_("pressed")),
    "smoke": (N_("clear"), N_("smoke")),
}
DOOR_STATES = (N_("closed"), N_("open"))  # what any other contact can be

TRIPS: dict[str, str] = {
    "door": N_("the door"),
    "emergency_stop": N_("the emergency stop"),
    "smoke": N_("the smoke detector"),
    "stop": N_("the interlock process, which was stopped"),
    "journal": N_("the interlock's journal, which cannot be written"),
}

REASONS: dict[str, str] = {
    "printer_lost": N_("The connection to the printer was lost."),
    "printer_reset": N_("The printer started anew in mid-print."),
    "cell_tripped": N_("The cell lost its power in mid-print."),
    "printer_halted": N_("The printer stopped itself."),
    "printer_silent": N_("The printer no longer answered."),
    "cold_extrusion": N_("The nozzle was too cold to push plastic."),
    "no_position": N_("The printer did not say where its nozzle is."),
    "paused_too_long": N_("The pause lasted longer than half an hour."),
    "worker_restarted": N_("The program that drives the printer started anew."),
    "run_lost": N_("The printer no longer knows this run."),
    "given_up": N_("An officer gave this run up."),
    "cancelled": N_("An officer cancelled this run."),
    "cancelled_by_officer": N_("An officer ended this order."),
    "stopped": N_("An officer pressed stop."),
    "spool_gone": N_("The prepared file was damaged and is made again."),
    "spool_corrupt": N_("The prepared file was damaged."),
    "gcode_tampered": N_("The stored G-code is not the file that was approved."),
    "not_the_approved_file": N_("The stored G-code is not the file that was approved."),
    "file_too_complex": N_("The G-code file is too much for this machine to prepare."),
    "gcode_gone": N_("The G-code file is no longer here."),
    "order_expired": N_("The approval had expired."),
    "order_copies": N_("More copies were ordered than the model allows."),
    "order_model_unknown": N_("This farm does not have the model."),
    "order_other_file": N_("The order is for another file than the one kept here."),
    "order_not_approved": N_("The model is not approved here."),
    "order_other_printer": N_("The model is made for another kind of printer."),
    "order_other_material": N_("The model is not approved in this material."),
    "order_other_colour": N_("The model is not approved in this colour."),
    "model_withdrawn": N_("The model was withdrawn."),
    "printer_kind_unknown": N_("No printer here is of the kind that the model needs."),
    "thermal_runaway": N_("The printer's own heat protection stopped it."),
    "firmware_error": N_("The printer's firmware reported an error."),
}

# What keeps a printer offline, as its worker says it, and what to do.
OFFLINE: dict[str, str] = {
    "port_taken": N_("Another program holds this printer's cable."),
    "printer_silent": N_("The printer does not answer. Switch it off and on again."),
    "journal_failed": N_("Nothing can be written on this machine. The printer takes no job."),
}

# What paused a run when nobody here did, as its worker says it, and what to do.
PAUSES: dict[str, str] = {
    "worker_restarted": N_(
        "The program of this printer started anew in mid-print. Look at the part: go on, or end it."
    ),
    "out_of_filament": N_("The filament has run out. Feed a new reel in until plastic comes, then go on."),
    "at_printer": N_("Somebody paused it at the printer. Find out why, then go on."),
}

# What a printer says by itself: word, tone, pictogram.
NOTES: dict[str, tuple[str, str, str]] = {
    "prompt": (N_("It asks"), "wait", "message-circle"),
    "notification": (N_("Message"), "info", "info-circle"),
    "out_of_filament": (N_("No filament"), "wait", "reel"),
    "cold_extrusion": (N_("Moved without plastic"), "bad", "nozzle"),
    "thermal": (N_("Heat protection"), "bad", "flame"),
    "error": (N_("Error"), "bad", "alert-triangle"),
}

# Firmwares, by how they talk: names of their own, the same in every language.
DIALECTS: dict[str, str] = {
    "marlin": "Marlin",
    "prusa": "Prusa-Firmware",
    "repetier": "Repetier",
    "reprapfirmware": "RepRapFirmware",
    "smoothieware": "Smoothieware",
    "klipper": "Klipper",
}

OBSTACLES: dict[str, str] = {
    "other_kind": N_("is another kind of printer"),
    "no_reel": N_("has no reel"),
    "other_material": N_("holds %(detail)s"),
    "other_colour": N_("holds the colour %(detail)s"),
    "reel_too_short": N_("its reel has only %(detail)s g left"),
    "printer_busy": N_("is busy with another job"),
    "bed_not_clear": N_("its bed is not clear yet"),
    "cell_off": N_("its cell has no power"),
    "printer_offline": N_("is not connected"),
    "printer_identifying": N_("is being identified"),
    "printer_quarantined": N_("is not trusted: its firmware is not the expected one"),
}

FLAGS: dict[str, str] = {
    "long_thin": N_("long and thin"),
    "tall_thin": N_("tall and thin"),
    "tiny": N_("very small"),
    "much_support": N_("much support"),
    "slicer_figures_differ": N_("the slicer's figures differ from ours"),
}

JOB_STATES: dict[str, str] = {
    "ordered": N_("Ordered"),
    "spooling": N_("Being prepared"),
    "queued": N_("Waits for a printer"),
    "leased": N_("Given to a printer"),
}

VERDICTS: dict[str, tuple[str, str, str]] = {
    "green": (N_("Mass as expected"), "good", "circle-check"),
    "amber": (N_("A little off"), "wait", "alert-triangle"),
    "red": (N_("Far off"), "bad", "octagon"),
}

# What the audit trail calls what happened here.
ACTIONS: dict[str, str] = {
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "sign_in_refused": N_("sign-in refused"),
    "audit_verified": N_("trail verified"),
    "roster_replaced": N_("list of officers replaced"),
    "model_taken_in": N_("model taken in"),
    "model_approved": N_("model approved"),
    "model_withdrawn": N_("model withdrawn"),
    "order_received": N_("order received"),
    "order_refused": N_("order refused"),
    "job_refused": N_("job refused"),
    "job_put_first": N_("job put first"),
    "job_cancelled": N_("job cancelled"),
    "job_leased": N_("job given to a printer"),
    "lease_returned": N_("job given back by a printer"),
    "run_started": N_("print started"),
    "run_done": N_("print done"),
    "run_failed": N_("print failed"),
    "run_cancelled": N_("print cancelled"),
    "run_cancelled_by_officer": N_("print cancelled by an officer"),
    "run_withdrawn": N_("print withdrawn before its start"),
    "run_disowned": N_("unknown print reported"),
    "run_paused": N_("print paused"),
    "run_resumed": N_("print resumed"),
    "printer_stopped": N_("printer stopped"),
    "firmware_accepted": N_("unknown firmware accepted"),
    "firmware_taken_back": N_("acceptance of a firmware taken back"),
    "cell_started": N_("cell started without power"),
    "cell_tripped": N_("cell switched off"),
    "cell_reset": N_("cell reset"),
    "waste_weighed": N_("waste weighed"),
    "part_weighed": N_("part weighed"),
    "part_handed_over": N_("part handed over"),
    "reel_taken_in": N_("reel taken in"),
    "reel_mounted": N_("reel mounted"),
    "reel_weighed": N_("reel weighed"),
}


def word(words: dict[str, str], code: str) -> str:
    """The translated word of a code; the code itself when nobody gave it one."""
    return gettext(words[code]) if code in words else code.replace("_", " ")


def roles_in_words(roles: Iterable[str]) -> str:
    """``teacher, workshop officer`` in the request's language."""
    held = set(roles)
    return ", ".join(gettext(ROLES[role]) for role in ROLES if role in held)


def colour_word(colour: str) -> str:
    """A colour's name in the request's language."""
    return gettext(COLOURS[colour].word) if colour in COLOURS else colour


def colour_drawn(colour: str) -> str:
    """How a colour's swatch is filled."""
    return COLOURS[colour].drawn if colour in COLOURS else "#b9a7d6"


def reason_word(reason: str) -> str:
    """Why a job failed, as a sentence; an unknown code as it came."""
    return word(REASONS, reason) if reason else ""


def pause_word(reason: str) -> str:
    """What paused a run, and what to do."""
    return word(PAUSES, reason) if reason in PAUSES else reason_word(reason)


def note_look(what: str) -> tuple[str, str, str]:
    """How a thing that a printer said is drawn: word, tone, pictogram."""
    said, tone, icon = NOTES.get(what, NOTES["notification"])
    return gettext(said), tone, icon


def contact_word(name: str, closed: bool) -> str:
    """How a contact stands: ``pressed`` for an open emergency stop, ``open`` for an open door."""
    safe, unsafe = CONTACT_STATES.get(name, DOOR_STATES)
    return gettext(safe if closed else unsafe)


def trip_word(cause: str) -> str:
    """What tripped a cell."""
    if cause.startswith("worker:"):
        return gettext("the program of %(printer)s, which fell silent", printer=cause.removeprefix("worker:"))
    if cause.startswith("printer:"):
        return gettext(
            "%(printer)s, which may be hot and no longer answers", printer=cause.removeprefix("printer:")
        )
    return word(TRIPS, cause)


def offline_word(reason: str) -> str:
    """Why a printer is offline; ``halted: Thermal Runaway`` carries the firmware's own words."""
    if reason.startswith("halted: "):
        return gettext(
            "The printer has stopped itself (%(said)s). Find out why, then switch it off and on again.",
            said=reason.removeprefix("halted: "),
        )
    return gettext(OFFLINE[reason]) if reason in OFFLINE else gettext("No power or no cable.")


def obstacle_word(obstacle: Obstacle) -> str:
    """Why a printer does not take a job: what follows its name."""
    detail = colour_word(obstacle.detail) if obstacle.code == "other_colour" else obstacle.detail
    return gettext(OBSTACLES[obstacle.code], detail=detail) if obstacle.code in OBSTACLES else obstacle.code
