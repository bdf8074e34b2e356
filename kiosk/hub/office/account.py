"""My account: the officer's own security keys, enrolled, named, listed and taken off by themselves."""

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.office.desk import Desk
from kiosk.hub.office.proofs import MOST_KEYS, Proofs
from kiosk.hub.office.webkeys import KeyNotHere, key_in, may_use_keys, place, site_party
from kiosk.services.desk import needs, officer, sensitive, signed_by
from provisioning.errors import Refused
from provisioning.web.forms import text_field
from provisioning.web.sentences import sentence_for

NAME_MAX = 40


def account_pages(desk: Desk, proofs: Proofs) -> Blueprint:
    """The pages; every officer has them, whatever the role."""
    pages = Blueprint("account", __name__, url_prefix="/account")
    hub = desk.hub

    @pages.get("/")
    def mine() -> str:
        """Who I am here, how I signed in, and my keys."""
        return _page(desk)

    @pages.post("/keys/question")
    def question() -> AnyResponse:
        """What a new key shall make (JSON)."""
        if not may_use_keys():
            raise KeyNotHere
        asked = proofs.ask_new_key(site_party(hub), place(), officer())
        return Response(asked, content_type="application/json")

    @sensitive("officer_key_added")
    def keep() -> AnyResponse:
        """Keep the key that was touched, in the transaction of whoever signs."""
        name = text_field("name", max_length=NAME_MAX)
        proofs.enrol(site_party(hub), key_in("key"), place(), officer(), name, **signed_by())
        return redirect(url_for(".mine"), 303)

    @pages.post("/keys")
    @needs("officer_key_added")
    def add() -> AnyResponse:
        """A new key; who only knows a password makes none, for a key stands for a colleague.

        The own password is asked before anybody signs: checking one is slow, and whoever is being checked waits for the
        record. Inside the signature's transaction the two could wait for each other for ever.
        """
        try:
            proofs.again(officer(), text_field("password", max_length=200))
            return keep()
        except Refused as refusal:
            return Response(_page(desk, refusal), refusal.http_status)

    @pages.post("/keys/<credential_id>/remove")
    def remove(credential_id: str) -> AnyResponse:
        """Forget a key of mine; a second press changes nothing."""
        who = officer().officer_id
        with hub.store.atomic():
            if desk.store.drop_key(credential_id, who):
                hub.trail.record(who, "officer_key_removed", who, key=credential_id[-6:])
        return redirect(url_for(".mine"), 303)

    return pages


def _page(desk: Desk, refusal: Refused | None = None) -> str:
    keys = desk.store.keys(officer().officer_id)
    kept = desk.hub.sessions.desk(session["desk"])
    return render_template(
        "account/mine.html",
        keys=keys,
        room=len(keys) < MOST_KEYS,
        state=desk.state(),
        begun=kept[1] if kept else None,
        problem=sentence_for(refusal) if refusal else None,
        name=request.form.get("name", ""),
        name_max=NAME_MAX,
        keys_work=may_use_keys(),
    )
