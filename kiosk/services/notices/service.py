"""Notices on the hub: what officers write, and what every kiosk gets of it."""

from datetime import timedelta
from pathlib import Path

import msgspec

from kiosk.services.base import DeskLink, HubContext, HubService
from kiosk.services.notices import TILE, sentences
from kiosk.services.notices.rules import Draft, checked
from kiosk.services.notices.store import NOTICES, NoticeStore
from provisioning.clock import Clock, parse_iso
from provisioning.contracts import Notice
from provisioning.errors import Refused
from provisioning.store import Store
from provisioning.sync import Receiver


class NoticesService(HubService):
    """The hub's side of notices."""

    tile = TILE
    migrations = (NOTICES,)
    links = (DeskLink("Notices", "notices.every", "bell", "notice_written", 40),)
    store: NoticeStore

    def connect(self, context: HubContext, receiver: Receiver) -> None:
        """Keep the context; notices hear nothing from kiosks."""
        del receiver
        self.context = context
        self.store = NoticeStore(context.store, context.clock)
        sentences.register_sentences()

    def blueprint(self) -> object:
        """The desk pages."""
        from kiosk.services.notices.desk import make_pages

        return make_pages(self)

    def notices(self) -> tuple[Notice, ...]:
        """Everything that is shown now or later."""
        return self.store.for_kiosks()

    def write(self, notice_id: str, draft: Draft, officer_id: str) -> None:
        """Keep a notice under its id, and who wrote it; the same again changes nothing.

        Raises:
            NoticeIncomplete, NoticeDates: nothing was written.
        """
        good = checked(draft, self.context.node.site.languages)
        with self.context.store.atomic():
            before = self.store.get(notice_id)
            if before is not None and before.draft == good:
                return
            self.store.put(notice_id, good, officer_id)
            action = "notice_changed" if before else "notice_written"
            self.context.trail.record(officer_id, action, notice_id, urgent=good.urgent)

    def withdraw(self, notice_id: str, officer_id: str) -> None:
        """Take a notice off every kiosk; a second time changes nothing."""
        with self.context.store.atomic():
            if self.store.withdraw(notice_id):
                self.context.trail.record(officer_id, "notice_withdrawn", notice_id)


def make() -> HubService:
    """The hub's side of the service."""
    return NoticesService()


class NoticeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One notice of an import file; without ``until_utc`` it is shown for ``days`` from now."""

    notice_id: str
    title: dict[str, str]
    body: dict[str, str]
    urgent: bool = False
    from_utc: str = ""
    until_utc: str = ""
    days: int = 30
    wings: tuple[str, ...] = ()


class NoticesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``passage-hub notices import`` reads."""

    notices: tuple[NoticeLine, ...]


class NoticesUnreadable(Refused):
    """The file cannot be used; ``file`` and ``reason``. Nothing was written."""

    code = "import_refused"


def import_notices(path: Path, store: Store, clock: Clock, languages: tuple[str, ...], by: str) -> int:
    """Bring in notices from a JSON file; those that are known stay as they are. How many were new.

    Raises:
        NoticesUnreadable, NoticeIncomplete, NoticeDates: nothing was written.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=NoticesFile)
    except OSError as error:
        raise NoticesUnreadable(file=path.name, reason=error.strerror) from error
    except msgspec.DecodeError as error:
        raise NoticesUnreadable(file=path.name, reason=str(error)) from error
    notices, new = NoticeStore(store, clock), 0
    with store.atomic():
        for line in file.notices:
            if notices.get(line.notice_id) is None:
                notices.put(line.notice_id, checked(_draft(line, clock), languages), by)
                new += 1
    return new


def _draft(line: NoticeLine, clock: Clock) -> Draft:
    begins = parse_iso(line.from_utc) if line.from_utc else clock.now_utc()
    ends = parse_iso(line.until_utc) if line.until_utc else begins + timedelta(days=line.days)
    return Draft(line.title, line.body, line.urgent, begins, ends, line.wings)
