"""Officers sign in with name and password; a desk session ends after eight hours, or fifteen minutes of nothing."""

from datetime import timedelta

from flask import Blueprint, Response, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.node import Hub
from provisioning.errors import Refused, Unavailable
from provisioning.web.forms import forget_session, text_field
from provisioning.web.sentences import sentence_for

LONGEST = timedelta(hours=8)  # one shift
IDLE = timedelta(minutes=15)  # an officer's open session must not serve a colleague (J3.F4)
NOTED_EVERY = timedelta(minutes=1)
OPEN_TO_ALL = ("static", "web.", "node_api.", "signing.")


class SignInNeeded(Refused):
    """Nobody is signed in at this desk, or not any more."""

    code = "sign_in_needed"
    http_status = 401


class Desk:
    """Who sits at the back office's pages."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def admit(self) -> AnyResponse | None:
        """Before each request: find the officer, or send them to the sign-in page."""
        if (request.endpoint or "").startswith(OPEN_TO_ALL) or request.endpoint is None:
            return None
        if self.find():
            return None
        if request.method == "GET" and "HX-Request" not in request.headers:
            return redirect(url_for("signing.page", next=request.full_path.rstrip("?")), 303)
        raise SignInNeeded

    def find(self) -> bool:
        """Put the signed-in officer into ``g.officer``; False when nobody is."""
        kept = self.hub.sessions.desk(session.get("desk", ""))
        if kept is None:
            return False
        officer_id, begun, seen = kept
        now = self.hub.clock.now_utc()
        if now - begun > LONGEST or now - seen > IDLE:
            return False
        officer = self.hub.people.officer(officer_id)
        if officer is None:
            return False
        g.officer = officer
        if now - seen > NOTED_EVERY and "HX-Request" not in request.headers:
            self._note()
        return True

    def _note(self) -> None:
        try:
            self.hub.sessions.see_desk(session["desk"])
        except Unavailable:
            return  # reading goes on while nothing can be written; the idle limit then comes early


def _safe_next(target: str) -> str:
    """Only paths of our own: to a browser, two strokes of either kind begin an address elsewhere."""
    path = target[:1] == "/" and target[1:2] not in {"/", "\\"}
    fits = path and target.isprintable() and "\\" not in target  # a tab is dropped on the way: "/\t/" is "//"
    return target if fits else url_for("work.queue")


def signing_pages(desk: Desk) -> Blueprint:
    """Sign-in and sign-out."""
    pages = Blueprint("signing", __name__)
    hub = desk.hub

    @pages.get("/sign-in")
    def page() -> str | AnyResponse:
        """Ask for name and password."""
        if desk.find():
            return redirect(url_for("work.queue"), 303)
        target = request.args.get("next", "")
        was_in = hub.sessions.desk(session.get("desk", "")) is not None
        return render_template("signing/page.html", next=target, was_in=was_in, problem=None, name="")

    @pages.post("/sign-in")
    def enter() -> str | AnyResponse:
        """Let the officer in, or say that it was wrong; which of the two is not said."""
        name = text_field("name", max_length=80)
        password = text_field("password", max_length=200)
        target = text_field("next", max_length=500, required=False)
        try:
            _, desk_session_id = hub.signing_in.officer(name, password)
        except Refused as refusal:
            body = render_template(
                "signing/page.html", next=target, was_in=False, problem=sentence_for(refusal), name=name
            )
            return Response(body, refusal.http_status)
        if old := session.get("desk"):
            hub.sessions.end_desk(old)
        forget_session()
        session["desk"] = desk_session_id
        return redirect(_safe_next(target), 303)

    @pages.post("/sign-out")
    def out() -> AnyResponse:
        """End the desk session, here and in the record."""
        if key := session.get("desk"):
            kept = hub.sessions.desk(key)
            with hub.store.atomic():
                hub.sessions.end_desk(key)
                if kept:
                    hub.trail.record(kept[0], "signed_out", kept[0], where="office")
        forget_session()
        return redirect(url_for("signing.page"), 303)

    return pages
