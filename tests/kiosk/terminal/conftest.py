"""Chromium for the kiosk's screens."""

from tests.web.browser import chromium, kiosk_page

__all__ = ["chromium", "kiosk_page"]
