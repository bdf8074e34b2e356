"""Officers sign in at the farm with name and password, checked against the hub's roster: also when the hub is away."""

from __future__ import annotations

import threading
from datetime import timedelta

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from farm.desk.guard import STAFF
from farm.desk.node import Desk
from provisioning.clock import iso, parse_iso
from provisioning.contracts import RosterOfficer
from provisioning.errors import Refused
from provisioning.identity import hash_secret, verify_secret
from provisioning.identity.attempts import Limit
from provisioning.web.forms import forget_session, text_field
from provisioning.web.sentences import sentence_for

LONGEST = timedelta(hours=8)  # one shift
IDLE = timedelta(minutes=30)  # a page that only watches does not count as somebody there
NOTED_EVERY = timedelta(minutes=1)
OPEN_TO_ALL = ("static", "desk.static", "web.", "node_api.", "signing.")


class SignInNeeded(Refused):
    """Nobody is signed in at this desk, or not any more."""

    code = "sign_in_needed"
    http_status = 401


class SignInRefused(Refused):
    """The name or the password is not right, or was wrong too often."""

    code = "sign_in_wrong"


class Signing:
    """Checks secrets one at a time (19 MiB each) and finds who sits at the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._one = threading.Lock()
        self._nobody = hash_secret("nobody has this secret", desk.pepper)

    def admit(self) -> AnyResponse | None:
        """Before each request: find the officer, or send them to the sign-in page."""
        if request.endpoint is None or request.endpoint.startswith(OPEN_TO_ALL) or self.find():
            return None
        if request.method == "GET" and "HX-Request" not in request.headers:
            return redirect(url_for("signing.page", next=request.full_path.rstrip("?")), 303)
        raise SignInNeeded

    def find(self) -> bool:
        """Put the signed-in officer into ``g.officer``; False when nobody is."""
        officer_id, begun, seen = session.get("officer"), session.get("begun"), session.get("seen")
        if not (isinstance(officer_id, str) and isinstance(begun, str) and isinstance(seen, str)):
            return False
        now = self._desk.clock.now_utc()
        if now - parse_iso(begun) > LONGEST or now - parse_iso(seen) > IDLE:
            return False
        found = self._desk.own.officer(officer_id)
        if found is None:
            return False
        g.officer = found
        if now - parse_iso(seen) > NOTED_EVERY and "HX-Request" not in request.headers:
            session["seen"] = iso(now)
        return True

    def enter(self, name: str, password: str) -> RosterOfficer:
        """The officer of this name and password; the trail has both outcomes.

        Raises:
            SignInRefused: ``sign_in_wrong sign_in_locked sign_in_not_here``.
        """
        desk = self._desk
        with self._one:
            if (until := desk.own.locked_until(name)) is not None:
                raise SignInRefused("sign_in_locked", until_utc=until)
            found = desk.own.officer_named(name)
            fits = verify_secret(password, found.secret_hash if found else self._nobody, desk.pepper)
            if found is None or not fits:
                with desk.store.atomic():
                    desk.own.note_wrong(name, Limit(desk.node.site.pin_tries, desk.node.site.pin_pause_s))
                    desk.trail.record(
                        desk.node.node_id, "sign_in_refused", found.officer_id if found else "unknown"
                    )
                raise SignInRefused
        if not STAFF & set(found.roles):
            raise SignInRefused("sign_in_not_here")
        with desk.store.atomic():
            desk.own.forget_wrong(name)
            desk.trail.record(found.officer_id, "signed_in", found.officer_id, where="farm desk")
        return found


def _safe_next(target: str) -> str:
    """Only paths of our own: to a browser, two strokes of either kind begin an address elsewhere."""
    path = target[:1] == "/" and target[1:2] not in {"/", "\\"}
    fits = path and target.isprintable() and "\\" not in target  # a tab is dropped on the way: "/\t/" is "//"
    return target if fits else url_for("floor.page")


def signing_pages(desk: Desk, signing: Signing) -> Blueprint:
    """Sign-in and sign-out."""
    pages = Blueprint("signing", __name__)

    @pages.get("/sign-in")
    def page() -> str | AnyResponse:
        """Ask for name and password."""
        if signing.find():
            return redirect(url_for("floor.page"), 303)
        known = bool(desk.own.officers())
        return render_template(
            "signing/page.html", next=request.args.get("next", ""), problem=None, name="", known=known
        )

    @pages.post("/sign-in")
    def enter() -> AnyResponse:
        """Let the officer in, or say that it was wrong; which of the two is not said."""
        name = text_field("name", max_length=80)
        password = text_field("password", max_length=200)
        target = text_field("next", max_length=500, required=False)
        try:
            found = signing.enter(name, password)
        except SignInRefused as refusal:
            body = render_template(
                "signing/page.html", next=target, problem=sentence_for(refusal), name=name, known=True
            )
            return Response(body, refusal.http_status)
        forget_session()
        now = iso(desk.clock.now_utc())
        session["officer"], session["begun"], session["seen"] = found.officer_id, now, now
        return redirect(_safe_next(target), 303)

    @pages.post("/sign-out")
    def out() -> AnyResponse:
        """Nobody sits here any more."""
        if signing.find():
            desk.trail.record(g.officer.officer_id, "signed_out", g.officer.officer_id, where="farm desk")
        forget_session()
        return redirect(url_for("signing.page"), 303)

    return pages
