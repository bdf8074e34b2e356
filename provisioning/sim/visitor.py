"""A person at a screen, without the person: opens pages, reads them, fills in the forms that are drawn there.

Used by the story and by the demo's first start: every step goes through the same pages as a finger would.
"""

import json
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from provisioning.errors import Refused, Unavailable

MAX_REDIRECTS = 5
HIDDEN_TEXT = frozenset({"script", "style", "template", "svg"})


class PageRefused(Refused):
    """A page said no, or holds no such form; ``status``, ``url`` and the page's words."""

    code = "page_refused"


@dataclass
class Form:
    """A form as drawn: where it goes, what it holds, what may be chosen."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Read:
    """What stands on a page."""

    text: str = ""
    title: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """A page as it came; it is read when somebody looks for something on it."""

    url: str
    status: int
    body: bytes
    is_html: bool = True

    @cached_property
    def _read(self) -> Read:
        reader = _Reader(self.url)
        if self.is_html:
            reader.feed(self.body.decode())
            reader.close()
        return reader.read

    @property
    def text(self) -> str:
        """Its words, in order."""
        return self._read.text

    @property
    def title(self) -> str:
        """What the browser's tab would say."""
        return self._read.title

    @property
    def forms(self) -> list[Form]:
        """Every form, in order."""
        return self._read.forms

    @property
    def links(self) -> list[tuple[str, str]]:
        """Address and words of every link, in order."""
        return self._read.links

    def link(self, *parts: str) -> str:
        """The address of the first link whose address or words contain every part.

        Raises:
            PageRefused: there is none.
        """
        for address, words in self.links:
            if all(part in address or part in words for part in parts):
                return address
        raise PageRefused(status=self.status, url=self.url, wanted=" ".join(parts), words=self.text[:300])

    def form(self, *parts: str) -> Form:
        """The first form whose action contains every part. Raises as :meth:`link`."""
        for form in self.forms:
            if all(part in form.action for part in parts):
                return form
        raise PageRefused(status=self.status, url=self.url, wanted=" ".join(parts), words=self.text[:300])


class _Reader(HTMLParser):
    """Collects words, links and forms of one page."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.read = Read()
        self._url = url
        self._form: Form | None = None
        self._link: str | None = None
        self._link_words: list[str] = []
        self._words: list[str] = []
        self._silent = 0
        self._in_title = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag in HIDDEN_TEXT:
            self._silent += 1
        elif tag == "title":
            self._in_title = True
        elif tag == "a" and has.get("href"):
            self._link, self._link_words = urljoin(self._url, has["href"]), []
        elif tag == "form":
            action = urljoin(self._url, has.get("action", ""))
            self._form = Form(action, has.get("method", "get").lower())
            self.read.forms.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, has)

    def _field(self, form: Form, tag: str, has: dict[str, str]) -> None:
        name, value = has.get("name", ""), has.get("value", "")
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            form.choices.setdefault(self._select, []).append(value)
            if "selected" in has or self._select not in form.fields:
                form.fields[self._select] = value
        elif tag == "button" or (tag == "input" and has.get("type") == "submit"):
            form.buttons.append((name, value))
        elif tag == "input" and has.get("type") in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value)
            if "checked" in has:
                form.fields[name] = value
        elif tag in ("input", "textarea") and name:
            form.fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN_TEXT:
            self._silent = max(0, self._silent - 1)
        elif tag == "title":
            self._in_title = False
        elif tag == "a" and self._link is not None:
            self.read.links.append((self._link, " ".join(self._link_words)))
            self._link = None
        elif tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        words = data.strip()
        if not words or self._silent:
            return
        if self._in_title:
            self.read.title += words
            return
        self._words.append(words)
        if self._link is not None:
            self._link_words.append(words)

    def close(self) -> None:
        super().close()
        self.read.text = " ".join(self._words)


class Visitor:
    """One browser with its cookies."""

    def __init__(self, base_url: str, language: str = "en") -> None:
        self._base = base_url
        self._cookies: dict[str, str] = {}
        self._language = language
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=2.0, read=60.0))

    def get(self, address: str = "/") -> Page:
        """Open a page, following redirects.

        Raises:
            Unavailable: nobody answers there.
            PageRefused: the status is 400 or above.
        """
        return self._ask("GET", urljoin(self._base, address), None, {})

    def get_json(self, address: str) -> Any:
        """Open an address that answers in JSON. Raises as :meth:`get`."""
        return json.loads(self.get(address).body)

    def send(self, form: Form, **values: str) -> Page:
        """Send a form with these values over those drawn. Raises as :meth:`get`."""
        body = urlencode({**form.fields, **values}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", form.action, body, headers)

    def press(self, form: Form, button: str, **values: str) -> Page:
        """Send a form by one of its named buttons: the first whose value is ``button``. Raises as :meth:`get`."""
        for name, value in form.buttons:
            if value == button:
                return self.send(form, **{**values, name: value})
        raise PageRefused(status=0, url=form.action, wanted=button)

    def _ask(self, method: str, address: str, body: bytes | None, headers: dict[str, str]) -> Page:
        for _turn in range(MAX_REDIRECTS):
            answer = self._once(method, address, body, headers)
            if answer.status not in (301, 302, 303):
                break
            address = urljoin(address, answer.headers["Location"])
            method, body, headers = "GET", None, {}
        is_html = "html" in answer.headers.get("Content-Type", "")
        page = Page(address, answer.status, bytes(answer.data), is_html)
        if page.status >= 400:
            raise PageRefused(status=page.status, url=urlsplit(address).path, words=page.text[:300])
        return page

    def _once(
        self, method: str, address: str, body: bytes | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        said = {"Accept-Language": self._language, **({"Cookie": cookies} if cookies else {}), **headers}
        try:
            answer = self._pool.request(method, address, body=body, headers=said, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable("page_away", url=address) from error
        for line in answer.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return answer
