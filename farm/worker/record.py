"""The run that a worker must answer for: kept in memory and on the card, told to the desk until it knows the end."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from farm.run import Stand
from farm.words import ENDED, Known, RunReport, RunWord, Word
from farm.worker.journal import JournalEntry, RunJournal

RESEND_S = 2.0  # an ended run is told again until the desk knows


class RunRecord:
    """One run or none. A medium that fails must not end a run that the desk can be told of: memory holds it."""

    def __init__(
        self,
        journal: RunJournal,
        monotonic_s: Callable[[], float],
        say: Callable[[Word], None],
        log: Callable[[str], None],
    ) -> None:
        self._journal, self._now, self._say, self._log = journal, monotonic_s, say, log
        self.entry = journal.read()
        self.has_failed = False  # the journal did not take the last entry
        self._said_s = 0.0

    @property
    def unfinished(self) -> JournalEntry | None:
        """The run of before this process, when it did not end."""
        return None if self.entry is None or self.entry.is_ended else self.entry

    def end(self, state: RunWord, reason: str | None) -> None:
        """The run is over."""
        assert self.entry is not None, "no run to end"
        self.keep(msgspec.structs.replace(self.entry, state=state, reason=reason))

    def note(self, stand: Stand) -> None:
        """Remember how the run stands; the desk need not know."""
        if self.entry is not None and self.entry.stand != stand:
            self.entry = msgspec.structs.replace(self.entry, stand=stand)
            self.write(self.entry)

    def keep(self, entry: JournalEntry) -> None:
        """Remember, and tell the desk."""
        self.entry = entry
        self.write(entry)
        self.say()
        self._log(f"run {entry.run} {entry.state} {entry.reason or ''}".rstrip())

    def write(self, entry: JournalEntry | None) -> bool:
        """Put an entry on the card, or take it off; false when the medium does not take it."""
        try:
            self._journal.write(entry) if entry is not None else self._journal.forget()
        except OSError as error:
            self._log(f"the journal cannot be written: {error}")
            self.has_failed = True
            return False
        self.has_failed = self.has_failed and entry is None  # taking a file away proves no room for one
        return True

    def try_again(self) -> None:
        """After a failure: find out whether the medium takes files again."""
        if not self.has_failed:
            return
        try:
            self._journal.write(self.entry) if self.entry is not None else self._journal.probe()
        except OSError:
            return
        self.has_failed = False

    def forget(self, known: Known) -> None:
        """The desk knows how a run ended; an older word changes nothing."""
        entry = self.entry
        if (
            entry is not None
            and (entry.run, entry.state) == (known.run, known.state)
            and known.state in ENDED
        ):
            self.entry = None
            self.write(None)

    def say(self) -> None:
        """Tell the desk how the run stands."""
        if self.entry is not None:
            self._said_s = self._now()
            self._say(RunReport(run=self.entry.run, state=self.entry.state, reason=self.entry.reason))

    def say_again(self, now_s: float) -> None:
        """Tell an end again when it is time."""
        if self.entry is not None and self.entry.is_ended and now_s - self._said_s >= RESEND_S:
            self.say()
