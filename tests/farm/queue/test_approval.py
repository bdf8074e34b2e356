"""An order prints only when everything the decision binds still holds."""

from __future__ import annotations

import msgspec
import pytest

from farm.queue.approval import OrderRefused, check_order
from provisioning.clock import FakeClock
from tests.farm.queue.support import GCODE, make_model, make_order

NOW = FakeClock().now_utc()


def code_of(sender: str = "hub", model: object = ..., **changes: object) -> str:
    order = msgspec.structs.replace(make_order(), **changes)
    with pytest.raises(OrderRefused) as caught:
        check_order(order, sender, "hub", make_model() if model is ... else model, NOW)  # type: ignore[arg-type]
    return caught.value.reason


def test_an_order_that_fits_is_taken() -> None:
    check_order(make_order(), "hub", "hub", make_model(), NOW)


def test_an_order_from_another_node_than_the_hub_is_foreign() -> None:
    assert code_of(sender="kiosk-a") == "order_foreign"


def test_an_expired_order_is_refused_in_the_instant_it_expires() -> None:
    assert code_of(expires_utc="2026-11-22T08:00:00.000Z") == "order_expired"


@pytest.mark.parametrize("copies", [0, -1, 4, 10**9])
def test_copies_beyond_the_models_own_limit_are_refused(copies: int) -> None:
    assert code_of(copies=copies) == "order_copies"


def test_a_model_that_is_not_here_is_refused() -> None:
    assert code_of(model=None) == "order_model_unknown"


@pytest.mark.parametrize("field", ["gcode_sha256", "model_sha256"])
def test_another_file_than_the_stored_one_is_refused(field: str) -> None:
    assert code_of(**{field: GCODE.replace("a", "b")}) == "order_other_file"


@pytest.mark.parametrize("state", ["proposed", "withdrawn"])
def test_a_model_that_is_not_approved_or_no_longer_is_not_printed(state: str) -> None:
    assert code_of(model=make_model(state=state)) == "order_not_approved"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("printer_kind", "delta", "order_other_printer"),
        ("material", "ABS", "order_other_material"),
        ("colour", "gold", "order_other_colour"),
    ],
)
def test_another_printer_material_or_colour_than_approved_is_refused(
    field: str, value: str, code: str
) -> None:
    assert code_of(**{field: value}) == code
