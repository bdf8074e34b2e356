"""What every desk page may ask: which officer is at hand, and whether policy allows the action."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g

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
