"""What a kiosk says when the answer is no: at most twenty words, and whom to ask.

The hub gives most of these codes and the kiosk shows them; the back office lists them for officers who are asked.
"""

from pathlib import Path

from provisioning.web.locale import N_
from provisioning.web.sentences import ASK_LANDING, ASK_SECURITY

TRANSLATIONS = (
    Path(__file__).parents[1] / "terminal" / "translations"
)  # one catalogue with the kiosk's screens

# Said for more than one code.
HUB_AWAY = (
    N_("The central computer does not answer. Please try again in a few minutes."),
    ASK_LANDING,
)
STICK_FOREIGN = (
    N_("This stick was not made here, or it is damaged."),
    ASK_LANDING,
)
COPIED = (
    N_("There is a copy of your stick or key. Both are blocked. Your money and requests are safe."),
    ASK_SECURITY,
)
KEY_FAILED = (
    N_("The key could not answer. Take it out and put it in again."),
    ASK_LANDING,
)
KEY_UNSUPPORTED = (
    N_("This key cannot be used here. Please ask for another one."),
    ASK_LANDING,
)

SENTENCES: dict[str, tuple[str, str]] = {
    "badge_unknown": (N_("This badge, stick or key is not known here."), ASK_LANDING),
    "badge_blocked": (N_("This badge, stick or key was blocked. You need another one."), ASK_SECURITY),
    "pin_wrong": (N_("This code is not right."), ASK_LANDING),
    "secret_unfit": (N_("This cannot be a code. Please choose another one."), ASK_LANDING),
    "secret_trivial": (N_("Everybody would guess this code. Please choose another one."), ASK_LANDING),
    "secret_same": (N_("You have this code already. Please choose another one."), ASK_LANDING),
    "secret_near": (N_("Your code and your emergency code must differ more."), ASK_LANDING),
    "secret_differs": (N_("The second time was different. Please choose once more."), ASK_LANDING),
    "pin_locked": (N_("Too many wrong codes. You can try again: %(until_utc)s."), ASK_LANDING),
    "kiosk_paused": (
        N_("Too many wrong codes on this screen. You can try again: %(until_utc)s."),
        ASK_LANDING,
    ),
    "session_elsewhere": (N_("You are signed in on another screen. Press Stop there first."), ASK_LANDING),
    "session_taken_over": (N_("You signed in on another screen. This screen is closed now."), ASK_SECURITY),
    "session_ended": (
        N_("An officer or the central computer ended your visit. Please sign in again."),
        ASK_LANDING,
    ),
    "agreement_declined": (
        N_("Without your agreement this screen stays closed. You can ask for everything on paper."),
        ASK_LANDING,
    ),
    "speech_missing": (N_("This screen cannot read that aloud."), ASK_LANDING),
    "speech_failed": (N_("This screen cannot read that aloud."), ASK_LANDING),
    "lease_over": (
        N_("The central computer has not answered for too long. Please sign in again later."),
        ASK_LANDING,
    ),
    "busy": (N_("Too many people sign in right now. Please try again in a moment."), ASK_LANDING),
    "offline_no_pass": (
        N_("The central computer does not answer. You can sign in here when it is back."),
        ASK_LANDING,
    ),
    "badge_expired": (
        N_("This temporary badge has ended. Please ask for your own badge or stick."),
        ASK_LANDING,
    ),
    "stick_foreign": STICK_FOREIGN,
    "stick_copied": COPIED,
    "key_copied": COPIED,
    "stick_unreadable": STICK_FOREIGN,
    "stick_not_written": (
        N_("Your stick was pulled out too early. Put it in again and leave it in."),
        ASK_LANDING,
    ),
    "home_kiosk_away": (
        N_("The screen of your own wing has no connection. Please use that screen, or try again later."),
        ASK_LANDING,
    ),
    "kiosk_out_of_service": (
        N_("This screen is out of service. Please use another one."),
        ASK_LANDING,
    ),
    "hub_just_left": (
        N_("The central computer does not answer. Please try again in one minute."),
        ASK_LANDING,
    ),
    "key_foreign": (
        N_("This security key is not known here."),
        ASK_LANDING,
    ),
    "key_stale": (
        N_("That took too long. Please take the key out and put it in again."),
        ASK_LANDING,
    ),
    "key_timeout": (
        N_("Nobody touched the key. Put it in again, and touch it when it blinks."),
        ASK_LANDING,
    ),
    "key_gone": (
        N_("The key was pulled out too early. Put it in again and leave it in."),
        ASK_LANDING,
    ),
    "key_replug": (
        N_("Too many wrong codes in a row. Take the key out and put it in again."),
        ASK_LANDING,
    ),
    "key_pin_wrong": (
        N_("This is not the code of this key."),
        ASK_LANDING,
    ),
    "key_pin_blocked": (
        N_("This key is locked after too many wrong codes. You need another one."),
        ASK_SECURITY,
    ),
    "key_unsupported": KEY_UNSUPPORTED,
    "key_failed": KEY_FAILED,
    "key_unreadable": KEY_FAILED,
    "key_unsuitable": KEY_UNSUPPORTED,
    "key_unverified": (
        N_("The key was not touched, or its code was not typed. Please try again."),
        ASK_LANDING,
    ),
    "reader_away": (
        N_("The badge reader does not answer. Please try again in a moment."),
        ASK_LANDING,
    ),
    "unavailable": HUB_AWAY,
    **dict.fromkeys(("peer_away", "peer_slow", "peer_unreadable", "peer_refused"), HUB_AWAY),
    **dict.fromkeys(
        ("answer_unexpected", "call_unknown", "call_repeated", "not_for_this_node"),
        (N_("This screen and the central computer do not understand each other."), ASK_LANDING),
    ),
    **dict.fromkeys(
        ("pass_unreadable", "sealed_unreadable", "key_damaged"),
        (
            N_(
                "What this screen keeps for you cannot be read. Sign in when the central computer answers again."
            ),
            ASK_LANDING,
        ),
    ),
    "store_locked": (
        N_("This screen cannot save anything at this moment. Please try again."),
        ASK_LANDING,
    ),
    "hub_cannot_save": (N_("The central computer cannot save now. Nothing was lost."), ASK_LANDING),
    "store_read_only": (N_("This screen cannot save anything now. Nobody can sign in here."), ASK_LANDING),
    "store_full": (N_("This screen cannot save anything now. Nobody can sign in here."), ASK_LANDING),
    "not_allowed": (N_("You may not open this page."), ASK_LANDING),
    "not_delivered": (N_("This request could not be sent. Please ask for it again."), ASK_LANDING),
    "call_too_old": (N_("The clock of this screen is wrong. Nobody can sign in here."), ASK_LANDING),
}
