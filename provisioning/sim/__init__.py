"""Simulated hardware and the bench that drives it: demos, training and tests use the same ones."""
