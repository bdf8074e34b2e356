"""What must never happen is refused by the database itself, whoever writes the SQL."""

import sqlite3

import pytest

from tests.kiosk.services.printing.kit import ELS, MARC, TOM, Hub, sheet

SIGN = (
    "INSERT INTO print_model_signatures VALUES (1, '{slot}', '{who}', '{role}', '2026-11-22T08:00:00.000Z')"
)
APPROVE = "UPDATE print_models SET state = 'approved' WHERE sheet_no = 1"


def attempt(hub: Hub, *statements: str) -> None:
    """The last statement is refused, those before it are not; nothing of it stays."""
    done = []

    def run() -> None:
        with hub.store.atomic():
            for statement in statements:
                hub.store.run(statement)
                done.append(statement)

    with pytest.raises(sqlite3.IntegrityError):
        run()
    assert done == list(statements[:-1])


def sign(slot: str, who: str, role: str = "") -> str:
    return SIGN.format(slot=slot, who=who, role=role or slot)


@pytest.mark.parametrize(
    "statements",
    [
        (APPROVE,),
        (sign("workshop", "o-els"), APPROVE),
        (sign("workshop", "o-els"), sign("security", "o-els")),
        (sign("workshop", "o-tom"),),  # added the file
        (sign("workshop", "o-els"), sign("security", "o-tom")),
        (sign("workshop", "o-els", "director"),),
        (sign("security", "o-els", "workshop"),),
        (sign("cleaning", "o-els"),),
        (sign("workshop", ""),),
        (sign("workshop", "o-els"), "UPDATE print_model_signatures SET officer_id = 'o-marc'"),
        (sign("workshop", "o-els"), "DELETE FROM print_model_signatures"),
        (sign("workshop", "o-els"), sign("workshop", "o-marc").replace("INSERT", "INSERT OR REPLACE")),
        ("UPDATE print_models SET added_by = 'o-nobody'",),
        ("UPDATE print_models SET gcode_sha256 = 'x'",),
        ("DELETE FROM print_models",),
        ("UPDATE print_models SET state = 'refused'",),  # no reason, nobody
        ("UPDATE print_models SET state = 'revoked', ended_by = 'o-els', ended_words = 'x'",),
    ],
    ids=lambda statements: " ; ".join(statements)[:70],
)
def test_a_model_gets_past_two_different_people_or_not_at_all(hub: Hub, statements: tuple[str, ...]) -> None:
    hub.service.hear("farm-1", sheet())
    attempt(hub, *statements)
    assert hub.service.offered_models() == ()


def test_two_different_people_do_get_a_model_approved_in_sql_too(hub: Hub) -> None:
    hub.service.hear("farm-1", sheet())
    for statement in (sign("workshop", "o-els"), sign("security", "o-paul", "director"), APPROVE):
        hub.store.run(statement)
    assert len(hub.service.offered_models()) == 1


def test_a_model_cannot_be_born_approved(hub: Hub) -> None:
    hub.service.hear("farm-1", sheet())
    columns = "model_id, gcode_sha256, farm, added_by, sheet, top_sha256, angle_sha256, received_utc"
    born = f"INSERT INTO print_models ({columns}, state) SELECT 'm-2', gcode_sha256, farm, added_by, sheet,"
    attempt(hub, f"{born} top_sha256, angle_sha256, received_utc, 'approved' FROM print_models")


def test_a_signature_comes_too_late_on_an_offered_model(hub: Hub) -> None:
    hub.offer()
    attempt(hub, sign("workshop", "o-paul"))


def test_of_one_model_only_one_file_is_offered(hub: Hub) -> None:
    hub.offer()
    newer = hub.offer(gcode="ef" * 32)
    assert [model.gcode_sha256 for model in hub.service.offered_models()] == ["ef" * 32]
    assert hub.service.models.find(1).state == "replaced"
    attempt(hub, "DROP TRIGGER print_model_moves_forward", "UPDATE print_models SET state = 'approved'")
    assert newer.state == "approved"


# -- decisions ----------------------------------------------------------------------------------------------------

DECIDE = (
    "INSERT INTO print_decisions VALUES ('{key}', '{verdict}', '{who}', 'workshop', '{reason}', '', 'now')"
)


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE print_requests SET state = 'approved', order_id = 'o1'",),  # no decision
        ("UPDATE print_requests SET state = 'approved'",),  # no order
        ("UPDATE print_requests SET order_id = 'o1'",),
        ("UPDATE print_requests SET price_cents = 0",),
        ("UPDATE print_requests SET resident_id = 'r-luc'",),
        ("DELETE FROM print_requests",),
        (DECIDE.replace("{verdict}", "refused").replace("{reason}", ""),),
        (DECIDE.replace("{verdict}", "maybe"),),
        (DECIDE.replace("{who}", ""),),
        (DECIDE.replace("{who}", "r-amira"),),  # decides her own
        (DECIDE, DECIDE),
        (DECIDE, DECIDE.replace("INSERT", "INSERT OR REPLACE").replace("{who}", "o-tom")),
        (DECIDE, "UPDATE print_decisions SET officer_id = 'o-tom'"),
        (DECIDE, "DELETE FROM print_decisions"),
        ("INSERT INTO print_answers VALUES ('{key}', 'overturned', 'o-tom', 'workshop', 'x', 'now')",),
        ("DELETE FROM print_steps",),
    ],
    ids=lambda statements: " ; ".join(statements)[:70],
)
def test_a_request_is_decided_once_and_nothing_is_ordered_without(
    hub: Hub, statements: tuple[str, ...]
) -> None:
    hub.offer()
    key = hub.ask()
    values = {"key": key, "verdict": "approved", "who": "o-els", "reason": "unsafe"}
    attempt(hub, *(statement.format(**values) for statement in statements))
    assert hub.request(key).state == "received"
    assert hub.count("print_decisions") == 0


def test_the_first_officer_cannot_answer_the_objection_in_sql_either(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.refuse(key, ELS, "unsafe")
    hub.object_to(key)
    answer = "INSERT INTO print_answers VALUES ('{}', 'overturned', '{}', 'workshop', 'x', 'now')"
    attempt(hub, answer.format(key, ELS.officer_id))
    hub.store.run(answer.format(key, TOM.officer_id))
    attempt(hub, answer.format(key, MARC.officer_id).replace("INSERT", "INSERT OR REPLACE"))


def test_an_orders_number_is_never_exchanged(hub: Hub) -> None:
    hub.offer()
    key = hub.ask()
    hub.service.deciding.approve(key, ELS)
    attempt(hub, "UPDATE print_requests SET order_id = 'another'")
