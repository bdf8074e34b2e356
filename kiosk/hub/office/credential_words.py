"""Words of the back office about badges, sticks and keys, why they are out of use, and incidents."""

from provisioning.web.locale import N_

KINDS: dict[str, str] = {"badge": N_("Badge"), "stick": N_("Stick"), "key": N_("Security key")}
ICONS: dict[str, str] = {"badge": "id-badge-2", "stick": "usb", "key": "key"}

# What an officer taps to take one out of use: word, what that means.
TAPS: dict[str, tuple[str, str]] = {
    "lost": (N_("Lost"), N_("Nobody knows where it is.")),
    "stolen": (N_("Stolen"), N_("Somebody else has it.")),
    "damaged": (N_("Damaged"), N_("It does not work any more.")),
    "returned": (N_("Handed in"), N_("You hold it in your hand.")),
}
WHYS: dict[str, str] = {
    "": N_("blocked"),
    "lost": N_("lost"),
    "stolen": N_("stolen"),
    "damaged": N_("damaged"),
    "returned": N_("handed in"),
    "replaced": N_("replaced"),
    "copied": N_("copied"),
    "kiosk": N_("blocked at a kiosk"),
}

INCIDENTS: dict[str, tuple[str, str]] = {
    "copy": (N_("Copied stick or key"), "copy"),
    "found": (N_("Something lost was seen"), "eye"),
    "duress": (N_("Somebody asked for help"), "urgent"),
    "wrong_person": (N_("Wrong person"), "users"),
    "guessing": (N_("Somebody guesses codes"), "lock"),
    "blocked_here": (N_("Blocked at a kiosk"), "ban"),
    "pair": (N_("Two acts by one officer"), "users"),
}

# What the hub did by itself, at once.
DONE: dict[str, tuple[str, ...]] = {
    "copy": (
        N_("The original and every copy are blocked, for good."),
        N_("An open session of this person ended."),
        N_("The person read that there is a copy, and that money and requests are safe."),
        N_("The balance and the requests were not touched."),
    ),
    "found": (
        N_("It opened nothing: it stays out of use."),
        N_("Whoever held it read that it was blocked."),
    ),
    "duress": (
        N_("The kiosk looks as always to the person and to whoever stands behind them."),
        N_("What is ordered in this session waits for you."),
    ),
    "wrong_person": (N_("Nothing was opened."),),
    "guessing": (N_("This kiosk makes whoever tries wait, longer each time."),),
    "blocked_here": (
        N_("It is blocked at every kiosk."),
        N_("An open session of this person ended."),
    ),
    "pair": (N_("Nothing was stopped. Both acts stand in the audit."),),
}
# What a person can do now.
ADVICE: dict[str, str] = {
    "copy": N_("Take the stick or key in, look for the copy where it was seen, and give out a new one."),
    "found": N_("Send somebody to the place. Whoever brings it may have found it."),
    "duress": N_(
        "Send somebody to the kiosk for an everyday reason. Do not name the alarm in front of others."
    ),
    "wrong_person": N_("Talk to the person whose badge it is."),
    "guessing": N_("Look who stands there, and talk to the person whose badge it is."),
    "blocked_here": N_("Talk to the officer who blocked it, then let it work again or give out a new one."),
    "pair": N_("Look at both acts in the audit, and talk to the officer. Somebody else should settle it."),
}


def incident_word(kind: str) -> str:
    """The msgid of an incident's kind; the kind itself when it has no word."""
    return INCIDENTS[kind][0] if kind in INCIDENTS else kind.replace("_", " ")
