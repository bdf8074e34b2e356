"""The demo's models and reels, brought in as a technician would before a farm's first start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from farm.desk.intake import ModelRefused, Proposal
from farm.desk.node import Desk
from farm.sim.models import DemoModel, demo_models

BROUGHT_BY = "o-tom"  # of provisioning/sim/people.py: teaches in the workshop
REELS = (("R-WHITE1", "white", 742.0), ("R-BLUE01", "blue", 688.0), ("R-BLACK1", "black", 715.0))
REEL_NEW_G = 750.0


def bring_in(desk: Desk) -> Iterator[str]:
    """Take every demo model in and mount the reels; says one line for each. What is here already stays."""
    kind = next(iter(desk.kinds.values()))
    for model in demo_models():
        if desk.queue.model(model.id) is None:
            _take_in(desk, model, kind)
            yield f"model {model.id}"
    known = {reel.reel_id for reel in desk.workshop.reels()}
    for section, (reel_id, colour, grams) in zip(desk.farm.printers, REELS, strict=False):
        if reel_id not in known:
            with desk.store.atomic():
                desk.workshop.add_reel("PLA", colour, REEL_NEW_G, BROUGHT_BY, reel_id)
                desk.workshop.weigh_reel(reel_id, grams)
                desk.workshop.mount(reel_id, section.printer_id)
                desk.trail.record(BROUGHT_BY, "reel_mounted", reel_id, printer=section.printer_id)
            yield f"reel {reel_id} on {section.printer_id}"


def _take_in(desk: Desk, model: DemoModel, kind: str) -> None:
    copies: list[Path] = []
    proposal = Proposal(
        title=model.title,
        purpose=model.purpose,
        printer_kind=kind,
        material=model.material,
        colours=model.colours,
        price_cents=model.price_cents,
        max_copies=model.max_copies,
        added_by=BROUGHT_BY,
        model_id=model.id,
    )
    try:
        for source in (model.gcode_path, model.stl_path):
            copies.append(desk.intake.new_file())
            shutil.copyfile(source, copies[-1])
        desk.intake.take_in(copies[0], copies[1], proposal)
    except ModelRefused as error:
        if error.reason != "model_known":
            raise
    finally:
        for copy in copies:
            copy.unlink(missing_ok=True)
