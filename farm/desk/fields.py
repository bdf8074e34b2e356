"""Reading the desk's forms: grams with comma or point, choices from a list, and one effect per drawn form."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from flask import redirect, request
from werkzeug.wrappers import Response

from farm.desk.node import Desk
from provisioning.web.forms import FieldMissing, form_key
from provisioning.web.locale import latin_digits


def grams_field(name: str, *, low: float = 0.0, high: float = 10_000.0) -> float:
    """The grams of a field, ``12,5`` or ``12.5``.

    Raises:
        FieldMissing: no number, or out of bounds.
    """
    text = latin_digits(request.form.get(name, "").strip()).replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text) or not low <= float(text) <= high:
        raise FieldMissing(field=name)
    return float(text)


def cents_field(name: str, *, high: int) -> int:
    """The cents of an amount in euro, ``1,20`` or ``1.2`` or ``1``.

    Raises:
        FieldMissing: no amount, or out of bounds.
    """
    text = latin_digits(request.form.get(name, "").strip()).replace(",", ".")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", text):
        raise FieldMissing(field=name)
    cents = round(float(text) * 100)
    if cents > high:
        raise FieldMissing(field=name)
    return cents


def choice_field(name: str, choices: Collection[str]) -> str:
    """One of ``choices``.

    Raises:
        FieldMissing: anything else.
    """
    chosen = request.form.get(name, "")
    if chosen not in choices:
        raise FieldMissing(field=name)
    return chosen


def once(desk: Desk, act: Callable[[], str]) -> Response:
    """Do what a form asks in one transaction and go where ``act`` says; a second press only goes there too.

    What ``act`` refuses is not done and may be pressed again.
    """
    key = form_key()
    with desk.store.atomic():
        if desk.own.first_press(key):
            target = act()
            desk.own.keep_outcome(key, target)
        else:
            target = desk.own.outcome(key)
    desk.changed()
    return redirect(target or request.path, 303)
