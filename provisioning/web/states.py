"""Every state a person can see: its word, its tone and its shape. State is never told by colour alone."""

from typing import NamedTuple

from provisioning.web.locale import N_


class Look(NamedTuple):
    """How a state is drawn; ``word`` is English and translated where it is shown."""

    word: str
    tone: str  # good | wait | bad | info | off
    icon: str


TONE_ICONS = {
    "good": "circle-check",
    "wait": "hourglass",
    "bad": "octagon",
    "info": "info-circle",
    "off": "circle-dashed",
}

STATES: dict[str, Look] = {
    # a print request, as its resident sees it
    "waiting": Look(N_("Waiting to be sent"), "wait", "send"),
    "received": Look(N_("Sent, waiting for an answer"), "wait", "hourglass"),
    "approved": Look(N_("Approved"), "good", "circle-check"),
    "refused": Look(N_("Refused"), "bad", "circle-x"),
    "objected": Look(N_("Looked at again"), "wait", "gavel"),
    "queued": Look(N_("In the queue"), "info", "list"),
    "printing": Look(N_("Being printed"), "info", "printer-3d"),
    "cooling": Look(N_("Cooling down"), "info", "temperature"),
    "printed": Look(N_("Printed"), "good", "cube"),
    "ready": Look(N_("Ready for you"), "good", "package"),
    "handed_over": Look(N_("Handed over"), "good", "user-check"),
    "failed": Look(N_("Failed"), "bad", "alert-triangle"),
    # a printer and its run
    "offline": Look(N_("Not connected"), "off", "plug-off"),
    "identifying": Look(N_("Being identified"), "wait", "fingerprint"),
    "quarantined": Look(N_("Not trusted"), "bad", "shield-x"),
    "idle": Look(N_("Idle"), "good", "circle-check"),
    "busy": Look(N_("Busy"), "info", "progress"),
    "started": Look(N_("Started"), "info", "player-play"),
    "heating": Look(N_("Heating"), "info", "flame"),
    "paused": Look(N_("Paused"), "wait", "player-pause"),
    "done": Look(N_("Done"), "good", "circle-check"),
    "cancelled": Look(N_("Cancelled"), "off", "ban"),
    # a cell and its contacts
    "live": Look(N_("Power on"), "good", "bolt"),
    "tripped": Look(N_("Switched off"), "bad", "octagon"),
    "closed": Look(N_("Closed"), "good", "lock"),
    "open": Look(N_("Open"), "bad", "lock-open"),
    # a model, a node
    "proposed": Look(N_("Waiting for approval"), "wait", "hourglass"),
    "half_approved": Look(N_("One of two approvals"), "wait", "user-check"),
    "offered": Look(N_("Offered"), "good", "circle-check"),
    "withdrawn": Look(N_("Withdrawn"), "off", "ban"),
    "online": Look(N_("Online"), "good", "wifi"),
    "away": Look(N_("Away"), "off", "wifi-off"),
}


def look(state: str) -> Look:
    """How ``state`` is drawn; a state nobody described is shown by its own name."""
    return STATES.get(state) or Look(state.replace("_", " "), "off", "help-circle")
