"""What each refusal at a kiosk means to the officer who is asked, and what helps: by rule id."""

from provisioning.web.locale import N_

_SAID: tuple[tuple[str, str], ...] = (
    (
        "login.badge-unknown",
        N_("Nobody carries this badge, stick or key. Perhaps it was replaced; otherwise give out a new one."),
    ),
    (
        "login.badge-blocked",
        N_("It was blocked: lost, copied or replaced. The person's page says when and by whom."),
    ),
    (
        "login.badge-expired",
        N_("A temporary badge works for 48 hours. The person needs their own."),
    ),
    (
        "login.pin-wrong",
        N_(
            "The code or the pictures were not right. Whoever forgot them gets a new PIN from the person's page."
        ),
    ),
    (
        "login.pin-locked",
        N_("Too many wrong codes for this person. The pause ends by itself."),
    ),
    (
        "login.kiosk-paused",
        N_(
            "Too many wrong codes at this kiosk, whoever typed them. The pause ends by itself; other kiosks work."
        ),
    ),
    (
        "login.busy",
        N_("Many people sign in at once. It passes within a minute."),
    ),
    (
        "session.elsewhere",
        N_("The person has a session at another kiosk, and it did not let go. Pressing Stop there ends it."),
    ),
    (
        "session.taken-over",
        N_("The same person signed in at another kiosk. If it was not they, block what they carry."),
    ),
    (
        "session.ended",
        N_("An officer or the hub ended the session. The person may sign in again."),
    ),
    (
        "session.lease-over",
        N_("The kiosk did not hear from the hub for too long. The person can sign in when it is back."),
    ),
    (
        "session.not-signed-in",
        N_("The page belongs to a person, and nobody was signed in any more."),
    ),
    (
        "stick.foreign",
        N_("The stick was not made in this house, or it is damaged. Give out a new one."),
    ),
    (
        "stick.copied key.copied",
        N_(
            "Two sticks or keys say the same. The incidents page shows where and when; the security officer settles it."
        ),
    ),
    (
        "stick.not-written",
        N_("The stick was pulled out while it was written. It still works: put it in again and leave it in."),
    ),
    (
        "key.foreign",
        N_("The key was not given out in this house, or belongs to nobody. Perhaps it was replaced."),
    ),
    (
        "key.unverified key.stale key.timeout key.gone",
        N_("The key was not touched in time, or was pulled out. Let the person try again."),
    ),
    (
        "key.unsuitable key.unsupported",
        N_("This kind of key cannot do what is needed. Give out another one."),
    ),
    (
        "key.unreadable key.failed",
        N_("The key answered nothing that can be used. If it happens again, give out another one."),
    ),
    (
        "key.replug",
        N_("Three wrong codes in a row: the key itself wants to be taken out and put in again."),
    ),
    (
        "key.pin-wrong",
        N_("The code of the key was wrong. Only the key knows it; it cannot be read or changed here."),
    ),
    (
        "key.pin-blocked",
        N_("The key locked itself for good after too many wrong codes. Give out another one."),
    ),
    (
        "reader.away",
        N_("The reader of this kiosk does not answer. Tell the technician."),
    ),
    (
        "code.unfit code.trivial code.same code.near code.differs",
        N_("The person is choosing a new code. Nothing was changed yet; they can choose another one."),
    ),
    (
        "agreement.declined",
        N_(
            "The person did not agree to the terms. Paper forms stay possible; the screen asks again next time."
        ),
    ),
    (
        "speech.missing speech.failed",
        N_("The kiosk could not read aloud. Read it to the person, and tell the technician."),
    ),
    (
        "hub.away",
        N_("The kiosk could not reach the hub. The devices page says since when."),
    ),
    (
        "hub.no-pass",
        N_("The hub is away. Only people of this wing who used their stick or key here lately can sign in."),
    ),
    (
        "hub.home-kiosk-away",
        N_(
            "The kiosk of the person's wing is away and may have let them in by itself. It can be taken out of service."
        ),
    ),
    (
        "kiosk.out-of-service",
        N_("An officer took this kiosk out of service. The devices page brings it back."),
    ),
    (
        "hub.just-left",
        N_("The hub went away a moment ago. The kiosk waits before it lets anybody in by itself."),
    ),
    (
        "hub.cannot-save",
        N_("The hub cannot write to its disk. Tell the technician at once."),
    ),
    (
        "hub.not-understood",
        N_("The hub and the kiosk do not fit together, or a message came twice. Tell the technician."),
    ),
    (
        "kiosk.read-only kiosk.full kiosk.locked",
        N_("The kiosk cannot write to its own disk. Tell the technician."),
    ),
    (
        "kiosk.damaged",
        N_(
            "What the kiosk keeps for times without the hub is damaged. The next sign-in with the hub makes it anew."
        ),
    ),
    (
        "kiosk.clock-wrong",
        N_(
            "The clock of the kiosk and the clock of the hub are more than five minutes apart. Tell the technician."
        ),
    ),
    (
        "policy.not-offered policy.device policy.time policy.proof policy.regime policy.group policy.closed",
        N_("The rules of the house say no. The screen of the service names the very rule: see below."),
    ),
    (
        "policy.suspended",
        N_("The person is suspended from this. Their page says until when, why and by whom."),
    ),
    (
        "policy.missing",
        N_("The kiosk has not heard the rules of the house yet. It asks again by itself."),
    ),
    (
        "print.model-unknown print.model-not-offered print.model-changed print.colour print.copies",
        N_("The workshop does not offer it like this any more. The person can choose again."),
    ),
    (
        "print.too-many",
        N_("Five requests of this person are open. One must be answered or fetched first."),
    ),
    (
        "print.not-by-policy",
        N_("The rules of the house did not let this person print when it was asked."),
    ),
    (
        "print.balance",
        N_("The price is more than what is on the account. Nothing was taken."),
    ),
    (
        "print.not-now",
        N_("It was settled not to make this now. The security officer can say more."),
    ),
    (
        "request.not-delivered",
        N_("The hub did not take what the kiosk had kept for it. The person asks again."),
    ),
    (
        "request.no-objection",
        N_("A person can object once, and only to an officer's answer."),
    ),
    (
        (
            "answer.purpose-unclear answer.lesson-first answer.enough-made answer.printers-full"
            " answer.material-short answer.model-changed answer.no-money answer.unsafe"
            " answer.house-rules answer.other"
        ),
        N_("An officer gave this reason. The request says who and when."),
    ),
    (
        "answer.stands",
        N_("A second officer looked at the objection, and the answer stays."),
    ),
    (
        "print.failed-once",
        N_("The first print failed. The workshop tries once more, at no cost."),
    ),
    (
        "print.failed print.failed-refunded",
        N_("It could not be printed. What was paid is given back."),
    ),
    (
        (
            "making.nothing making.known making.over making.stick-gone making.stick-not-blank"
            " making.stick-too-small making.stick-protected making.stick-broken making.codes-differ"
            " making.code-short making.key-full making.key-known making.badge-failed"
            " making.stick-failed making.key-failed"
        ),
        N_(
            "A badge, stick or key was being given out at this kiosk. The page of that order shows how it stands."
        ),
    ),
    (
        "page.form-expired",
        N_("The page was open too long, or belonged to somebody before. Let the person try again."),
    ),
    (
        "page.field-missing page.bad-request page.too-large page.too-many",
        N_("The form was not complete, or too much was sent at once. Nothing was changed."),
    ),
    (
        "page.not-allowed page.not-found",
        N_("There is no such page, or it is not for this person."),
    ),
    (
        "page.bug refused.other tripped.other corrupt.other",
        N_("A fault without words of its own. Tell the technician what stands on the screen."),
    ),
)

MEANINGS: dict[str, str] = {rule: text for rules, text in _SAID for rule in rules.split()}
