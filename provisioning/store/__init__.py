"""Opening SQLite (the only place with pragmas), running migrations, and the outbox and inbox inside a store."""

from provisioning.store.mail import Inbox, Outbox, Waiting
from provisioning.store.opening import Row, Store, open_store, read_store, script

__all__ = ["Inbox", "Outbox", "Row", "Store", "Waiting", "open_store", "read_store", "script"]
