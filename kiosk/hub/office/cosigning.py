"""The second person of a sensitive act: a colleague signs on the same page, or the officer's own key is fresh."""

from collections.abc import Callable
from datetime import timedelta

from flask import Response, g, make_response, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from kiosk.hub.office.desk import Desk
from kiosk.hub.office.proofs import Proof, Proofs
from kiosk.hub.office.signing_words import shown_words
from kiosk.hub.office.webkeys import key_in, place, site_party
from kiosk.hub.office.words import ACTIONS, word
from kiosk.policy.sensitive import may_second, need_of
from kiosk.services.base import OfficerCard
from kiosk.services.desk import officer
from provisioning.errors import Refused
from provisioning.web.forms import form_key, text_field
from provisioning.web.sentences import Sentence, sentence_for

FRESH = timedelta(minutes=5)  # a key's touch speaks for the officer who touched it for so long
PURPOSE = "sign"
OWN_FIELDS = frozenset({"second_name", "second_password", "second_key"})
DIALOG = "X-Desk-Dialog"


class SecondSame(Refused):
    """An officer signed for themselves."""

    code = "second_same"


class SecondNotAllowed(Refused):
    """The colleague's roles do not allow the act either."""

    code = "second_not_allowed"


class Cosigner:
    """Implements :class:`kiosk.services.desk.Cosigning`."""

    def __init__(self, desk: Desk, proofs: Proofs) -> None:
        self._desk, self._proofs = desk, proofs

    def admit(self, action: str, act: Callable[[], AnyResponse]) -> AnyResponse:
        """The act's answer, or the dialog that asks for a signature; a wrong signature asks again."""
        need = need_of(action)
        if need is None or (need == "key_or_colleague" and self._is_fresh()):
            return self._run(act, {"proof": "key"} if need else {})
        if not OWN_FIELDS & set(request.form):
            return self._ask(action, None)
        try:
            colleague, proof = self._signature()
            if colleague.officer_id == officer().officer_id:
                return self._own_key(action, act, proof)
            if not may_second(action, colleague.roles):
                raise SecondNotAllowed
        except Refused as refusal:
            return self._ask(action, sentence_for(refusal))
        return self._signed(action, act, colleague, proof)

    def _is_fresh(self) -> bool:
        state = self._desk.state()
        return (
            state is not None
            and state.proof == "key"
            and timedelta(0) <= self._desk.hub.clock.now_utc() - state.proven <= FRESH
        )

    def _signature(self) -> tuple[OfficerCard, Proof]:
        """Who signed, and how. Raises as :meth:`Proofs.by_password` and :meth:`Proofs.by_key`."""
        if answer := key_in("second_key"):
            return self._proofs.by_key(site_party(self._desk.hub), answer, place(), PURPOSE), "key"
        name = text_field("second_name", max_length=80)
        return self._proofs.by_password(
            name, text_field("second_password", max_length=200), "second"
        ), "password"

    def _own_key(self, action: str, act: Callable[[], AnyResponse], proof: Proof) -> AnyResponse:
        """The officer touched their own key in the dialog: enough for what one person may do.

        Raises:
            SecondSame: a password of one's own is no second proof, and some acts always take two people.
        """
        if proof != "key" or need_of(action) != "key_or_colleague":
            raise SecondSame
        self._desk.open(session["desk"], "key")
        return self._run(act, {"proof": "key"})

    def _signed(
        self, action: str, act: Callable[[], AnyResponse], colleague: OfficerCard, proof: Proof
    ) -> AnyResponse:
        """The act and the colleague's signature, both or neither."""
        hub = self._desk.hub
        with hub.store.atomic():
            self._desk.store.countersign(
                form_key(),
                action,
                request.path,
                officer().officer_id,
                colleague.officer_id,
                proof,
                hub.clock.now_utc(),
            )
            return self._run(act, {"second": colleague.officer_id})

    def _run(self, act: Callable[[], AnyResponse], signed_by: dict[str, str]) -> AnyResponse:
        g.signed_by = signed_by
        answer = act()
        if DIALOG in request.headers and answer.status_code in {302, 303}:
            return Response(status=204, headers={"X-Desk-Go": answer.headers["Location"]})
        return answer

    def _ask(self, action: str, problem: Sentence | None) -> AnyResponse:
        """The dialog, alone for the page that is open or as a page of its own; it holds the form as it was sent."""
        kept = [
            (name, value)
            for name in request.form
            if name not in OWN_FIELDS
            for value in request.form.getlist(name)
        ]
        body = render_template(
            "cosigning/dialog.html" if DIALOG in request.headers else "cosigning/page.html",
            what=word(ACTIONS, action),
            kept=kept,
            shown=shown_words(self._desk.hub, [*(request.view_args or {}).items(), *kept]),
            action=request.full_path.rstrip("?"),
            back=request.referrer or "/",
            problem=problem,
            name=request.form.get("second_name", ""),
            own_key_is_enough=need_of(action) == "key_or_colleague",
        )
        answer = make_response(body, 409)
        answer.headers["X-Desk-Sign"] = action
        return answer
