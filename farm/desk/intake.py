"""Taking a model in: its G-code is measured and drawn in a child process, kept by its hash, and told to the hub."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from farm.desk.orders import sha256_of
from farm.gcode.limits import PrinterLimits
from farm.gcode.sandbox import intake_in_child
from farm.queue.store import QueueStore
from provisioning.audit import Trail
from provisioning.clock import Clock, iso
from provisioning.contracts import ModelSheet
from provisioning.errors import Refused
from provisioning.ids import short_code
from provisioning.store import Outbox, Store


class ModelRefused(Refused):
    """This model is not taken in."""

    code = "model_refused"


@dataclass(frozen=True)
class Proposal:
    """What the person who brings a file says about it."""

    title: dict[str, str]
    purpose: dict[str, str]
    printer_kind: str
    material: str
    colours: tuple[str, ...]
    price_cents: int
    max_copies: int
    added_by: str
    model_id: str = ""


class IntakeDesk:
    """Where files come in. ``intake_dir`` and ``gcode_dir`` lie on one file system."""

    def __init__(
        self,
        store: Store,
        queue: QueueStore,
        outbox: Outbox,
        trail: Trail,
        clock: Clock,
        hub_id: str,
        limits: dict[str, PrinterLimits],
        intake_dir: Path,
        gcode_dir: Path,
    ) -> None:
        self._store, self._queue, self._outbox, self._trail, self._clock = store, queue, outbox, trail, clock
        self._hub_id, self._limits, self._intake_dir, self._gcode_dir = hub_id, limits, intake_dir, gcode_dir
        sweep(intake_dir, "*")  # uploads of a desk that was killed in mid-upload: nobody knows them any more

    def new_file(self) -> Path:
        """A name for an upload; whoever asked deletes the file when it was not taken in."""
        self._intake_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._intake_dir, suffix=".upload")
        os.close(handle)
        return Path(name)

    def take_in(self, gcode: Path, stl: Path | None, proposal: Proposal) -> ModelSheet:
        """Measure ``gcode``, keep it, and ask the hub's officers to decide; both files are used up.

        Raises:
            GcodeRefused: the file may not print here, with the line.
            ModelRefused: ``model_known`` (this very file was taken in before), ``model_id_taken``,
                ``printer_kind_unknown``.
        """
        limits = self._limits.get(proposal.printer_kind)
        if limits is None:
            raise ModelRefused("printer_kind_unknown", kind=proposal.printer_kind)
        with tempfile.TemporaryDirectory(dir=self._intake_dir) as pictures:
            found = intake_in_child(gcode, Path(pictures), limits)
            top_png, angle_png = found.top_png.read_bytes(), found.angle_png.read_bytes()
        facts = found.facts
        sheet = ModelSheet(
            model_id=proposal.model_id or short_code("M").lower(),
            title=proposal.title,
            purpose=proposal.purpose,
            gcode_sha256=facts.sha256,
            model_sha256=sha256_of(stl) if stl is not None else "",
            printer_kind=proposal.printer_kind,
            material=proposal.material,
            colours=proposal.colours,
            price_cents=proposal.price_cents,
            max_copies=proposal.max_copies,
            grams=round(facts.grams, 2),
            seconds=facts.seconds,
            lines=facts.lines,
            layers=facts.layers,
            size_mm=facts.size_mm,
            nozzle_max_c=facts.nozzle_max_c,
            bed_max_c=facts.bed_max_c,
            flags=facts.flags,
            top_png=top_png,
            angle_png=angle_png,
            added_by=proposal.added_by,
            at_utc=iso(self._clock.now_utc()),
        )
        self._keep(sheet, gcode, stl)
        return sheet

    def _keep(self, sheet: ModelSheet, gcode: Path, stl: Path | None) -> None:
        with self._store.atomic():
            known = self._queue.model_with_file(sheet.gcode_sha256)
            if known is not None and known.state != "withdrawn":
                raise ModelRefused("model_known", model_id=known.model_id)
            if self._queue.model(sheet.model_id) is not None:
                raise ModelRefused("model_id_taken", model_id=sheet.model_id)
            self._queue.add_model(sheet)
            self._outbox.put(self._hub_id, sheet, subject=sheet.model_id)
            self._trail.record(
                sheet.added_by,
                "model_taken_in",
                sheet.model_id,
                gcode_sha256=sheet.gcode_sha256,
                model_sha256=sheet.model_sha256,
                grams=sheet.grams,
            )
            # Inside: a record without its file would be worse than a file without its record.
            self._gcode_dir.mkdir(parents=True, exist_ok=True)
            settle(gcode, self._gcode_dir / f"{sheet.gcode_sha256}.gcode")
            if stl is not None:
                settle(stl, self._gcode_dir / f"{sheet.model_sha256}.stl")


def sweep(folder: Path, pattern: str) -> None:
    """Take away what an earlier desk left in ``folder``; only its one owner may ask for this, before it begins."""
    for left in folder.glob(pattern):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def settle(source: Path, target: Path) -> None:
    """Give a file its final name, on the medium and read-only, before anyone is told about it."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    source.chmod(0o440)
    source.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
