"""Codes that no person at a kiosk ever reads, each with its reason and with the only files it may come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Codes of one kind. ``files`` are the beginnings of the paths from which they may come."""

    reason: str
    files: tuple[str, ...]
    codes: frozenset[str]

    def may(self, file: str) -> bool:
        """Whether it may come from there; pages are what people read."""
        return file.startswith(self.files) and not file.endswith("/pages.py")


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


DESKS = ("kiosk/hub/office/", "kiosk/hub/agreement/", "kiosk/hub/policy/", "kiosk/hub/issuing/", "farm/desk/")

GROUPS = (
    Group(
        "an officer reads it, in the back office",
        (
            *DESKS,
            "kiosk/hub/credentials/store.py",
            "kiosk/hub/sessions/rules.py",
            "kiosk/money/rules.py",
            "kiosk/policy/",
            "kiosk/services/base.py",
            "kiosk/services/notices/",
            "kiosk/services/printing/",
        ),
        _codes(
            """agreement_changed agreement_day agreement_incomplete agreement_no_draft agreement_own
            agreement_unreadable cannot_unblock copy_stays desk_locked envelope_late envelope_printed
            incident_own incident_settled_before issue_carries issue_kiosk_busy issue_own
            key_blocked key_not_here model_decided not_enough_money not_held not_this_officer notice_dates
            notice_incomplete objection_answered own_model own_request password_wrong period_wrong
            policy_changed policy_day policy_no_draft policy_own policy_refused purpose_short reason_missing
            request_decided request_waits role_missing second_not_allowed second_officer_needed second_same
            security_needed sign_in_locked sign_in_needed sign_in_wrong slot_filled suspension_dates
            suspension_too_long time_unreadable too_many_keys two_people_needed words_missing words_short"""
        ),
    ),
    Group(
        "about a letter that waited at the kiosk: the person reads not_delivered",
        (
            "kiosk/services/printing/",
            "kiosk/hub/agreement/",
            "kiosk/hub/credentials/blocking.py",
            "kiosk/hub/issuing/issuing.py",
            "kiosk/hub/policy/telling.py",
            "provisioning/sync/receiver.py",
        ),
        _codes(
            "agreement_unknown message_foreign message_unknown order_unknown picture_invalid request_unknown"
            " resident_unknown"
        ),
    ),
    Group(
        "the kiosk's own threads take it and try again: no page waits for it",
        ("kiosk/hub/api.py",),
        _codes("home_kiosk_unheard picture_unknown"),
    ),
    Group(
        "a command or a process ends with it, before there is a screen",
        ("kiosk/", "provisioning/", "farm/"),
        _codes(
            """address_taken catalogue_unreadable certificate_expired certificate_foreign config_refused
            head_unreadable import_refused node_key_kind reader_refused store_damaged store_missing store_owned"""
        ),
    ),
    Group(
        "an envelope that cannot be trusted: the one who asked reads peer_unreadable",
        ("provisioning/identity/", "provisioning/contracts/base.py"),
        _codes(
            """contract_invalid contract_unknown envelope_foreign envelope_misdirected envelope_unreadable
            node_unknown"""
        ),
    ),
    Group(
        "the reader's word for a stick: the person reads stick_not_written, or making_stick_failed while one is made",
        ("provisioning/readers/", "provisioning/sim/torn_stick.py", "kiosk/terminal/readerport.py"),
        _codes(
            """no_reader order_too_long order_unreadable stick_changed stick_door_failed stick_hangs stick_in_use
            stick_io_failed stick_no_access stick_no_sandbox stick_no_stick word_unreadable"""
        ),
    ),
    Group(
        "the reader's word for a key: the entrance says it otherwise, and making_key_failed while one is made",
        ("provisioning/readers/key", "kiosk/terminal/readerport.py"),
        _codes(
            "key_busy key_cancelled key_no_credential key_without_pin pin_blocked pin_missing pin_too_long"
            " reader_slow"
        ),
    ),
    Group(
        "a page that plays sound asked for it: nothing is drawn",
        ("provisioning/speech.py",),
        _codes("speech_too_long"),
    ),
    Group(
        "the root of all errors: only its families are raised", ("provisioning/errors.py",), _codes("error")
    ),
    Group(
        "the workshop's own: its desk, its workers and its printers. A person reads what became of the request",
        ("farm/",),
        _codes(
            """bad_faults bad_log bed_is_clear cell_off file_missing file_too_complex firmware_moved_on gcode_gone
            gcode_refused gcode_tampered intake_failed interlock_away job_moved_on journal_failed lease_refused
            model_id_taken model_known model_refused never_begun no_badge not_this_printer note_missing
            order_copies order_expired order_foreign order_model_unknown order_not_approved order_other_colour
            order_other_file order_other_material order_other_printer order_refused part_of_another part_on_bed
            pins_refused port_missing port_taken printer_has_a_run printer_kind_unknown printer_not_ready
            profile_refused reel_known reel_refused reel_too_heavy reel_unknown reel_used_up run_moved_on
            sign_in_not_here spool_corrupt spool_differs spool_missing spooling_failed upload_too_large
            weighing_refused weight_impossible worker_away worker_ended worker_runs_already"""
        ),
    ),
    Group(
        "the bench and the demo: engineers read it",
        ("provisioning/sim/",),
        _codes(
            "demo_refused device_off not_ready not_seen page_away page_refused unit_refused"
            " virtual_key_unreadable"
        ),
    ),
)

NEVER = {code: group for group in GROUPS for code in group.codes}

# Places where a code is given on and cannot be read; why nothing is missed there.
GIVEN_ON = {
    ("kiosk/hub/office/issuing.py", "one.problem if one.problem in registered() else f'{one.kind}_failed'"): (
        "an officer's page"
    ),
    ("kiosk/services/printing/deciding.py", "why"): "from a why_not function, which is read",
    ("kiosk/services/printing/desk.py", "why"): "from a why_not function, which is read",
    ("kiosk/services/printing/holding.py", "why"): "from a why_not function, which is read",
    ("kiosk/services/printing/models.py", "why"): "from a why_not function, which is read",
    ("kiosk/terminal/app.py", "said.code"): "from decide, which is read",
    ("kiosk/terminal/making_pages.py", "known"): "making_badge_failed and its sisters; see MADE",
    ("farm/desk/floor.py", "refused.code"): "the workshop's desk",
    ("farm/gcode/refusal.py", "msgspec.convert({'code': code, 'line': line, **filling}, Refusal)"): (
        "the workshop's desk"
    ),
    ("farm/gcode/sandbox.py", "Refusal('file_too_complex')"): "the workshop's desk",
    ("farm/gcode/sandbox.py", "reply.refusal or Refusal('file_too_complex')"): "the workshop's desk",
}
MADE = frozenset({"making_badge_failed", "making_stick_failed", "making_key_failed"})
