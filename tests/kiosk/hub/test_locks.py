"""Two locks and one order: nobody holds the record while a password is checked, so the hub never stands still."""

from __future__ import annotations

import threading
from dataclasses import replace

from kiosk.hub.node import Hub
from kiosk.hub.office.app import create_office
from kiosk.hub.sessions.secrets import Checker
from provisioning.identity import verify_secret
from tests.kiosk.hub.hub_kit import PASSWORD, PEPPER, SECOND, Officer

PATIENCE_S = 5.0  # whoever may read the record has it after a millisecond


def watched(hub: Hub, seen: list[bool]) -> Hub:
    """The hub; at each check of a password it is noted whether somebody else could read the record meanwhile."""

    def verify(secret: str, phc: str, pepper: bytes) -> bool:
        reader = threading.Thread(target=hub.store.row, args=("SELECT 1",), daemon=True)
        reader.start()
        reader.join(PATIENCE_S)
        seen.append(not reader.is_alive())
        return verify_secret(secret, phc, pepper)

    return replace(hub, signing_in=replace(hub.signing_in, checker=Checker(PEPPER, verify=verify)))


def test_the_record_is_free_while_an_officer_who_adds_a_key_is_asked_for_the_password(hub: Hub) -> None:
    seen: list[bool] = []
    security = Officer(create_office(watched(hub, seen)))
    security.sign_in("security")
    security.form("/account/", "/account/keys", 409, name="Mine", password=PASSWORD, key="{}", **SECOND)
    assert seen == [True, True, True]  # at sign-in, the officer's own, the colleague's


def test_a_key_that_is_refused_leaves_no_signature_of_a_colleague_behind(hub: Hub) -> None:
    security = Officer(create_office(hub))
    security.sign_in("security")
    page = security.form(
        "/account/", "/account/keys", 409, name="Mine", password=PASSWORD, key="{}", **SECOND
    )
    assert "My account" in page
    assert hub.store.rows("SELECT * FROM countersign") == []
