"""What ``passage-hub`` does besides serving: importing people and notices, verifying the audit trail."""

import re
from pathlib import Path

from kiosk.hub.node import STORE_FILE, hub_section, open_hub_store
from kiosk.hub.people.importing import Importer, PeopleFile, read_file
from kiosk.hub.people.store import PeopleStore
from kiosk.money.store import Ledger
from kiosk.services import hub_services
from kiosk.services.notices.service import import_notices
from provisioning.audit import Trail
from provisioning.audit.trail import read_trail, verify_trail
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.errors import Refused
from provisioning.identity import NodeKey


class HeadUnreadable(Refused):
    """``--head`` is not ``SEQ:DIGEST``."""

    code = "head_unreadable"


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


def verify_audit(config: Path, head: str) -> tuple[str, bool]:
    """What verifying this hub's trail found, in words, and whether the trail is whole."""
    node = load_node(config)
    hub_section(node)
    path = node.state_dir / STORE_FILE
    flaw = verify_trail(path, node.node_id, NodeKey.load(node).key.public_key(), _head(head))
    if flaw is not None:
        return f"Record {flaw.seq} is the first bad one: {MEANING[flaw.what]}.", False
    count, last = 0, "0" * 64
    for record in read_trail(path):
        count, last = record.seq, record.digest
    return f"{count} records, all whole. Head {count}:{last}", True


MEANING = {
    "gap": "a record is missing or was put in",
    "previous": "it does not follow the one before it",
    "digest": "its words were changed",
    "signature": "this hub did not sign it",
    "node": "it belongs to another node",
    "end": "the trail ends before the head that was given",
}


def _head(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", text)
    if found is None:
        raise HeadUnreadable(head=text)
    return int(found[1]), found[2]
