"""Journal lines without personal data: one line an event, words and ids only."""

import logging
import os
import sys
import threading

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
    logging.getLogger("fido2").setLevel(logging.WARNING)  # at INFO it writes down who signed with which key


def end_with_any_thread() -> None:
    """From now on a thread that dies of a bug ends the process, so that the service manager starts a whole one.

    Half a process is worse than none: pages would go on promising what no thread delivers.
    """
    threading.excepthook = _end_the_process


def _end_the_process(bug: threading.ExceptHookArgs) -> None:
    what = (bug.exc_type, bug.exc_value or bug.exc_type(), bug.exc_traceback)
    name = bug.thread.name if bug.thread else "?"
    logging.getLogger("passage").critical("thread %s died, ending the process", name, exc_info=what)
    os._exit(os.EX_SOFTWARE)
