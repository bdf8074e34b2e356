"""Sessions, failed attempts and officers' desk sessions on disk; the database allows one open session per person."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlite_utils import Database, Migrations

from kiosk.hub.sessions.given import GivenPasses
from kiosk.hub.sessions.rules import OpenSession
from kiosk.services.base import SessionFact
from provisioning.clock import Clock, iso, parse_iso
from provisioning.identity.attempts import Attempts
from provisioning.ids import new_key
from provisioning.store import Row, Store, script

SESSIONS = Migrations("sessions")
LONGEST_LEASE = timedelta(minutes=15)  # provisioning.config.Site.lease_s allows no more (S04)
FORGET_ATTEMPTS = timedelta(days=1)  # longer than any pause: what was quiet for a day is forgotten


@SESSIONS()
def m001_sessions(db: Database) -> None:
    """The tables."""
    script(
        db,
        """
        CREATE TABLE session (
            session_id TEXT PRIMARY KEY, resident_id TEXT NOT NULL REFERENCES resident, kiosk_id TEXT NOT NULL,
            begun_utc TEXT NOT NULL, until_utc TEXT NOT NULL, ended_utc TEXT, why TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE UNIQUE INDEX one_session_per_person ON session (resident_id) WHERE ended_utc IS NULL;
        CREATE UNIQUE INDEX one_person_per_kiosk ON session (kiosk_id) WHERE ended_utc IS NULL;
        CREATE INDEX session_of ON session (resident_id, begun_utc);
        CREATE TABLE attempt (
            subject TEXT PRIMARY KEY, failures INTEGER NOT NULL, pauses INTEGER NOT NULL, locked_until_utc TEXT,
            at_utc TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE desk_session (
            desk_session_id TEXT PRIMARY KEY, officer_id TEXT NOT NULL REFERENCES officer,
            begun_utc TEXT NOT NULL, seen_utc TEXT NOT NULL, ended_utc TEXT
        ) STRICT;
        """,
    )


@SESSIONS()
def m002_proof(db: Database) -> None:
    """How strong the proof was that a session began with."""
    script(db, "ALTER TABLE session ADD COLUMN level INTEGER NOT NULL DEFAULT 0;")


@SESSIONS()
def m003_ending(db: Database) -> None:
    """A session that shall end and has not said so yet; one whose orders wait for an officer."""
    script(
        db,
        """
        ALTER TABLE session ADD COLUMN ending TEXT NOT NULL DEFAULT '';
        ALTER TABLE session ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE session ADD COLUMN gives_pass INTEGER NOT NULL DEFAULT 0;
        """,
    )


@SESSIONS()
def m004_failures(db: Database) -> None:
    """When somebody failed, at whichever kiosk: the site's own limit counts them."""
    script(
        db,
        """
        CREATE TABLE failure (failure_id INTEGER PRIMARY KEY AUTOINCREMENT, at_utc TEXT NOT NULL) STRICT;
        CREATE INDEX failure_at ON failure (at_utc);
        """,
    )


class SessionStore:
    """Who is where, and who failed how often.

    Leases that this process gave are counted by the clock that does not jump, as their kiosks count them.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self._start_s = clock.monotonic_s()
        self._runs_until_s: dict[str, float] = {}  # session id -> second of the monotonic clock
        self._given = GivenPasses()

    # --- residents' sessions ---

    def open_ones(self, resident_id: str, kiosk_id: str) -> list[OpenSession]:
        """The open sessions of this person or at this kiosk: at most two."""
        rows = self.store.rows(
            "SELECT session_id, resident_id, kiosk_id, until_utc, ending FROM session"
            " WHERE ended_utc IS NULL AND (resident_id = ? OR kiosk_id = ?)",
            (resident_id, kiosk_id),
        )
        return [replace(one, until=self._runs_until(one)) for one in map(_open, rows)]

    def _runs_until(self, one: OpenSession) -> datetime:
        """When its lease is over, by the wall clock as it stands now, however that one jumped meanwhile."""
        now, now_s = self._clock.now_utc(), self._clock.monotonic_s()
        longest_s = self._start_s + LONGEST_LEASE.total_seconds() - now_s
        given_before = now + min(one.until - now, timedelta(seconds=longest_s))
        until_s = self._runs_until_s.get(one.session_id)
        return given_before if until_s is None else now + timedelta(seconds=until_s - now_s)

    def _count(self, session_id: str, until: datetime) -> float:
        """Count a lease from now; the second at which it is over."""
        now_s, lasts = self._clock.monotonic_s(), until - self._clock.now_utc()
        over_s = now_s - LONGEST_LEASE.total_seconds()
        self._runs_until_s = {one: at_s for one, at_s in self._runs_until_s.items() if at_s > over_s}
        until_s = self._runs_until_s[session_id] = now_s + min(lasts, LONGEST_LEASE).total_seconds()
        return until_s

    def of_resident(self, resident_id: str) -> list[OpenSession]:
        """The person's session that has not ended: at most one."""
        return [one for one in self.open_ones(resident_id, "") if one.resident_id == resident_id]

    def all_open(self) -> list[SessionFact]:
        """Every open session whose lease still runs, oldest first."""
        rows = self.store.rows(
            "SELECT * FROM session WHERE ended_utc IS NULL AND until_utc > ? ORDER BY begun_utc",
            (iso(self._clock.now_utc()),),
        )
        return [_fact(row) for row in rows]

    def elsewhere(self, kiosk_id: str) -> frozenset[str]:
        """Residents whose session at any other kiosk has not ended."""
        rows = self.store.rows(
            "SELECT resident_id FROM session WHERE ended_utc IS NULL AND kiosk_id <> ?", (kiosk_id,)
        )
        return frozenset(row["resident_id"] for row in rows)

    def pass_places(self, resident_id: str, life: timedelta, stay: timedelta) -> frozenset[str]:
        """Kiosks that may hold a pass of this resident, or let them stay by its own word.

        A lease that gave a pass began there within ``life``, or ran on within ``stay``; by whichever clock.
        """
        now = self._clock.now_utc()
        rows = self.store.rows(
            "SELECT DISTINCT kiosk_id FROM session WHERE resident_id = ? AND gives_pass = 1"
            " AND (begun_utc >= ? OR until_utc >= ?)",
            (resident_id, iso(now - life), iso(now - stay)),
        )
        given = self._given.places(resident_id, self._clock.monotonic_s(), life, stay)
        return frozenset(row["kiosk_id"] for row in rows) | given

    def begin(
        self,
        resident_id: str,
        kiosk_id: str,
        until: datetime,
        level: int,
        *,
        held: bool = False,
        gives_pass: bool = False,
    ) -> str:
        """A new open session; its id. The database refuses a second one of the same person or kiosk."""
        session_id = new_key()
        self.store.run(
            "INSERT INTO session (session_id, resident_id, kiosk_id, begun_utc, until_utc, level, held, gives_pass)"
            " VALUES (?,?,?,?,?,?,?,?)",
            (
                session_id,
                resident_id,
                kiosk_id,
                iso(self._clock.now_utc()),
                iso(until),
                level,
                int(held),
                int(gives_pass),
            ),
        )
        now_s, until_s = self._clock.monotonic_s(), self._count(session_id, until)
        if gives_pass:
            self._given.began(resident_id, kiosk_id, now_s, until_s)
        return session_id

    def extend(self, session_id: str, until: datetime) -> None:
        """Let an open session's lease run until then."""
        self.store.run(
            "UPDATE session SET until_utc = ? WHERE session_id = ? AND ended_utc IS NULL",
            (iso(until), session_id),
        )
        until_s, fact = self._count(session_id, until), self.fact(session_id)
        if fact is not None and fact.gives_pass:
            self._given.goes_on(fact.resident_id, fact.kiosk_id, until_s)

    def let_end(self, session_id: str, why: str) -> bool:
        """A session shall end: its kiosk hears it with its next question; False when that was said before."""
        changed = self.store.run(
            "UPDATE session SET ending = ? WHERE session_id = ? AND ended_utc IS NULL AND ending = ''",
            (why, session_id),
        )
        return changed == 1

    def why_ending(self, session_id: str) -> str:
        """Why an open session shall end; empty when it may go on."""
        row = self.store.row("SELECT ending FROM session WHERE session_id = ?", (session_id,))
        return row["ending"] if row else ""

    def end(self, session_id: str, why: str) -> bool:
        """Close a session: it is certainly over; False when it was closed before or never was."""
        changed = self.store.run(
            "UPDATE session SET ended_utc = ?, why = ? WHERE session_id = ? AND ended_utc IS NULL",
            (iso(self._clock.now_utc()), why, session_id),
        )
        return changed == 1

    def fact(self, session_id: str) -> SessionFact | None:
        """A session, running or over."""
        row = self.store.row("SELECT * FROM session WHERE session_id = ?", (session_id,))
        return _fact(row) if row else None

    def why_ended(self, session_id: str) -> str:
        """Why a session was closed; empty while it is open."""
        row = self.store.row("SELECT why FROM session WHERE session_id = ?", (session_id,))
        return row["why"] if row else ""

    def latest_of(self, resident_id: str, limit: int = 10) -> list[SessionFact]:
        """A person's newest sessions, newest first."""
        rows = self.store.rows(
            "SELECT * FROM session WHERE resident_id = ? ORDER BY begun_utc DESC LIMIT ?",
            (resident_id, limit),
        )
        return [_fact(row) for row in rows]

    # --- attempts ---

    def attempts(self, subject: str) -> Attempts:
        """What is remembered about failures of ``subject``."""
        row = self.store.row("SELECT * FROM attempt WHERE subject = ?", (subject,))
        if row is None:
            return Attempts()
        until = row["locked_until_utc"]
        return Attempts(row["failures"], row["pauses"], parse_iso(until) if until else None)

    def keep_attempts(self, subject: str, attempts: Attempts) -> None:
        """Remember; nothing to remember forgets."""
        with self.store.atomic():
            if attempts == Attempts():
                self.store.run("DELETE FROM attempt WHERE subject = ?", (subject,))
                return
            now = self._clock.now_utc()
            until = iso(attempts.locked_until) if attempts.locked_until else None
            self.store.run(
                "INSERT OR REPLACE INTO attempt (subject, failures, pauses, locked_until_utc, at_utc)"
                " VALUES (?,?,?,?,?)",
                (subject, attempts.failures, attempts.pauses, until, iso(now)),
            )

    def note_failure(self, window: timedelta) -> tuple[int, int]:
        """One more failure at this site: its number, and how many there were within ``window``, this one included.

        What is too old to be remembered is forgotten.
        """
        now = self._clock.now_utc()
        self.store.run("DELETE FROM attempt WHERE at_utc < ?", (iso(now - FORGET_ATTEMPTS),))
        self.store.run("DELETE FROM failure WHERE at_utc < ? OR at_utc > ?", (iso(now - window), iso(now)))
        self.store.run("INSERT INTO failure (at_utc) VALUES (?)", (iso(now),))
        row = self.store.row(
            "SELECT last_insert_rowid() AS number, (SELECT count(*) FROM failure) AS together"
        )
        assert row is not None
        return row["number"], row["together"]

    def failures(self, window: timedelta) -> int:
        """How many failures this site saw within ``window``."""
        since_utc = iso(self._clock.now_utc() - window)
        row = self.store.row("SELECT count(*) AS n FROM failure WHERE at_utc >= ?", (since_utc,))
        return int(row["n"]) if row else 0

    def unnote_failure(self, number: int) -> None:
        """That was none."""
        self.store.run("DELETE FROM failure WHERE failure_id = ?", (number,))

    def hold(self, session_id: str) -> bool:
        """What is ordered in this session waits from now on; False when it did already."""
        return (
            self.store.run("UPDATE session SET held = 1 WHERE session_id = ? AND held = 0", (session_id,))
            == 1
        )

    # --- officers' desk sessions ---

    def begin_desk(self, officer_id: str) -> str:
        """A new desk session of an officer; its id."""
        key, now = new_key(), iso(self._clock.now_utc())
        self.store.run("INSERT INTO desk_session VALUES (?,?,?,?,NULL)", (key, officer_id, now, now))
        return key

    def desk(self, desk_session_id: str) -> tuple[str, datetime, datetime] | None:
        """Officer id, beginning and last use of a desk session that was not closed."""
        row = self.store.row(
            "SELECT * FROM desk_session WHERE desk_session_id = ? AND ended_utc IS NULL", (desk_session_id,)
        )
        return (row["officer_id"], parse_iso(row["begun_utc"]), parse_iso(row["seen_utc"])) if row else None

    def end_desk(self, desk_session_id: str) -> None:
        """Close a desk session."""
        self.store.run(
            "UPDATE desk_session SET ended_utc = ? WHERE desk_session_id = ? AND ended_utc IS NULL",
            (iso(self._clock.now_utc()), desk_session_id),
        )


def _open(row: dict[str, str]) -> OpenSession:
    return OpenSession(
        row["session_id"], row["resident_id"], row["kiosk_id"], parse_iso(row["until_utc"]), row["ending"]
    )


def _fact(row: Row) -> SessionFact:
    return SessionFact(
        session_id=row["session_id"] or "",
        resident_id=row["resident_id"] or "",
        kiosk_id=row["kiosk_id"] or "",
        begun_utc=row["begun_utc"] or "",
        until_utc=row["until_utc"] or "",
        ended_utc=row["ended_utc"] or "",
        level=row["level"],
        is_held=bool(row["held"]),
        gives_pass=bool(row["gives_pass"]),
        ending=row["ending"] or "",
    )
