"""Words of the back office that stand for codes."""

from provisioning.contracts.farm import OfficerRole
from provisioning.web.locale import N_, gettext

ROLES: dict[OfficerRole, str] = {
    "landing": N_("landing officer"),
    "teacher": N_("teacher"),
    "workshop": N_("workshop officer"),
    "security": N_("security officer"),
    "technician": N_("technician"),
    "director": N_("director"),
}

SESSION_ENDS: dict[str, str] = {
    "": N_("signed in now"),
    "stop": N_("pressed stop"),
    "badge_gone": N_("took the badge away"),
    "idle": N_("left it alone"),
    "taken_over": N_("went on at another kiosk"),
    "hub": N_("ended by an officer"),
    "restart": N_("kiosk began anew"),
    "lease_over": N_("kiosk out of contact"),
}

MOVES: dict[str, str] = {
    "opening": N_("Opening balance"),
    "debit": N_("Paid"),
    "refund": N_("Given back"),
}

# What the trail records; an action that is not named here is shown by its code.
ACTIONS: dict[str, str] = {
    "signed_in": N_("signed in"),
    "signed_out": N_("signed out"),
    "sign_in_refused": N_("sign-in refused"),
    "session_ended": N_("session ended"),
    "secret_changed": N_("own code changed"),
    "secret_kept_while_held": N_("change of code only pretended"),
    "held_viewed": N_("held orders looked at"),
    "hold_released": N_("held order released"),
    "hold_dropped": N_("held order dropped"),
    "person_viewed": N_("person looked at"),
    "badge_blocked": N_("badge blocked"),
    "badge_unblocked": N_("badge works again"),
    "badge_returned": N_("badge handed in"),
    "session_end_ordered": N_("session told to end"),
    "session_claimed": N_("session claimed at another kiosk"),
    "copy_found": N_("copy found"),
    "issue_ordered": N_("giving out ordered"),
    "issue_signed": N_("giving out signed"),
    "issue_may_erase": N_("stick may be erased"),
    "issue_failed": N_("making it at the kiosk failed"),
    "issue_cancelled": N_("giving out given up"),
    "issue_expired": N_("giving out not done in time"),
    "credential_issued": N_("badge, stick or key given out"),
    "secret_reset": N_("new PIN or pictures"),
    "pin_envelope_ordered": N_("PIN envelope ordered"),
    "pin_envelope_printed": N_("PIN envelope printed"),
    "incident_settled": N_("incident settled"),
    "kiosk_out_of_service": N_("kiosk in or out of service"),
    "policy_drafted": N_("draft of the rules begun"),
    "policy_rewritten": N_("draft of the rules changed"),
    "policy_proposed": N_("draft of the rules proposed"),
    "policy_approved": N_("rules approved"),
    "policy_dropped": N_("draft of the rules given up"),
    "agreement_drafted": N_("draft of the agreement begun"),
    "agreement_rewritten": N_("draft of the agreement changed"),
    "agreement_proposed": N_("draft of the agreement proposed"),
    "agreement_approved": N_("agreement approved"),
    "agreement_dropped": N_("draft of the agreement given up"),
    "agreement_signed": N_("agreement signed"),
    "service_suspended": N_("service suspended"),
    "suspension_ended": N_("suspension ended early"),
    "regime_changed": N_("regime or groups changed"),
    "desk_unlocked": N_("desk unlocked"),
    "log_read": N_("log of a person read"),
    "log_read_far": N_("log of a person read, more than 30 days"),
    "access_report_viewed": N_("report of readings looked at"),
    "officer_key_added": N_("officer's key added"),
    "officer_key_removed": N_("officer's key removed"),
    "officer_key_copied": N_("officer's key counted backwards"),
    "people_imported": N_("people brought in"),
    "notice_written": N_("notice written"),
    "notice_changed": N_("notice changed"),
    "notice_withdrawn": N_("notice taken off"),
    "audit_verified": N_("trail verified"),
    "model_added": N_("model added"),
    "model_signed": N_("model signed"),
    "model_approved": N_("model approved"),
    "model_withdrawn": N_("model withdrawn"),
    "request_received": N_("request received"),
    "request_decided": N_("request decided"),
    "request_refused_by_rule": N_("request refused by a rule"),
    "request_objected": N_("objection made"),
    "objection_answered": N_("objection answered"),
    "request_progressed": N_("print moved on"),
    "price_refunded": N_("price given back"),
}


def roles_in_words(roles: frozenset[OfficerRole]) -> str:
    """``teacher, workshop officer`` in the request's language."""
    return ", ".join(gettext(ROLES[role]) for role in ROLES if role in roles)


def word(words: dict[str, str], code: str) -> str:
    """The translated word of a code; the code itself when nobody gave it one."""
    return gettext(words[code]) if code in words else code.replace("_", " ")
