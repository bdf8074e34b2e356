"""Proving who someone is, and one session per person by lease."""
