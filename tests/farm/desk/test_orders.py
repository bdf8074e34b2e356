"""What the hub says: only orders that fit become jobs, each once, and the hub hears where they stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioning.clock import FakeClock
from provisioning.contracts import JobProgress, OfficerRoster
from provisioning.contracts.base import Done, Refusal
from provisioning.errors import Corrupt
from provisioning.identity import NodeKey, SiteCA, seal
from tests.farm.desk.support import GCODE, OFFICERS, Farm


def progress(farm: Farm) -> list[JobProgress]:
    return [word for word in farm.told() if isinstance(word, JobProgress)]


def test_an_order_is_queued_compiled_and_told(farm: Farm) -> None:
    sheet = farm.add_model()
    assert isinstance(farm.hear(farm.order(sheet)), Done)
    assert farm.desk.spooler.spool_next()
    (job,) = farm.desk.queue.jobs_of("O-1")
    assert job.state == "queued"
    assert farm.desk.runs.spool_path(sheet.gcode_sha256, sheet.printer_kind).exists()
    assert [(word.step, word.state) for word in progress(farm)] == [(1, "queued")]


def test_the_same_order_however_often_makes_its_copies_once(farm: Farm) -> None:
    sheet = farm.add_model()
    order = farm.order(sheet, copies=3)
    farm.hear(order, message_id="1" * 32)
    farm.hear(order, message_id="1" * 32)  # the very same message
    farm.hear(order, message_id="2" * 32)  # the same order in another one
    assert len(farm.desk.queue.jobs_of("O-1")) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_utc": "2026-11-21T08:00:00.000Z"}, "order_expired"),
        ({"gcode_sha256": "e" * 64}, "order_other_file"),
        ({"model_id": "another"}, "order_model_unknown"),
        ({"copies": 99}, "order_copies"),
        ({"colour": "gold"}, "order_other_colour"),
    ],
)
def test_an_order_that_does_not_fit_makes_no_job_and_the_hub_is_told_why(
    farm: Farm, changes: dict, code: str
) -> None:
    sheet = farm.add_model()
    assert isinstance(farm.hear(farm.order(sheet, **changes)), Done)
    assert farm.desk.queue.jobs_of("O-1") == []
    (word,) = progress(farm)
    assert (word.state, word.final, word.reason) == ("failed", True, code)
    assert farm.desk.trail.latest(1)[0].action == "order_refused"


def test_an_order_for_a_model_without_two_approvals_is_refused(farm: Farm) -> None:
    sheet = farm.add_model(approved=False)
    farm.hear(farm.order(sheet))
    assert progress(farm)[0].reason == "order_not_approved"


def test_an_order_signed_by_another_node_is_foreign_and_leaves_no_trace(farm: Farm) -> None:
    sheet = farm.add_model()
    answer = farm.hear(farm.order(sheet), sender="kiosk-a")
    assert isinstance(answer, Refusal)
    assert answer.code == "order_foreign"
    assert farm.desk.queue.order("O-1") is None


def test_a_forged_order_is_not_even_read(farm: Farm) -> None:
    sheet = farm.add_model()
    stranger = NodeKey("hub", SiteCA.create("other").key)
    with pytest.raises(Corrupt, match="envelope_foreign"):
        farm.desk.receiver.take(seal(farm.order(sheet), "farm", stranger, farm.clock))
    data = json.loads(seal(farm.order(sheet), "farm", farm.site.keys["hub"], farm.clock))
    data["payload"] = data["payload"][:-8] + "AAAAAAA="
    with pytest.raises(Corrupt):
        farm.desk.receiver.take(json.dumps(data).encode())
    assert farm.desk.queue.order("O-1") is None


def test_g_code_changed_on_the_disk_is_refused_when_the_order_comes(farm: Farm) -> None:
    sheet = farm.add_model()
    file = farm.desk.node.state_dir / "gcode" / f"{sheet.gcode_sha256}.gcode"
    file.chmod(0o640)
    file.write_bytes(GCODE.replace(b"S205", b"S210"))
    farm.hear(farm.order(sheet))
    assert farm.desk.queue.jobs_of("O-1") == []
    assert progress(farm)[0].reason == "gcode_tampered"


def test_g_code_changed_after_the_order_came_is_never_compiled(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    file = farm.desk.node.state_dir / "gcode" / f"{sheet.gcode_sha256}.gcode"
    file.chmod(0o640)
    file.write_bytes(GCODE.replace(b"S205", b"S210"))
    assert farm.desk.spooler.spool_next()
    (job,) = farm.desk.queue.jobs_of("O-1")
    assert (job.state, job.reason) == ("failed", "not_the_approved_file")
    assert progress(farm)[-1].final


def test_a_model_that_is_withdrawn_takes_its_waiting_jobs_along(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    farm.decide(sheet, approved=False)
    (job,) = farm.desk.queue.jobs_of("O-1")
    assert (job.state, job.reason) == ("cancelled", "model_withdrawn")
    assert progress(farm)[-1].state == "failed"


def test_an_older_roster_does_not_replace_a_newer_one(farm: Farm) -> None:
    farm.hear(OfficerRoster(edition=5, officers=OFFICERS))
    farm.hear(OfficerRoster(edition=4, officers=()))
    assert len(farm.desk.own.officers()) == len(OFFICERS)


def test_a_job_that_was_being_compiled_when_the_desk_died_is_compiled_anew(farm: Farm) -> None:
    sheet = farm.add_model()
    farm.hear(farm.order(sheet))
    farm.desk.queue.move_job("O-1-1", "spooling")
    farm.desk.spooler.stop()
    farm.desk.spooler.start()
    states = {job.state for job in farm.desk.queue.jobs_of("O-1")}
    assert states <= {"ordered", "spooling", "queued"}
    farm.desk.spooler.stop()


def test_what_a_killed_desk_left_half_done_is_gone_at_its_next_start(run_dir: Path, clock: FakeClock) -> None:
    farm = Farm(run_dir, clock)
    upload = farm.desk.intake.new_file()
    (upload.parent / "tmp-pictures").mkdir()
    part = farm.desk.node.state_dir / "spool" / ".abc.fdm-220.spool.77.part"
    part.parent.mkdir()
    part.touch()
    kept = part.with_name("abc.fdm-220.spool")
    kept.touch()
    farm.close()
    again = Farm(run_dir, clock, farm.site)
    again.desk.spooler.start()
    assert list(upload.parent.iterdir()) == []
    assert list(part.parent.iterdir()) == [kept]
    again.close()
