"""What the demo's people carry besides their badges: sticks and security keys, as files, made when first taken out."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from provisioning.clock import SystemClock, iso
from provisioning.config import load_node
from provisioning.identity import NodeKey
from provisioning.identity.stick import (
    StickHeader,
    Ticket,
    blind_holder,
    holder_key,
    sign_header,
    sign_ticket,
)
from provisioning.readers.stick.places import HEADER_AT, HEADER_MAGIC
from provisioning.sim.demo_site import DemoSite
from provisioning.sim.people import KEY_HOLDERS
from provisioning.sim.stick import clone, issue, make_blank, make_foreign

FIRST_COUNTER = 1  # the hub's record of a stick that people import brings in (kiosk/hub/credentials/store.py)
BLANK = "blank-"
Kind = Literal["own", "copy", "blank", "made", "shop", "empty"]
BLANK_BADGES = ("04C0000001", "04C0000002", "04C0000003")  # cards out of the box, on no list of the hub


@dataclass(frozen=True)
class Thing:
    """A stick or a key in the drawer: its name there, whose it is or was, and what kind of thing it is.

    ``made``: it was blank and a kiosk or office has made it somebody's since. ``empty``: a key that lies ready for
    somebody and holds nothing yet.
    """

    name: str
    whose: str = ""
    kind: Kind = "own"
    number: int = 0


class Drawer:
    """The demo's sticks and keys by name. Every file lies under ``carried/`` in the demo's folder and stays there."""

    def __init__(self, site: DemoSite) -> None:
        self._site = site
        self._folder = site.base / "carried"
        people = json.loads((site.base / "people.json").read_text())
        self._residents = {one["stick_uid"]: one for one in people["residents"]}

    def sticks(self) -> list[Thing]:
        """Everybody's stick, every copy that was made, those that were blank, a blank one and one from a shop."""
        own = [Thing(uid, one["first_name"]) for uid, one in self._residents.items()]
        return [*own, *self._copies(), *self._blanks(), Thing("shop", kind="shop")]

    def security_keys(self) -> list[Thing]:
        """The security keys of the few who have one, and one of nobody yet."""
        own = [one for one in self._residents.values() if one["resident_id"] in KEY_HOLDERS]
        return [
            *(
                Thing(one["resident_id"], one["first_name"], self._key_kind(one["resident_id"]))
                for one in own
            ),
            Thing("new-key", kind="blank"),
        ]

    def stick(self, name: str) -> Path:
        """A stick's image; a resident's is signed by the demo's hub when it is first asked for.

        Raises:
            KeyError: there is no such stick.
        """
        if name not in {one.name for one in self.sticks()}:
            raise KeyError(name)
        image = self._made(f"stick-{name}.img")
        if not image.exists():
            coming = image.with_suffix(".coming")
            if name == "shop":
                make_foreign(coming)
            elif name.startswith(BLANK):
                make_blank(coming)
            else:
                self._issue(name, coming)
            coming.replace(image)
        return image

    def key(self, name: str) -> Path:
        """The file of a security key; the key itself makes it when it is first plugged in.

        Raises:
            KeyError: there is no such key.
        """
        if name not in {one.name for one in self.security_keys()}:
            raise KeyError(name)
        return self._made(f"key-{name}.json")

    def copy(self, name: str) -> str:
        """Make a copy of a stick as it is now, byte by byte; the copy's name.

        Raises:
            KeyError: there is no such stick.
        """
        image = self.stick(name)
        origin = name.split("-copy-", maxsplit=1)[0]
        number = 1 + sum(one.name.startswith(f"{origin}-copy-") for one in self._copies())
        copy = f"{origin}-copy-{number}"
        clone(image, self._made(f"stick-{copy}.img"))
        return copy

    def stick_of(self, image: str) -> Thing | None:
        """Which stick an image is."""
        return next((one for one in self.sticks() if f"stick-{one.name}.img" == Path(image).name), None)

    def key_of(self, file: str) -> Thing | None:
        """Which key a file is."""
        return next((one for one in self.security_keys() if f"key-{one.name}.json" == Path(file).name), None)

    def _key_kind(self, name: str) -> Kind:
        """A key has a code from the moment in which it is made somebody's."""
        file = self._folder / f"key-{name}.json"
        return "own" if file.exists() and json.loads(file.read_text())["pin_hash"] else "empty"

    def _copies(self) -> list[Thing]:
        found = []
        for image in sorted(self._folder.glob("stick-*-copy-*.img")):
            origin, _, number = image.stem.removeprefix("stick-").rpartition("-copy-")
            whose = self._residents.get(origin, {}).get("first_name", origin)
            found.append(Thing(f"{origin}-copy-{number}", whose, "copy", int(number)))
        return found

    def _blanks(self) -> list[Thing]:
        """Sticks that came out of their bag as blanks; the last of them still is one."""
        found: list[Thing] = []
        while not found or found[-1].kind == "made":
            number = len(found) + 1
            image = self._folder / f"stick-{BLANK}{number}.img"
            found.append(
                Thing(f"{BLANK}{number}", kind="made" if _is_ours(image) else "blank", number=number)
            )
        return found

    def _made(self, name: str) -> Path:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        return self._folder / name

    def _issue(self, uid: str, image: Path) -> None:
        node = load_node(self._site.nodes["hub"].config)
        hub, now, site_id = NodeKey.load(node), iso(SystemClock().now_utc()), node.site.site_id
        pepper = (self._site.nodes["hub"].folder / "credentials" / "pepper").read_bytes()
        holder = blind_holder(self._residents[uid]["resident_id"], holder_key(pepper))
        header = StickHeader(site_id=site_id, stick_id=uid, holder=holder, issued_utc=now)
        ticket = Ticket(
            site_id=site_id,
            stick_id=uid,
            holder=holder,
            counter=FIRST_COUNTER,
            at_utc=now,
            nonce=secrets.token_hex(16),
        )
        issue(image, sign_header(header, hub), sign_ticket(ticket, hub))


def _is_ours(image: Path) -> bool:
    if not image.exists():
        return False
    with image.open("rb") as file:
        file.seek(HEADER_AT)
        return file.read(len(HEADER_MAGIC)) == HEADER_MAGIC
