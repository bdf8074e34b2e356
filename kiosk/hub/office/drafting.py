"""What the pages of every draft have alike: its first day, who had a hand in it, the colleague it waits for."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from kiosk.hub.drafts.store import Hand
from kiosk.hub.node import Hub
from provisioning.clock import local_day
from provisioning.errors import Refused
from provisioning.web.forms import FieldMissing, text_field


def begins(hub: Hub, day_past: type[Refused]) -> datetime | None:
    """Midnight of the day in the form; None when that is today.

    Raises:
        FieldMissing: that is no day.
        Refused: ``day_past``: that day is over.
    """
    try:
        day = date.fromisoformat(text_field("first_day", max_length=10))
        now = local_day(hub.clock, hub.node.site.timezone)
        midnight = datetime.combine(day, time(), ZoneInfo(hub.node.site.timezone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FieldMissing(field="first_day") from error
    if day < now:
        raise day_past
    return midnight if day > now else None


def names_of(hub: Hub, hands: Sequence[Hand]) -> tuple[str, str]:
    """Who wrote and who approved, by name."""
    names: dict[str, list[str]] = {"wrote": [], "approved": []}
    for hand in hands:
        card = hub.people.officer(hand.officer_id)
        names[hand.part].append(card.name if card else hand.officer_id)
    return ", ".join(names["wrote"]), ", ".join(names["approved"])
