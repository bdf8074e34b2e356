"""People on disk: residents, officers and their roles, credentials, and the kiosks of each wing."""

from dataclasses import dataclass

import msgspec
from sqlite_utils import Database, Migrations

from kiosk.services.base import OfficerCard
from provisioning.clock import Clock, iso
from provisioning.contracts import ResidentCard, RosterOfficer
from provisioning.store import Store, script

PEOPLE = Migrations("people")


@PEOPLE()
def m001_people(db: Database) -> None:
    """The tables."""
    script(
        db,
        """
        CREATE TABLE resident (
            resident_id TEXT PRIMARY KEY, first_name TEXT NOT NULL, language TEXT NOT NULL, wing TEXT NOT NULL,
            groups TEXT NOT NULL DEFAULT '[]', pin_hash TEXT NOT NULL
        ) STRICT;
        CREATE TABLE officer (
            officer_id TEXT PRIMARY KEY, name TEXT NOT NULL, sign_in_name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            language TEXT NOT NULL, secret_hash TEXT NOT NULL
        ) STRICT;
        CREATE TABLE officer_role (
            officer_id TEXT NOT NULL REFERENCES officer, role TEXT NOT NULL, PRIMARY KEY (officer_id, role)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE credential (
            kind TEXT NOT NULL CHECK (kind IN ('badge', 'stick')), uid TEXT NOT NULL,
            resident_id TEXT REFERENCES resident, officer_id TEXT REFERENCES officer,
            state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'blocked')),
            changed_by TEXT NOT NULL DEFAULT '', changed_utc TEXT NOT NULL,
            PRIMARY KEY (kind, uid), CHECK ((resident_id IS NULL) <> (officer_id IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX credential_resident ON credential (resident_id);
        CREATE TABLE kiosk (
            kiosk_id TEXT PRIMARY KEY, name TEXT NOT NULL, wing TEXT NOT NULL, home_of TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """,
    )


@PEOPLE()
def m002_policy_axes(db: Database) -> None:
    """What policy asks: a resident's regime, a kiosk's class."""
    script(
        db,
        """
        ALTER TABLE resident ADD COLUMN regime TEXT NOT NULL DEFAULT '';
        ALTER TABLE kiosk ADD COLUMN device_class TEXT NOT NULL DEFAULT 'corridor-kiosk';
        """,
    )


@PEOPLE()
def m003_factors(db: Database) -> None:
    """What a person knows: a number or pictures, and a second one that calls for help; kiosks out of service."""
    script(
        db,
        """
        ALTER TABLE resident ADD COLUMN factor TEXT NOT NULL DEFAULT 'pin' CHECK (factor IN ('pin', 'pictures'));
        ALTER TABLE resident ADD COLUMN duress_hash TEXT NOT NULL DEFAULT '';
        ALTER TABLE kiosk ADD COLUMN out_of_service_utc TEXT NOT NULL DEFAULT '';
        """,
    )


@PEOPLE()
def m004_must_choose(db: Database) -> None:
    """Whose code came out of an envelope: the first thing they do with it is to choose an own one."""
    script(db, "ALTER TABLE resident ADD COLUMN must_choose INTEGER NOT NULL DEFAULT 0;")


@dataclass(frozen=True)
class Resident:
    """A resident as the hub keeps one."""

    resident_id: str
    first_name: str
    language: str
    wing: str
    groups: tuple[str, ...]
    pin_hash: str
    regime: str = ""
    factor: str = "pin"  # what the secret is made of: "pin" or "pictures"
    duress_hash: str = ""  # the secret that calls for help while it opens; made with the other one's salt
    must_choose: bool = False  # the code came out of an envelope

    @property
    def card(self) -> ResidentCard:
        """As much of the person as a screen needs."""
        return ResidentCard(
            resident_id=self.resident_id,
            first_name=self.first_name,
            language=self.language,
            wing=self.wing,
        )


@dataclass(frozen=True)
class Kiosk:
    """A kiosk, the wing it stands on, and the wings whose residents may use it without the hub."""

    kiosk_id: str
    name: str
    wing: str
    home_of: tuple[str, ...] = ()
    device_class: str = "corridor-kiosk"
    out_of_service_utc: str = ""


