from tests.web.browser import chromium, kiosk_page

__all__ = ["chromium", "kiosk_page"]
