"""Opening SQLite (the only place with pragmas), running migrations, and the outbox and inbox inside a store."""

from provisioning.store.mail import Inbox, Outbox, Waiting
from provisioning.store.opening import Store, open_store

__all__ = ["Inbox", "Outbox", "Store", "Waiting", "open_store"]