def clean_uid(uid: str) -> str:
    """A credential's number as it is kept: readers differ in case and separators."""
    return "".join(letter for letter in uid.upper() if letter.isalnum())


class PeopleStore:
    """Who is who at this site."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    # --- residents ---

    def put_resident(self, one: Resident) -> None:
        """Add a resident, or bring name, language, wing, groups, PIN and regime up to date."""
        self.store.run(
            "INSERT INTO resident (resident_id, first_name, language, wing, groups, pin_hash, regime)"
            " VALUES (?,?,?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET first_name = excluded.first_name, language = excluded.language,"
            " wing = excluded.wing, groups = excluded.groups, pin_hash = excluded.pin_hash,"
            " regime = excluded.regime",
            (
                one.resident_id,
                one.first_name,
                one.language,
                one.wing,
                _listed(one.groups),
                one.pin_hash,
                one.regime,
            ),
        )

    def place_resident(self, resident_id: str, regime: str, groups: tuple[str, ...]) -> bool:
        """Give a resident a regime and groups; False when they are so already."""
        changed = self.store.run(
            "UPDATE resident SET regime = ?, groups = ? WHERE resident_id = ? AND (regime <> ? OR groups <> ?)",
            (regime, _listed(groups), resident_id, regime, _listed(groups)),
        )
        return changed == 1

    def set_secret(
        self, resident_id: str, factor: str, pin_hash: str, duress_hash: str, must_choose: bool = False
    ) -> None:
        """What a person knows from now on; an empty ``duress_hash`` means that none calls for help."""
        self.store.run(
            "UPDATE resident SET factor = ?, pin_hash = ?, duress_hash = ?, must_choose = ? WHERE resident_id = ?",
            (factor, pin_hash, duress_hash, int(must_choose), resident_id),
        )

    def axes(self) -> tuple[frozenset[str], frozenset[str]]:
        """Every regime and every group that somebody has."""
        rows = self.store.rows("SELECT DISTINCT regime, groups FROM resident")
        groups = frozenset(group for row in rows for group in _unlisted(row["groups"]))
        return frozenset(row["regime"] for row in rows if row["regime"]), groups

    def resident(self, resident_id: str) -> Resident | None:
        """One resident, or None."""
        found = self._residents("WHERE resident_id = ?", resident_id)
        return found[0] if found else None

    def find_residents(self, words: str = "", wing: str = "", limit: int = 200) -> list[Resident]:
        """Residents by part of a first name or id, and by wing; by wing and name."""
        like = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        return self._residents(
            "WHERE (first_name LIKE ? ESCAPE '\\' OR resident_id LIKE ? ESCAPE '\\')"
            " AND (? = '' OR wing = ?) ORDER BY wing, first_name, resident_id LIMIT ?",
            like,
            like,
            wing,
            wing,
            limit,
        )

    def of_wing(self, wing: str) -> list[Resident]:
        """Everyone of a wing."""
        return self._residents("WHERE wing = ?", wing)

    def _residents(self, rest: str, *values: object) -> list[Resident]:
        rows = self.store.rows(
            f"SELECT * FROM resident {rest}",  # noqa: S608
            values,
        )
        return [
            Resident(**{**row, "groups": _unlisted(row["groups"]), "must_choose": bool(row["must_choose"])})
            for row in rows
        ]

    # --- officers ---

    def put_officer(self, card: OfficerCard, sign_in_name: str, secret_hash: str) -> None:
        """Add an officer, or bring name, roles, language and password up to date."""
        with self.store.atomic():
            self.store.run(
                "INSERT INTO officer (officer_id, name, sign_in_name, language, secret_hash) VALUES (?,?,?,?,?)"
                " ON CONFLICT (officer_id) DO UPDATE SET name = excluded.name, sign_in_name = excluded.sign_in_name,"
                " language = excluded.language, secret_hash = excluded.secret_hash",
                (card.officer_id, card.name, sign_in_name, card.language, secret_hash),
            )
            self.store.run("DELETE FROM officer_role WHERE officer_id = ?", (card.officer_id,))
            for role in sorted(card.roles):
                self.store.run("INSERT INTO officer_role VALUES (?,?)", (card.officer_id, role))

    def officer(self, officer_id: str) -> OfficerCard | None:
        """One officer, or None."""
        row = self.store.row("SELECT * FROM officer WHERE officer_id = ?", (officer_id,))
        if row is None:
            return None
        roles = self.store.rows("SELECT role FROM officer_role WHERE officer_id = ?", (officer_id,))
        return OfficerCard(officer_id, row["name"], row["language"], frozenset(r["role"] for r in roles))

    def officer_secret(self, sign_in_name: str) -> tuple[str, str] | None:
        """The officer id and password hash behind a sign-in name, or None."""
        row = self.store.row(
            "SELECT officer_id, secret_hash FROM officer WHERE sign_in_name = ?", (sign_in_name,)
        )
        return (row["officer_id"], row["secret_hash"]) if row else None

    def secret_of(self, officer_id: str) -> str:
        """The password hash of an officer; empty when there is no such officer."""
        row = self.store.row("SELECT secret_hash FROM officer WHERE officer_id = ?", (officer_id,))
        return row["secret_hash"] if row else ""

    def roster(self) -> tuple[RosterOfficer, ...]:
        """Every officer as a farm node needs to know one, by id."""
        rows = self.store.rows(
            "SELECT o.*, coalesce((SELECT uid FROM credential c WHERE c.officer_id = o.officer_id"
            " AND c.kind = 'badge' AND c.state = 'active' ORDER BY uid LIMIT 1), '') AS badge_uid"
            " FROM officer o ORDER BY officer_id"
        )
        return tuple(self._on_roster(row) for row in rows)

    def _on_roster(self, row: dict[str, str]) -> RosterOfficer:
        card = self.officer(row["officer_id"])
        assert card is not None
        return RosterOfficer(
            officer_id=card.officer_id,
            name=card.name,
            sign_in_name=row["sign_in_name"],
            roles=tuple(sorted(card.roles)),
            secret_hash=row["secret_hash"],
            badge_uid=row["badge_uid"],
            language=card.language,
        )

    # --- kiosks ---

    def put_kiosk(self, one: Kiosk) -> None:
        """Add a kiosk, or bring it up to date."""
        self.store.run(
            "INSERT INTO kiosk (kiosk_id, name, wing, home_of, device_class) VALUES (?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, wing = excluded.wing, home_of = excluded.home_of,"
            " device_class = excluded.device_class",
            (one.kiosk_id, one.name, one.wing, _listed(one.home_of), one.device_class),
        )

    def is_out_of_service(self, kiosk_id: str) -> bool:
        """Whether an officer has looked and said that this kiosk lets nobody in until it is back."""
        row = self.store.row("SELECT out_of_service_utc FROM kiosk WHERE kiosk_id = ?", (kiosk_id,))
        return bool(row and row["out_of_service_utc"])

    def set_out_of_service(self, kiosk_id: str, is_out: bool) -> bool:
        """Put a kiosk out of service or back; False when it was so already, or there is none."""
        changed = self.store.run(
            "UPDATE kiosk SET out_of_service_utc = ? WHERE kiosk_id = ? AND (out_of_service_utc = '') = ?",
            (iso(self.clock.now_utc()) if is_out else "", kiosk_id, int(is_out)),
        )
        return changed == 1

    def home_of(self, wing: str) -> str:
        """The one kiosk where a wing's residents may sign in without the hub; empty when there is none.

        One, because two kiosks that hear neither the hub nor each other could let the same person in twice.
        """
        row = self.store.row(
            "SELECT kiosk_id FROM kiosk, json_each(kiosk.home_of) WHERE json_each.value = ? ORDER BY kiosk_id LIMIT 1",
            (wing,),
        )
        return row["kiosk_id"] if row else ""

    def kiosk(self, kiosk_id: str) -> Kiosk | None:
        """One kiosk, or None."""
        row = self.store.row("SELECT * FROM kiosk WHERE kiosk_id = ?", (kiosk_id,))
        return Kiosk(**{**row, "home_of": _unlisted(row["home_of"])}) if row else None

    def kiosks(self) -> dict[str, Kiosk]:
        """Every kiosk by its node id."""
        rows = self.store.rows("SELECT * FROM kiosk ORDER BY kiosk_id")
        return {row["kiosk_id"]: Kiosk(**{**row, "home_of": _unlisted(row["home_of"])}) for row in rows}


def _listed(words: tuple[str, ...]) -> str:
    return msgspec.json.encode(words).decode()


def _unlisted(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
