"""Whoever has no code or password yet gets in by none, not even by the words that stand in for nobody's."""

from __future__ import annotations

import pytest

from kiosk.hub.node import Hub
from kiosk.hub.people.importing import Importer, OfficerLine, PeopleFile, ResidentLine
from provisioning.errors import Refused
from tests.kiosk.hub.hub_kit import PEPPER, Officer, Peer, app_of

NEWCOMERS = PeopleFile(
    residents=(
        ResidentLine(resident_id="r-new", first_name="Nora", language="nl", wing="A", badge_uid="04F1"),
    ),
    officers=(
        OfficerLine(officer_id="o-new", name="New", sign_in_name="new", roles=("security",), language="en"),
    ),
)
WORDS = ["nobody has this secret", "nobody", "None"]  # the first stood in for nobody's, and opened


@pytest.fixture
def newcomers(hub: Hub) -> None:
    Importer(hub.people, hub.ledger, PEPPER).write(NEWCOMERS)


@pytest.mark.usefixtures("newcomers")
def test_an_officer_without_a_password_signs_in_by_none_that_stands_in_the_program(hub: Hub) -> None:
    for words in WORDS:
        Officer(app_of(hub)).sign_in("new", words, status=409)
        hub.store.run("DELETE FROM attempt")
    assert not [one for one in hub.trail.latest(100, action="signed_in") if one.actor == "o-new"]


@pytest.mark.usefixtures("newcomers")
def test_a_resident_without_a_code_signs_in_by_none_that_stands_in_the_program(
    hub: Hub, kiosk_a: Peer
) -> None:
    for words in ["", *WORDS]:
        with pytest.raises(Refused, match="pin_wrong"):
            kiosk_a.claim("04F1", words)
        hub.store.run("DELETE FROM attempt")
    assert hub.sessions.all_open() == []
