"""What every contract is: a frozen struct with a name and a version, refused when it holds an unknown key."""

import threading

import msgspec

from provisioning.errors import Corrupt


class Contract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document that crosses a boundary. Its name on the wire is the class's name and version: ``PrintOrder/1``."""


class Answer(Contract, frozen=True, kw_only=True):
    """What a call gives back when the answer is yes."""


class Done(Answer, frozen=True, kw_only=True):
    """The call did what it was asked and has nothing to add."""


class Refusal(Contract, frozen=True, kw_only=True):
    """The answer is no, with the code that is turned into a sentence, and what fills that sentence."""

    family: str
    code: str
    detail: dict[str, str | int | float | bool | None] = {}


VERSION = 1


def contract_name(contract: Contract | type[Contract]) -> str:
    """The name on the wire, such as ``PrintOrder/1``."""
    kind = contract if isinstance(contract, type) else type(contract)
    return f"{kind.__name__}/{VERSION}"


def _known() -> dict[str, type[Contract]]:
    found: dict[str, type[Contract]] = {}
    waiting: list[type[Contract]] = [Contract]
    while waiting:
        kind = waiting.pop()
        found[contract_name(kind)] = kind
        waiting.extend(kind.__subclasses__())
    return found


# msgspec 0.22 works out what a struct holds when it is first read, by Python code that lets other threads in: two that
# read the same kind for the first time at once end the process (a burst of sign-ins right after a start did).
_LEARNING = threading.Lock()
_LEARNT: set[type[msgspec.Struct]] = set()


def learn(kind: type[msgspec.Struct]) -> None:
    """Have msgspec work out a struct, and what is in it, once; before any thread reads one."""
    if kind not in _LEARNT:
        with _LEARNING:
            msgspec.json.Decoder(kind)
            _LEARNT.add(kind)


def encode(contract: Contract) -> dict[str, object]:
    """A contract as plain JSON values."""
    plain: dict[str, object] = msgspec.to_builtins(contract)
    return plain


def decode(name: str, plain: object) -> Contract:
    """The contract of that name from plain JSON values.

    Raises:
        Corrupt: ``contract_unknown`` or ``contract_invalid`` with the key and reason.
    """
    kind = _known().get(name)
    if kind is None:
        raise Corrupt("contract_unknown", name=name)
    learn(kind)
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise Corrupt("contract_invalid", name=name, reason=str(error)) from error
