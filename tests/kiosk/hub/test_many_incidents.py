"""Five hundred incidents that nobody settled: each page still asks the record about each of them once."""

from __future__ import annotations

from kiosk.hub.node import Hub
from tests.kiosk.hub.hub_kit import AMIRA, office


def test_no_page_reads_every_kiosk_anew_for_each_incident(hub: Hub) -> None:
    security = office(hub, "security")

    def looks_at_kiosks(page: str) -> int:
        asked: list[str] = []
        hub.store.db.conn.set_trace_callback(asked.append)
        security.read(page)
        hub.store.db.conn.set_trace_callback(None)
        return sum("FROM kiosk" in one for one in asked)

    pages = ("/", "/account/", "/incidents/")
    few = [looks_at_kiosks(page) for page in pages]
    for number in range(20):
        hub.incidents.open("guessing", "r-amira", "kiosk-a", "badge", f"{AMIRA}{number:02}", failures=10)
    assert [looks_at_kiosks(page) for page in pages] == few
    assert "Kiosk A" in security.read("/")
    assert "Kiosk A" in security.read("/incidents/")
