"""What a person, a script and the journal get to see when a request cannot be answered."""

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from provisioning.errors import PassageError, family_of
from provisioning.ids import short_code
from provisioning.web.forms import API_PREFIX
from provisioning.web.sentences import Sentence, sentence_for

_log = logging.getLogger("passage.web")
_BY_STATUS = {
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "not_found",
    413: "too_large",
    429: "too_many",
}


def _is_api() -> bool:
    return request.path.startswith(API_PREFIX)


def _page(sentence: Sentence, status: int, number: str = "") -> Response:
    """The whole page, or for htmx only the notice, swapped into ``#notices``."""
    partial = "HX-Request" in request.headers
    template = "failure_notice.html" if partial else "failure.html"
    response = make_response(
        render_template(template, sentence=sentence, status=status, number=number), status
    )
    if partial:
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "#notices", "innerHTML"
    return response


def on_passage_error(error: PassageError) -> Response:
    """A refusal in words (409, 503, 423, 500), or as JSON with family, code and detail for the node API."""
    status = error.http_status
    _log.log(
        logging.ERROR if status == 500 else logging.INFO,
        "%s %s answered %d",
        request.url_rule,
        error.reason,
        status,
    )
    if _is_api():
        named = {"family": family_of(error), "code": error.reason, "detail": error.detail}
        return make_response(jsonify(error=named), status)
    response = _page(sentence_for(error), status)
    if status == 503:
        response.headers["Retry-After"] = "10"
    return response


def on_http_error(error: HTTPException) -> Response:
    """404, 413 and their like in words; redirects and ready-made responses pass unchanged."""
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    code = _BY_STATUS.get(error.code, "bug" if error.code >= 500 else "bad_request")
    if _is_api():
        family = "refused" if error.code < 500 else "unavailable"
        return make_response(jsonify(error={"family": family, "code": code, "detail": {}}), error.code)
    response = _page(sentence_for(code), error.code)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def on_bug(error: Exception) -> Response:
    """A plain sentence and a number; the journal has the same number with the traceback."""
    number = short_code("E")
    _log.error("bug %s in %s %s", number, request.method, request.url_rule, exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if _is_api():
        return make_response(
            jsonify(error={"family": "corrupt", "code": "bug", "detail": {"number": number}}), status
        )
    return _page(sentence_for("bug"), status, number)


def install_failures(app: Flask) -> None:
    """Let every error end in words: families by status, HTTP errors by sentence, bugs by number."""
    app.register_error_handler(PassageError, on_passage_error)
    app.register_error_handler(HTTPException, on_http_error)
    app.register_error_handler(Exception, on_bug)
