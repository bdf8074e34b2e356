"""What every response carries (who may frame, script, cache it), and its line in the journal."""

import logging
import time

from flask import Flask, Response, g, request

from provisioning.web.shell import shell_of

_log = logging.getLogger("passage.access")

# No inline script or style anywhere: what is not a file of ours does not run (CSP level 3).
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), serial=(), payment=()",
}


def _is_asset() -> bool:
    return request.endpoint is not None and request.endpoint.rpartition(".")[2] == "static"


def add_headers(response: Response) -> Response:
    """Protect the page; keep everything but assets out of every cache: the next person uses the same screen."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if _is_asset() and response.status_code == 200:
        lasting = "public, max-age=31536000, immutable" if "v" in request.args else "no-cache"
        response.headers["Cache-Control"] = lasting
    elif not _is_asset():
        response.headers["Cache-Control"] = "no-store"
    return response


def write_access_line(response: Response) -> Response:
    """Method, route pattern, status, milliseconds: never the path, which may hold a person's id."""
    took_ms = (time.perf_counter() - g.get("started_s", time.perf_counter())) * 1000
    quiet = response.status_code < 400 and request.endpoint in shell_of().quiet
    level = logging.DEBUG if quiet else logging.INFO
    _log.log(
        level, "%s %s %d %.1f ms", request.method, request.url_rule or "-", response.status_code, took_ms
    )
    return response


def _start_timer() -> None:
    g.started_s = time.perf_counter()


def install_headers(app: Flask) -> None:
    """Measure, protect and log every answer of ``app``."""
    app.before_request(_start_timer)
    app.after_request(write_access_line)
    app.after_request(add_headers)
