"""What a notice may be, and when residents see it: pure functions on values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisioning.errors import Refused

TITLE_MAX = 60  # one line on a kiosk at 1280 pixels
BODY_MAX = 700  # what a kiosk shows without scrolling
LONGEST = timedelta(days=365)


class NoticeIncomplete(Refused):
    """A title without its text, or the other way round, or none in the site's first language: ``language``."""

    code = "notice_incomplete"


class NoticeDates(Refused):
    """The end is not after the beginning, or more than a year away."""

    code = "notice_dates"


@dataclass(frozen=True)
class Draft:
    """A notice as an officer writes it; ``wings`` empty means every wing."""

    title: dict[str, str]
    body: dict[str, str]
    urgent: bool
    begins: datetime
    ends: datetime
    wings: tuple[str, ...] = ()


def checked(draft: Draft, languages: Sequence[str]) -> Draft:
    """The draft without empty languages.

    Raises:
        NoticeIncomplete: the first language is missing, or a language has only half.
        NoticeDates: it ends before it begins, or later than a year from then.
    """
    title = {code: text for code in languages if (text := draft.title.get(code, "").strip())}
    body = {code: text for code in languages if (text := draft.body.get(code, "").strip())}
    for code in languages:
        if (code in title) != (code in body):
            raise NoticeIncomplete(language=code)
    if languages[0] not in title:
        raise NoticeIncomplete(language=languages[0])
    if any(len(text) > TITLE_MAX for text in title.values()) or any(
        len(text) > BODY_MAX for text in body.values()
    ):
        raise NoticeIncomplete(language="")
    if not draft.begins < draft.ends <= draft.begins + LONGEST:
        raise NoticeDates
    return Draft(title, body, draft.urgent, draft.begins, draft.ends, draft.wings)


def state_of(begins: datetime, ends: datetime, withdrawn: bool, now: datetime) -> str:
    """``withdrawn``, ``planned``, ``shown`` or ``over``."""
    if withdrawn:
        return "withdrawn"
    if now < begins:
        return "planned"
    return "shown" if now < ends else "over"


def words_in(texts: dict[str, str], language: str) -> str:
    """The text in a person's language, else the first that there is."""
    return texts.get(language) or next(iter(texts.values()), "")
