"""What ``passage-hub`` does besides serving: importing people and notices."""

from pathlib import Path

from kiosk.hub.node import open_hub_store
from kiosk.hub.people.importing import Importer, PeopleFile, read_file
from kiosk.hub.people.store import PeopleStore
from kiosk.money.store import Ledger
from kiosk.services import hub_services
from kiosk.services.notices.service import import_notices
from provisioning.audit import Trail
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.identity import NodeKey


def import_people(config: Path, file: Path) -> str:
    """Bring in a people file; what was done, in words. Raises what ``read_file`` and ``open_hub_store`` raise."""
    node, clock = load_node(config), SystemClock()
    people_file = read_file(file, PeopleFile)
    store = open_hub_store(node, hub_services())
    try:
        importer = Importer(PeopleStore(store, clock), Ledger(store, clock), node.credential("pepper"))
        residents, officers = len(people_file.residents), len(people_file.officers)
        with store.atomic():
            importer.write(people_file)
            trail = Trail(store, NodeKey.load(node), clock)
            trail.record(node.node_id, "people_imported", file.name, residents=residents, officers=officers)
    finally:
        store.close()
    return f"{residents} residents and {officers} officers are in."


def import_notice_file(config: Path, file: Path) -> str:
    """Bring in a notices file; what was done, in words."""
    node, clock = load_node(config), SystemClock()
    store = open_hub_store(node, hub_services())
    try:
        new = import_notices(file, store, clock, node.site.languages, node.node_id)
    finally:
        store.close()
    return f"{new} new notices are in."
