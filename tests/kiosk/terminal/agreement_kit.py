"""A version of the agreement for kiosk tests, and somebody who reads it from the first screen to the last."""

from __future__ import annotations

import hashlib

import msgspec

from kiosk.hub.agreement.agreements import SHIPPED
from kiosk.hub.agreement.rules import read_toml
from provisioning.contracts import AgreementText
from tests.kiosk.terminal.kiosk_kit import Visitor

SECTIONS = read_toml(SHIPPED.read_text()).sections


def agreement(version: int = 1) -> AgreementText:
    """The shipped text under a version's number."""
    sha256 = hashlib.sha256(msgspec.json.encode(SECTIONS) + bytes([version])).hexdigest()
    return AgreementText(version=version, sha256=sha256, sections=SECTIONS)


def read_to_the_end(visitor: Visitor) -> str:
    """Every section in its order; the last screen."""
    page = ""
    for number in range(1, len(SECTIONS) + 1):
        page = visitor.sees(f"/agreement/{number}")
        assert SECTIONS[number - 1].picture in page, number
    return visitor.sees("/agreement/end")


def signs(visitor: Visitor) -> str:
    """Reads everything and agrees; the page after it."""
    return visitor.press(read_to_the_end(visitor), "/agreement/sign").get_data(as_text=True)
