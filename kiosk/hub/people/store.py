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


@dataclass(frozen=True)
class Credential:
    """A badge or stick and whose it is; exactly one of the two owners is named."""

    kind: str
    uid: str
    resident_id: str
    officer_id: str
    blocked: bool
    changed_by: str
    changed_utc: str


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


def clean_uid(uid: str) -> str:
    """A credential's number as it is kept: readers differ in case and separators."""
    return "".join(letter for letter in uid.upper() if letter.isalnum())


class PeopleStore:
    """Who is who at this site."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock

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

    def _residents(self, rest: str, *values: object) -> list[Resident]:
        rows = self.store.rows(
            f"SELECT resident_id, first_name, language, wing, groups, pin_hash, regime FROM resident {rest}",  # noqa: S608
            values,
        )
        return [Resident(**{**row, "groups": _unlisted(row["groups"])}) for row in rows]

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

    # --- credentials ---

    def put_credential(self, kind: str, uid: str, *, resident_id: str = "", officer_id: str = "") -> None:
        """Give a badge or stick to its owner; one that is known keeps its state."""
        self.store.run(
            "INSERT INTO credential (kind, uid, resident_id, officer_id, changed_utc) VALUES (?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET resident_id = excluded.resident_id, officer_id = excluded.officer_id",
            (kind, clean_uid(uid), resident_id or None, officer_id or None, iso(self._clock.now_utc())),
        )

    def credential(self, kind: str, uid: str) -> Credential | None:
        """A badge or stick by its number, or None."""
        row = self.store.row("SELECT * FROM credential WHERE kind = ? AND uid = ?", (kind, clean_uid(uid)))
        return _credential(row) if row else None

    def credentials_of(self, resident_id: str) -> list[Credential]:
        """Everything a resident carries."""
        rows = self.store.rows(
            "SELECT * FROM credential WHERE resident_id = ? ORDER BY kind, uid", (resident_id,)
        )
        return [_credential(row) for row in rows]

    def working_credentials(self, wings: tuple[str, ...]) -> list[tuple[Credential, Resident]]:
        """Every badge and stick that works, of residents of these wings, with its owner."""
        found = []
        for wing in wings:
            for person in self._residents("WHERE wing = ?", wing):
                found += [(one, person) for one in self.credentials_of(person.resident_id) if not one.blocked]
        return found

    def set_blocked(self, kind: str, uid: str, blocked: bool, by: str) -> bool:
        """Block or unblock a badge or stick; False when it was so already, or there is none."""
        state = "blocked" if blocked else "active"
        changed = self.store.run(
            "UPDATE credential SET state = ?, changed_by = ?, changed_utc = ?"
            " WHERE kind = ? AND uid = ? AND state <> ?",
            (state, by, iso(self._clock.now_utc()), kind, clean_uid(uid), state),
        )
        return changed == 1

    def blocked_residents(self) -> frozenset[str]:
        """Residents who carry something that is blocked."""
        rows = self.store.rows(
            "SELECT DISTINCT resident_id FROM credential WHERE state = 'blocked' AND resident_id IS NOT NULL"
        )
        return frozenset(row["resident_id"] for row in rows)

    # --- kiosks ---

    def put_kiosk(self, one: Kiosk) -> None:
        """Add a kiosk, or bring it up to date."""
        self.store.run(
            "INSERT INTO kiosk (kiosk_id, name, wing, home_of, device_class) VALUES (?,?,?,?,?)"
            " ON CONFLICT DO UPDATE SET name = excluded.name, wing = excluded.wing, home_of = excluded.home_of,"
            " device_class = excluded.device_class",
            (one.kiosk_id, one.name, one.wing, _listed(one.home_of), one.device_class),
        )

    def kiosks(self) -> dict[str, Kiosk]:
        """Every kiosk by its node id."""
        rows = self.store.rows("SELECT * FROM kiosk ORDER BY kiosk_id")
        return {row["kiosk_id"]: Kiosk(**{**row, "home_of": _unlisted(row["home_of"])}) for row in rows}


def _listed(words: tuple[str, ...]) -> str:
    return msgspec.json.encode(words).decode()


def _unlisted(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


def _credential(row: dict[str, str | None]) -> Credential:
    return Credential(
        kind=row["kind"] or "",
        uid=row["uid"] or "",
        resident_id=row["resident_id"] or "",
        officer_id=row["officer_id"] or "",
        blocked=row["state"] == "blocked",
        changed_by=row["changed_by"] or "",
        changed_utc=row["changed_utc"] or "",
    )
