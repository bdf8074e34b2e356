"""Accounts and a double-entry ledger in cents; the hub is its only writer."""
