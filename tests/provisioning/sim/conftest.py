"""A real browser for the bench."""

from tests.web.browser import chromium, office_page  # noqa: F401 - fixtures
