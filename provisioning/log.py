"""Journal lines without personal data: one line an event, words and ids only."""

import logging
import os
import sys

PRIORITY = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}  # syslog(3)


class JournalFormatter(logging.Formatter):
    """``<priority>name: message`` as sd-daemon(3) reads it; plain when a person is looking."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with the priority prefix when the journal reads it."""
        text = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        if "JOURNAL_STREAM" in os.environ:
            return f"<{PRIORITY.get(record.levelname, 6)}>{text}"
        return f"{self.formatTime(record)} {record.levelname.lower()} {text}"


def start_log(level: str = "INFO") -> None:
    """Send this process's log to standard error. Call once, from a process's main."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JournalFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("waitress").setLevel(logging.WARNING)
