"""The two doors through which other nodes come in: ``POST /api/v1/call`` and ``POST /api/v1/inbox``.

The signature inside the body says who speaks; cookies and CSRF tokens have no part in it.
"""

from flask import Blueprint, Response, request

from provisioning.sync import Receiver


def node_api(receiver: Receiver) -> Blueprint:
    """The blueprint of a node's API. An envelope that cannot be trusted ends as a plain 500 with its code."""
    api = Blueprint("node_api", __name__, url_prefix="/api/v1")

    @api.post("/call")
    def call() -> Response:
        """A signed answer to a signed question."""
        return Response(receiver.answer(request.get_data()), mimetype="application/json")

    @api.post("/inbox")
    def inbox() -> Response:
        """A signed receipt for a message; it is on disk when the receipt leaves."""
        return Response(receiver.take(request.get_data()), mimetype="application/json")

    return api
