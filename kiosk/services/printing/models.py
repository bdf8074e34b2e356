"""A model's way: measured by a farm, signed by two officers, offered to residents, perhaps withdrawn."""

from kiosk.services.base import HubContext, OfficerCard
from kiosk.services.printing import rules
from kiosk.services.printing.records import Model, Signature
from kiosk.services.printing.store import ModelStore
from provisioning.clock import iso
from provisioning.contracts import ModelDecision, ModelSheet, OfferedModel
from provisioning.errors import Corrupt, Refused

PICTURE_BYTES_MAX = 512 * 1024  # a rendered picture of 800 x 600 is below 100 KiB
PNG = b"\x89PNG\r\n\x1a\n"


def signer_of(officer: OfficerCard) -> rules.Signer:
    """The officer as the rules see one."""
    return rules.Signer(officer.officer_id, frozenset(officer.roles))


class ModelLife:
    """What happens to models; every method is one transaction and may be called twice."""

    def __init__(self, context: HubContext) -> None:
        self._hub = context
        self.store = ModelStore(context.store)

    def take_sheet(self, farm: str, sheet: ModelSheet) -> None:
        """Keep a sheet that a farm measured; it waits for two officers. An older one that waited gives way.

        The same file again changes nothing while it waits or is offered.

        Raises:
            Corrupt: ``picture_invalid``, or ``message_foreign`` when the sender is no farm of this site.
        """
        if farm not in self._hub.farms:
            raise Corrupt("message_foreign", sender=farm)
        for png in (sheet.top_png, sheet.angle_png):
            if not png.startswith(PNG) or len(png) > PICTURE_BYTES_MAX:
                raise Corrupt("picture_invalid", bytes=len(png))
        with self._hub.store.atomic():
            live = self.store.live(sheet.model_id)
            if any(model.sheet.gcode_sha256 == sheet.gcode_sha256 for model in live):
                return
            for model in live:
                if model.state == "waiting":
                    self.store.move(model.sheet_no, "replaced", at_utc=self._now())
            self.store.add(farm, sheet, self._now())
            self._hub.trail.record(
                farm, "model_added", sheet.model_id, gcode=sheet.gcode_sha256, by=sheet.added_by
            )

    def sign(self, sheet_no: int, slot: rules.Slot, officer: OfficerCard) -> Model:
        """Put an officer's name into a slot; with the second name the model is offered and the farm is told.

        Pressing again changes nothing.

        Raises:
            Refused: a code of :func:`rules.why_not_sign`; ``by`` names the officer who was first.
        """
        with self._hub.store.atomic():
            model = self.find(sheet_no)
            taken = dict(model.facts.signed)
            if taken.get(slot) == officer.officer_id:
                return model
            if why := rules.why_not_sign(model.facts, slot, signer_of(officer)):
                raise Refused(why, by=taken.get(slot, ""))
            role = slot if slot in officer.roles else "director"
            self.store.sign(sheet_no, Signature(slot, officer.officer_id, role, self._now()))
            self._hub.trail.record(
                officer.officer_id, "model_signed", model.sheet.model_id, slot=slot, role=role
            )
            model = self.find(sheet_no)
            if rules.is_fully_signed(model.facts.signed):
                self._offer(model)
        self._hub.nudge()
        return self.find(sheet_no)

    def _offer(self, model: Model) -> None:
        for other in self.store.live(model.sheet.model_id):
            if other.state == "approved":
                self.store.move(other.sheet_no, "replaced", at_utc=self._now())
        self.store.move(model.sheet_no, "approved")
        self._tell(model, approved=True, by=tuple(officer for _, officer in model.facts.signed))

    def end(self, sheet_no: int, officer: OfficerCard, words: str, *, revoke: bool) -> Model:
        """Refuse a model that waits, or revoke one that is offered; the reason is obligatory.

        Raises:
            Refused: a code of :func:`rules.why_not_end_model`.
        """
        with self._hub.store.atomic():
            model = self.find(sheet_no)
            if why := rules.why_not_end_model(model.facts, signer_of(officer), words, revoke=revoke):
                raise Refused(why, by=model.ended_by)
            state = "revoked" if revoke else "refused"
            self.store.move(
                sheet_no, state, officer.officer_id, self._now(), words.strip()[: rules.WORDS_MAX]
            )
            self._tell(model, approved=False, by=(officer.officer_id,))
        self._hub.nudge()
        return self.find(sheet_no)

    def _tell(self, model: Model, *, approved: bool, by: tuple[str, ...]) -> None:
        sheet = model.sheet
        self._hub.trail.record(
            by[-1],
            "model_approved" if approved else "model_withdrawn",
            sheet.model_id,
            gcode=sheet.gcode_sha256,
            by=" ".join(by),
        )
        decision = ModelDecision(
            model_id=sheet.model_id,
            gcode_sha256=sheet.gcode_sha256,
            approved=approved,
            by=by,
            at_utc=self._now(),
        )
        self._hub.outbox.put(model.farm, decision, subject=sheet.model_id)

    def find(self, sheet_no: int) -> Model:
        """One sheet.

        Raises:
            Refused: ``model_unknown``.
        """
        if (model := self.store.get(sheet_no)) is None:
            raise Refused("model_unknown")
        return model

    def offered(self) -> tuple[OfferedModel, ...]:
        """What every kiosk may show."""
        return tuple(_offered(model) for model in self.store.in_state("approved"))

    def _now(self) -> str:
        return iso(self._hub.clock.now_utc())


def _offered(model: Model) -> OfferedModel:
    sheet = model.sheet
    return OfferedModel(
        model_id=sheet.model_id,
        gcode_sha256=sheet.gcode_sha256,
        title=sheet.title,
        purpose=sheet.purpose,
        grams=sheet.grams,
        seconds=sheet.seconds,
        price_cents=sheet.price_cents,
        colours=sheet.colours,
        max_copies=sheet.max_copies,
        picture_sha256=model.angle_sha256,
    )
