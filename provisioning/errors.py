"""The four error families, by what the catcher does; each leaf carries a stable code."""

from typing import ClassVar


class PassageError(Exception):
    """A condition that someone can act on.

    ``code`` is stable and crosses machines; the sentence a person reads comes from the translation
    catalogue by code. ``detail`` is for engineers and for filling that sentence: never a resident's name.
    """

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500

    def __init__(self, code: str | None = None, **detail: str | int | float | bool | None) -> None:
        self.reason: str = code or type(self).code
        self.detail = detail
        super().__init__(self.reason, detail)

    def __str__(self) -> str:
        words = " ".join(f"{key}={value!r}" for key, value in self.detail.items())
        return f"{self.reason} {words}".strip()


class Refused(PassageError):
    """The answer is no: tell the person, with the reason (HTTP 409)."""

    code = "refused"
    http_status = 409


class Unavailable(PassageError):
    """Not now: the caller keeps what it has and asks again (HTTP 503)."""

    code = "unavailable"
    http_status = 503


class Tripped(PassageError):
    """Safety said no: only an officer's reset helps (HTTP 423)."""

    code = "tripped"
    http_status = 423


class Corrupt(PassageError):
    """What was read cannot be what was written: stop and keep the evidence (HTTP 500)."""

    code = "corrupt"
    http_status = 500


FAMILIES: dict[str, type[PassageError]] = {
    "refused": Refused,
    "unavailable": Unavailable,
    "tripped": Tripped,
    "corrupt": Corrupt,
}


def family_of(error: PassageError) -> str:
    """The name of the family an error belongs to, as it travels between nodes."""
    return next((name for name, family in FAMILIES.items() if isinstance(error, family)), "corrupt")
