"""A visitor reads pages and sends forms as a browser does: real HTTP to a real app on loopback."""

import threading
from collections.abc import Iterator

import pytest
from flask import redirect, render_template_string, request, session

from provisioning.clock import SystemClock
from provisioning.errors import Unavailable
from provisioning.sim.visitor import PageRefused, Visitor
from provisioning.web.app import create_app
from provisioning.web.serve import Server
from tests.support import free_port

PAGE = """<title>Kiosk</title><script>hidden</script><p>Good day <b>Anna</b></p><a href="/next?x=1">Go on</a>
<form method="post" action="/send">{{ form_fields() }}<input name="who" value="Anna"><select name="colour">
<option value="red">Red</option><option value="blue" selected>Blue</option></select>
<input type="radio" name="size" value="s"><input type="radio" name="size" value="m" checked>
<button name="key" value="7">7</button><button name="key" value="ok">OK</button></form>"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = create_app("visited", secret=b"s" * 40, catalogues=[], clock=SystemClock(), ui="office")
    app.add_url_rule("/", "page", view_func=lambda: render_template_string(PAGE))
    app.add_url_rule("/told", "told", view_func=lambda: session.get("told", "nothing"))

    @app.post("/send")
    def send():
        session["told"] = " ".join(
            request.form[name] for name in ("who", "colour", "size", "key") if name in request.form
        )
        return redirect("/told", 303)

    server = Server(app, "127.0.0.1:0")
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    thread.join()


def test_a_page_is_read_as_words_links_and_forms(address: str):
    page = Visitor(address).get("/")
    assert page.title == "Kiosk"
    assert page.text.startswith("Good day Anna Go on")
    assert page.link("Go on") == f"{address}/next?x=1"
    assert page.form("send").choices == {"colour": ["red", "blue"], "size": ["s", "m"]}


def test_a_form_is_sent_as_drawn_with_what_was_changed_and_the_cookies_kept(address: str):
    visitor = Visitor(address)
    form = visitor.get("/").form("/send")
    assert visitor.press(form, "7", who="Bo").body == b"Bo blue m 7"
    assert visitor.get("/told").body == b"Bo blue m 7"
    assert Visitor(address).get("/told").body == b"nothing"


def test_what_is_not_there_is_refused_with_the_pages_words(address: str):
    visitor = Visitor(address)
    page = visitor.get("/")
    for missing in (lambda: page.form("pay"), lambda: page.link("Pay"), lambda: visitor.get("/nowhere")):
        with pytest.raises(PageRefused):
            missing()
    with pytest.raises(PageRefused, match="nine"):
        visitor.press(page.form("/send"), "nine")


def test_a_page_that_nobody_serves_is_unavailable():
    with pytest.raises(Unavailable):
        Visitor(f"http://127.0.0.1:{free_port()}").get("/")
