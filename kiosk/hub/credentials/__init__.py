"""Badges, sticks and security keys: who carries what, what still works, and how it is given out."""
