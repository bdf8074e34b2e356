"""``create_app``: one Flask app with the shared looks, languages, forms, errors and debug pages."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Blueprint, Flask, Response, jsonify, make_response
from flask.sessions import SecureCookieSessionInterface
from jinja2 import ChoiceLoader, FileSystemLoader

from provisioning.clock import Clock
from provisioning.web.components import Unknown, install_components
from provisioning.web.failures import install_failures
from provisioning.web.formats import install_formats
from provisioning.web.forms import install_forms
from provisioning.web.headers import install_headers
from provisioning.web.locale import LANGUAGES, install_locale
from provisioning.web.patterns import patterns_page, sample_chart
from provisioning.web.shell import Shell, Ui, shell_of

HERE = Path(__file__).parent
MEBIBYTE = 1024 * 1024


class _Sessions(SecureCookieSessionInterface):
    """The signed session cookie, with SHA-256 in place of Flask's SHA-1."""

    digest_method = staticmethod(hashlib.sha256)
    salt = "passage-session"


def health() -> Response:
    """Every registered check by name; 503 when one does not hold."""
    shell = shell_of()
    results = {name: check() is True for name, check in shell.checks.items()}
    well = all(results.values())
    return make_response(jsonify(name=shell.name, well=well, checks=results), 200 if well else 503)


def _debug_pages() -> Blueprint:
    pages = Blueprint("web", __name__, url_prefix="/-")
    pages.add_url_rule("/health", view_func=health)
    pages.add_url_rule("/patterns", view_func=patterns_page, endpoint="patterns")
    pages.add_url_rule("/patterns/chart.json", view_func=sample_chart, endpoint="sample_chart")
    return pages


def _flask() -> Flask:
    return Flask(
        "provisioning.web",
        static_folder=str(HERE / "static"),
        static_url_path="/static",
        template_folder=None,
    )


def _configure(app: Flask, secret: bytes, max_upload_bytes: int, secure_cookie: bool) -> None:
    if len(secret) < 32:
        raise ValueError("the session secret has fewer than 32 bytes")
    app.session_interface = _Sessions()
    app.config.update(
        SECRET_KEY=secret,
        # Cookies do not know ports: several of our processes may share one host, so each has a cookie of its own.
        SESSION_COOKIE_NAME=f"passage-{app.extensions['passage'].name}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=secure_cookie,
        MAX_CONTENT_LENGTH=max_upload_bytes,
    )


def _install_templates(app: Flask, templates: Sequence[Path]) -> None:
    folders = [*templates, HERE / "templates"]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = Unknown
    app.jinja_env.globals["shell"] = shell_of(app)


def create_app(
    name: str,
    *,
    secret: bytes,
    catalogues: Sequence[Path],
    clock: Clock,
    ui: Ui,
    languages: Sequence[str] = LANGUAGES,
    language_of: Callable[[], str | None] | None = None,
    templates: Sequence[Path] = (),
    site_name: str = "",
    timezone: str = "Europe/Brussels",
    max_upload_bytes: int = MEBIBYTE,
    secure_cookie: bool = False,
) -> Flask:
    """A Flask app that looks, speaks, refuses and protects like every other of the site.

    Args:
        name: the process on this host (``hub``, ``kiosk-1``): names its cookie and its health page.
        secret: at least 32 bytes that sign the session cookie; the same after a restart.
        catalogues: folders with ``<language>.po``; the later one wins over the earlier and the shared ones.
        clock: where pages take the time from.
        ui: which base template, error page and language rule (a kiosk ignores the browser's language).
        languages: offered languages; the first is the site's own.
        language_of: the language of the person at hand, None when nobody is.
        templates: folders searched before the shared ones; blueprints bring their own as usual.
        site_name: shown in the head of office pages.
        timezone: the zone that times are shown in.
        max_upload_bytes: larger bodies are refused with 413 before they are read.
        secure_cookie: True behind TLS.

    Raises:
        Corrupt: a catalogue cannot be read.
        ValueError: the secret is too short.
    """
    app = _flask()
    app.extensions["passage"] = Shell(
        name, ui, clock, tuple(languages), timezone=timezone, site_name=site_name, language_of=language_of
    )
    _configure(app, secret, max_upload_bytes, secure_cookie)
    _install_templates(app, templates)
    install_headers(app)
    install_locale(app, catalogues)
    install_components(app)
    install_formats(app)
    install_forms(app)
    install_failures(app)
    app.register_blueprint(_debug_pages())
    return app
