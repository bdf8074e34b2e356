"""What an officer reads when the desk says no: every code of the farm with its sentence."""

from __future__ import annotations

from farm.gcode.refusal import GcodeRefused
from farm.gcode.sentences import SENTENCES
from provisioning.web.locale import N_
from provisioning.web.sentences import (
    ASK_SECURITY,
    ASK_TECHNICIAN,
    ASK_WORKSHOP,
    Sentence,
    register,
    sentence_for,
)

OWN: dict[str, tuple[str, str]] = {
    "sign_in_wrong": (N_("The name or the password is not right."), ASK_TECHNICIAN),
    "sign_in_locked": (N_("Too many wrong passwords. You can try again: %(until_utc)s."), ASK_TECHNICIAN),
    "sign_in_needed": (N_("Please sign in to go on."), ASK_TECHNICIAN),
    "sign_in_not_here": (N_("Your role has no work at the farm's desk."), ASK_SECURITY),
    "not_allowed": (N_("Your role may not do this."), ASK_SECURITY),
    "worker_away": (N_("The program that drives %(printer)s is not running."), ASK_TECHNICIAN),
    "interlock_away": (
        N_("The interlock of this cell does not answer. Its power stays off."),
        ASK_TECHNICIAN,
    ),
    "contacts_open": (N_("The cell stays off: a contact is open (%(what)s)."), ""),
    "contact_unknown": (N_("The cell stays off: a contact was never read (%(what)s)."), ASK_TECHNICIAN),
    "worker_silent": (N_("The cell stays off: %(what)s is silent."), ASK_TECHNICIAN),
    "role_not_allowed": (N_("Your role may not reset a cell."), ASK_SECURITY),
    "journal_failed": (N_("The cell stays off: its journal cannot be written."), ASK_TECHNICIAN),
    "job_moved_on": (N_("This job has moved on in the meantime. Nothing was changed."), ""),
    "run_moved_on": (N_("This run has moved on in the meantime. Nothing was changed."), ""),
    "firmware_moved_on": (N_("The firmware is another one by now. Nothing was changed."), ""),
    "printer_has_a_run": (N_("This printer works on a run. Wait for its end."), ""),
    "bed_is_clear": (N_("The bed of this printer is noted as clear already."), ""),
    "part_on_bed": (N_("A part lies on this bed. Weigh it under Parts."), ""),
    "weight_impossible": (N_("This weight cannot be right."), ""),
    "note_missing": (N_("This mass is far off. Write down why."), ""),
    "part_of_another": (
        N_("This badge belongs to somebody else. The part was not handed over."),
        ASK_SECURITY,
    ),
    "part_unknown": (N_("There is no part with this code."), ""),
    "part_gone": (N_("This part was handed over before."), ASK_SECURITY),
    "no_badge": (N_("No badge was touched in the last minute."), ""),
    "badge_unknown": (N_("This badge is not known at this site."), ASK_SECURITY),
    "badge_blocked": (N_("This badge is blocked."), ASK_SECURITY),
    "badge_expired": (N_("This temporary badge has ended."), ASK_SECURITY),
    "peer_away": (
        N_("The hub is away. Type the resident's number instead of using the badge."),
        ASK_TECHNICIAN,
    ),
    "reel_unknown": (N_("There is no reel with this code."), ""),
    "reel_known": (N_("Another reel has this code."), ""),
    "reel_used_up": (N_("This reel is used up."), ""),
    "reel_too_heavy": (N_("More than a new reel holds (%(new_g)s). Subtract the empty spool."), ""),
    "model_known": (N_("This very file was taken in before, as %(model_id)s."), ""),
    "model_id_taken": (N_("Another model has this name."), ""),
    "printer_kind_unknown": (N_("No printer here is of this kind."), ASK_TECHNICIAN),
    "upload_too_large": (
        N_("Larger than %(limit_mb)s MB. Slice the model more coarsely, or leave out the STL."),
        N_("Ask the teacher or the technician."),
    ),
    "file_missing": (N_("Choose a G-code file first."), ""),
    "store_read_only": (
        N_("Nothing can be written on this machine right now. Nothing was lost."),
        ASK_TECHNICIAN,
    ),
    "store_full": (N_("The disk of this machine is full. Nothing was lost."), ASK_TECHNICIAN),
}


def register_sentences() -> None:
    """Give the farm's codes their words in this process; twice is harmless."""
    for code, sentence in SENTENCES.items():
        register(code, sentence, ASK_WORKSHOP, "")
    for code, (sentence, contact) in OWN.items():
        register(code, sentence, ASK_WORKSHOP, contact)


def gcode_sentence(error: GcodeRefused) -> Sentence:
    """A G-code refusal in words, its numbers with the unit that its code implies."""
    refusal = error.refusal
    return sentence_for(
        error,
        line=max(refusal.line, 1),  # what is wrong with a whole file is wrong from its first line
        value_mm=refusal.value,
        limit_mm=refusal.limit,
        value_c=refusal.value,
        limit_c=refusal.limit,
        value_mb=round(refusal.value / 1e6, 1),
        limit_mb=round(refusal.limit / 1e6, 1),
        value=round(refusal.value, 3),
        limit=round(refusal.limit, 3),
    )
