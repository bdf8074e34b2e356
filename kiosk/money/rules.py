"""What may happen to money and why not: moves between accounts, as values."""

from dataclasses import dataclass

from provisioning.errors import Refused

WORKSHOP = "workshop"  # the workshop's counter: what residents paid for parts
OPENING = "opening"  # where balances came from when an account was opened here


class NotEnoughMoney(Refused):
    """The balance would fall below zero; ``short_cents`` are missing. Nothing was written."""

    code = "not_enough_money"


@dataclass(frozen=True)
class Leg:
    """One signed amount in one account, in cents."""

    account_id: str
    cents: int


@dataclass(frozen=True)
class Move:
    """Legs that belong together and add up to nothing, once per ``key``."""

    key: str
    kind: str
    text: str
    legs: tuple[Leg, ...]

    def __post_init__(self) -> None:
        if sum(leg.cents for leg in self.legs) != 0 or any(leg.cents == 0 for leg in self.legs):
            raise ValueError("a move's legs add up to nothing and none is empty")


def purse(resident_id: str) -> str:
    """The account id of a resident's purse."""
    return f"passage:{resident_id}"


def opening(resident_id: str, cents: int) -> Move:
    """The move that gives a new account its balance.

    Raises:
        ValueError: the balance is not above zero.
    """
    if cents <= 0:
        raise ValueError("an opening balance is above zero; an empty account needs no move")
    legs = (Leg(OPENING, -cents), Leg(purse(resident_id), cents))
    return Move(f"opening/{resident_id}", "opening", "", legs)


def payment(balance_cents: int, resident_id: str, amount_cents: int, key: str, text: str) -> Move:
    """The move that takes a price from a purse to the workshop's counter.

    Raises:
        NotEnoughMoney: ``short_cents`` are missing.
        ValueError: the amount is not above zero.
    """
    if amount_cents <= 0:
        raise ValueError("a payment is above zero")
    if amount_cents > balance_cents:
        raise NotEnoughMoney(short_cents=amount_cents - balance_cents, balance_cents=balance_cents)
    legs = (Leg(purse(resident_id), -amount_cents), Leg(WORKSHOP, amount_cents))
    return Move(f"debit/{key}", "debit", text, legs)


def giving_back(paid: Move, key: str, text: str) -> Move:
    """The move that undoes a payment: the same legs with the opposite sign."""
    legs = tuple(Leg(leg.account_id, -leg.cents) for leg in paid.legs)
    return Move(f"refund/{key}", "refund", text, legs)
