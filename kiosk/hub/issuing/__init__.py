"""Giving out badges, sticks and security keys: ordered by one officer, signed by another, made at a kiosk."""
