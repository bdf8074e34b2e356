"""Sticks: which device is one, the locked-down child that touches it, and when it is plugged and pulled."""
