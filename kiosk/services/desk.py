"""What every desk page may ask: which officer is at hand, whether policy allows the action, who signs with them."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar, cast

from flask import g
from werkzeug.wrappers import Response

from kiosk.policy import require
from kiosk.services.base import OfficerCard

P = ParamSpec("P")
R = TypeVar("R")


def officer() -> OfficerCard:
    """The officer who is signed in; the hub's shell lets nobody else reach a desk page."""
    return cast(OfficerCard, g.officer)


def needs(action: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only officers whose roles allow ``action`` (see :mod:`kiosk.policy`) into a page."""

    def guard(page: Callable[P, R]) -> Callable[P, R]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            require(action, officer().roles)
            return page(*args, **kwargs)

        return guarded

    return guard


class Cosigning(Protocol):
    """How the hub's shell gets a sensitive act signed."""

    def admit(self, action: str, act: Callable[[], Response]) -> Response:
        """The act's own answer when it is signed for; else the dialog that asks for the signature.

        An empty ``action`` needs none this time.
        The act runs in the transaction that keeps the second person's signature, so it checks no secret itself.
        """
        ...


def sensitive(
    action: str, when: Callable[[], bool] = lambda: True
) -> Callable[[Callable[P, Response]], Callable[P, Response]]:
    """Let a sensitive ``action`` (:mod:`kiosk.policy.sensitive`) happen only after a key's touch or with a colleague.

    Stands below :func:`needs` on a page that takes a form. The form is kept and sent again with the signature; the
    page writes :func:`signed_by` into the act's audit record. ``when`` may say that this time it is not sensitive.
    """

    def guard(page: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(page)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            asked = action if when() else ""
            return cast(Cosigning, g.cosigning).admit(asked, lambda: page(*args, **kwargs))

        return guarded

    return guard


def signed_by() -> dict[str, str]:
    """For the audit record of a sensitive act: ``second`` (an officer's id) or ``proof`` (``key``); else nothing."""
    return dict(g.get("signed_by", {}))
