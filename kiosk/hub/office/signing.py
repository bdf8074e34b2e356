"""Officers sign in with name and password or with a security key; a locked desk opens the same two ways."""

from datetime import timedelta

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.office.desk import Desk, SignInNeeded
from kiosk.hub.office.proofs import Proof, Proofs
from kiosk.hub.office.webkeys import KeyNotHere, key_in, may_use_keys, place, site_party
from kiosk.hub.sessions.rules import SignInWrong
from kiosk.services.base import OfficerCard
from provisioning.errors import Refused
from provisioning.web.forms import forget_session, text_field, whole_field
from provisioning.web.sentences import sentence_for

PURPOSES = {"sign-in": "sign_in", "lock": "lock", "sign": "sign"}  # what the page wants a key for


class NotThisOfficer(Refused):
    """A locked desk was opened with somebody else's key."""

    code = "not_this_officer"


class PasswordWrong(Refused):
    """Not the password of the officer whose desk is locked."""

    code = "password_wrong"


def signing_pages(desk: Desk, proofs: Proofs) -> Blueprint:
    """Sign-in, lock and sign-out; open to all, so each page finds out by itself who is there."""
    pages = Blueprint("signing", __name__)
    _sign_in(pages, desk, proofs)
    _lock(pages, desk, proofs)
    _touches(pages, desk)
    _sign_out(pages, desk)
    return pages


def _safe_next(target: str) -> str:
    """Only paths of our own: to a browser, two strokes of either kind begin an address elsewhere."""
    path = target[:1] == "/" and target[1:2] not in {"/", "\\"}
    fits = path and target.isprintable() and "\\" not in target  # a tab is dropped on the way: "/\t/" is "//"
    return target if fits else url_for("work.queue")


def _sign_in(pages: Blueprint, desk: Desk, proofs: Proofs) -> None:
    hub = desk.hub

    @pages.get("/sign-in")
    def page() -> str | AnyResponse:
        """Ask for name and password, or a key."""
        if desk.sitting():
            return redirect(url_for("work.queue"), 303)
        was_in = hub.sessions.desk(session.get("desk", "")) is not None
        return _sign_in_page(request.args.get("next", ""), was_in=was_in)

    @pages.post("/sign-in")
    def enter() -> str | AnyResponse:
        """Let the officer in, or say that it was wrong; which of the two is not said."""
        target = text_field("next", max_length=500, required=False)
        name = text_field("name", max_length=80, required=False)
        proof: Proof = "password"
        try:
            if answer := key_in("key"):
                card, proof = proofs.by_key(site_party(hub), answer, place(), PURPOSES["sign-in"]), "key"
            else:
                password = text_field("password", max_length=200)
                card = proofs.by_password(text_field("name", max_length=80), password)
        except Refused as refusal:
            return Response(_sign_in_page(target, refusal, name), refusal.http_status)
        _begin(desk, card, proof)
        return redirect(_safe_next(target), 303)

    @pages.post("/key-question/<any('sign-in', lock, sign):wanted>")
    def question(wanted: str) -> AnyResponse:
        """What a security key shall sign here and now (JSON)."""
        if not may_use_keys():
            raise KeyNotHere
        asked = proofs.ask_key(site_party(hub), place(), PURPOSES[wanted])
        return Response(asked, content_type="application/json")


def _sign_in_page(
    target: str, refusal: Refused | None = None, name: str = "", *, was_in: bool = False
) -> str:
    problem = sentence_for(refusal) if refusal else None
    return render_template(
        "signing/page.html",
        next=target,
        was_in=was_in,
        problem=problem,
        name=name,
        keys_work=may_use_keys(),
    )


def _begin(desk: Desk, card: OfficerCard, proof: Proof) -> None:
    hub, old = desk.hub, session.get("desk")
    with hub.store.atomic():
        if old:
            desk.end()
        desk_session_id = hub.sessions.begin_desk(card.officer_id)
        desk.open(desk_session_id, proof)
        hub.trail.record(card.officer_id, "signed_in", card.officer_id, where="office", proof=proof)
    forget_session()
    session["desk"] = desk_session_id


def _lock(pages: Blueprint, desk: Desk, proofs: Proofs) -> None:
    hub = desk.hub

    @pages.get("/sign-in/again")
    def locked() -> str | AnyResponse:
        """The page of a locked desk: whose it is, and how to open it."""
        card, target = desk.sitting(), request.args.get("next", "")
        if card is None:
            return redirect(url_for("signing.page", next=target), 303)
        if not desk.is_locked():
            return redirect(_safe_next(target), 303)
        return _locked_page(card, target)

    @pages.post("/sign-in/again")
    def again() -> str | AnyResponse:
        """Open the desk for the officer whose it is; pages that wait below an overlay get JSON."""
        card = desk.sitting()
        if card is None:
            raise SignInNeeded
        g.speaker = card
        target = text_field("next", max_length=500, required=False)
        try:
            proof = _prove_again(desk, proofs, card)
        except Refused as refusal:
            if _is_overlay():
                said = sentence_for(refusal)
                return Response(jsonify(text=said.text, contact=said.contact).data, 409, _JSON)
            return Response(_locked_page(card, target, refusal), refusal.http_status)
        with hub.store.atomic():
            desk.open(session["desk"], proof)
            hub.trail.record(card.officer_id, "desk_unlocked", card.officer_id, proof=proof)
        return Response(status=204) if _is_overlay() else redirect(_safe_next(target), 303)


def _touches(pages: Blueprint, desk: Desk) -> None:
    @pages.post("/desk/seen")
    def seen() -> AnyResponse:
        """A page tells how long ago it was touched last; the answer says whether the desk is still open."""
        if desk.sitting() is None or desk.is_locked():
            raise SignInNeeded
        desk.touched(timedelta(milliseconds=whole_field("ago_ms", low=0, high=999_999)))
        return Response(status=204)

    @pages.post("/desk/lock")
    def lock() -> AnyResponse:
        """Lock the desk now."""
        if desk.sitting():
            desk.lock()
        return Response(status=204) if _is_overlay() else redirect(url_for("signing.locked"), 303)


_JSON = {"Content-Type": "application/json"}


def _is_overlay() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _prove_again(desk: Desk, proofs: Proofs, card: OfficerCard) -> Proof:
    """How the desk's own officer proved themselves.

    Raises:
        Refused: they did not, and it was counted.
        NotThisOfficer: a colleague's key; they may sign in themselves.
    """
    if answer := key_in("key"):
        if proofs.by_key(site_party(desk.hub), answer, place(), PURPOSES["lock"]) != card:
            raise NotThisOfficer
        return "key"
    try:
        proofs.again(card, text_field("password", max_length=200))
    except SignInWrong as wrong:
        raise PasswordWrong from wrong
    return "password"


def _locked_page(card: OfficerCard, target: str, refusal: Refused | None = None) -> str:
    g.speaker = card
    return render_template(
        "signing/locked.html",
        who=card,
        next=target,
        problem=sentence_for(refusal) if refusal else None,
        keys_work=may_use_keys(),
    )


def _sign_out(pages: Blueprint, desk: Desk) -> None:
    hub = desk.hub

    @pages.post("/sign-out")
    def out() -> AnyResponse:
        """End the desk session, here and in the record; whoever is there may sign in then."""
        if key := session.get("desk"):
            kept = hub.sessions.desk(key)
            with hub.store.atomic():
                desk.end()
                if kept:
                    hub.trail.record(kept[0], "signed_out", kept[0], where="office")
        forget_session()
        return redirect(url_for("signing.page"), 303)
