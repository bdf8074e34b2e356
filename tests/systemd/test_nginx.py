"""Debian's real nginx with the shipped configuration in front of a small waitress on a unix socket."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from waitress.server import create_server

from tests.support import free_port, is_listening, short_dir, wait_until

pytestmark = pytest.mark.nginx

SHIPPED = Path(__file__).resolve().parents[2] / "systemd" / "nginx"
AROUND = """
daemon off; pid {top}/nginx.pid; error_log stderr warn; {user}
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3;
    uwsgi_temp_path {top}/t4; scgi_temp_path {top}/t5;
    include {top}/passage.conf;
}}
"""


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Authority:
    """A certificate authority of a site, ours or a foreign one."""

    name: str
    key: Ed25519PrivateKey

    def issue(self, folder: Path, file: str, subject: str, *, is_ca: bool = False, days: int = 1) -> None:
        """Write ``file.crt`` and ``file.key``; a certificate of negative days has expired."""
        key = self.key if is_ca else Ed25519PrivateKey.generate()
        ends = datetime.now(UTC) + timedelta(days=days)
        alternatives = x509.SubjectAlternativeName([x509.DNSName("hub.site")])
        certificate = (
            x509.CertificateBuilder(_name(self.name), _name(subject), key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - timedelta(days=30))
            .not_valid_after(ends)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(alternatives, critical=False)
            .sign(self.key, None)
        )
        (folder / f"{file}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{file}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def _certificates(top: Path) -> None:
    ours = Authority("this site", Ed25519PrivateKey.generate())
    foreign = Authority(
        "this site", Ed25519PrivateKey.generate()
    )  # the same name: only the key tells them apart
    ours.issue(top, "ca", ours.name, is_ca=True)
    ours.issue(top, "node", "hub")
    ours.issue(top, "kiosk", "kiosk-a")
    ours.issue(top, "old", "kiosk-a", days=-1)
    foreign.issue(top, "foreign", "kiosk-a")
    (top / "credentials").mkdir()
    (top / "node.key").rename(top / "credentials" / "node.key")


def _echo(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """What the hub sees: the headers, and how many bytes came."""
    size = len(environ["wsgi.input"].read())
    headers = {key: value for key, value in environ.items() if key.startswith("HTTP_")}
    body = json.dumps({"headers": headers, "bytes": size}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


@dataclass(frozen=True)
class Door:
    """nginx in front of the hub, and how to knock."""

    top: Path
    port: int
    kind: str

    def knock(
        self,
        who: str | None,
        path: str = "/",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of one request with the certificate of ``who``, or with none."""
        context = ssl.create_default_context(cafile=str(self.top / "ca.crt"))
        context.check_hostname = False  # we dial 127.0.0.1; the certificate is checked against our authority
        if who:
            context.load_cert_chain(self.top / f"{who}.crt", self.top / f"{who}.key")
        line = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        try:
            line.request("POST" if body is not None else "GET", path, body, headers or {})
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()


@dataclass(frozen=True)
class Node:
    """A folder with certificates and a waitress listening on the node's socket in it."""

    kind: str
    top: Path


@pytest.fixture(scope="module", params=["hub", "farm"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    """The two nodes that others call, one after the other: both must hold the same door."""
    with short_dir() as top:
        _certificates(top)
        sock = top / f"{request.param}.sock"
        server: Any = create_server(_echo, unix_socket=str(sock), unix_socket_perms="660", threads=2)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield Node(request.param, top)
        server.close()
        thread.join(5)


def _moved(file: str, top: Path, port: int) -> str:
    """A shipped file with its folders moved to a temporary one and its port to a free one."""
    text = (SHIPPED / file).read_text()
    for folder in ("/etc/passage/", "/run/passage/", "/etc/nginx/"):
        text = text.replace(folder, f"{top}/")
    return text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")


@pytest.fixture(scope="module")
def door(node: Node) -> Iterator[Door]:
    """The shipped configuration of a node in front of it."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert nginx, "nginx is missing: apt-get install nginx-light"
    hub, port = node.top, free_port()
    (hub / "passage-front.inc").write_text(_moved("passage-front.inc", hub, port))
    conf = _moved(f"passage-{node.kind}.conf", hub, port)
    assert f"listen 127.0.0.1:{port} ssl;" in conf
    (hub / "passage.conf").write_text(conf)
    user = "user root;" if os.geteuid() == 0 else ""
    (hub / "nginx.conf").write_text(AROUND.format(top=hub, user=user))
    with (hub / "log").open("wb") as log:
        process = subprocess.Popen(
            [nginx, "-p", str(hub), "-c", str(hub / "nginx.conf")], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: process.poll() is not None or is_listening(port), what="nginx")
        assert process.poll() is None, (hub / "log").read_text()
        yield Door(hub, port, node.kind)
    finally:
        process.terminate()
        process.wait(10)


def test_a_machine_of_the_site_is_let_through_and_named(door: Door) -> None:
    status, body = door.knock("kiosk", "/where?a=1")
    assert status == 200
    headers = json.loads(body)["headers"]
    assert headers["HTTP_X_PASSAGE_CLIENT_VERIFY"] == "SUCCESS"
    assert headers["HTTP_X_PASSAGE_CLIENT_NAME"] == "CN=kiosk-a"
    assert "BEGIN%20CERTIFICATE" in headers["HTTP_X_PASSAGE_CLIENT_CERTIFICATE"]


@pytest.mark.parametrize("who", [None, "foreign", "old"])
def test_a_stranger_is_refused_before_the_node_hears_of_it(door: Door, who: str | None) -> None:
    status, body = door.knock(who)
    assert status == 403
    assert body == b"This address answers only to machines of this site.\n"


def test_plain_http_is_refused(door: Door) -> None:
    line = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    line.request("GET", "/")
    assert line.getresponse().status == 403
    line.close()


def test_older_tls_is_refused(door: Door) -> None:
    context = ssl.create_default_context(cafile=str(door.top / "ca.crt"))
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", door.port), 10) as line, pytest.raises(ssl.SSLError):
        context.wrap_socket(line)


@pytest.mark.parametrize("mark", ["-", "_"])
@pytest.mark.parametrize("name", ["Verify", "Name", "Serial", "Certificate"])
def test_a_claim_about_who_speaks_is_overwritten(door: Door, name: str, mark: str) -> None:
    _, body = door.knock("kiosk", headers={mark.join(["X", "Passage", "Client", name]): "director"})
    headers = json.loads(body)["headers"]
    assert headers[f"HTTP_X_PASSAGE_CLIENT_{name.upper()}"]
    assert "director" not in str(headers)


def test_a_claim_about_the_road_is_overwritten(door: Door) -> None:
    claims = {"X-Forwarded-For": "10.9.9.9", "Forwarded": "for=10.9.9.9", "X-Forwarded-Proto": "http"}
    _, body = door.knock("kiosk", headers=claims)
    assert "10.9.9.9" not in body.decode()


def test_a_form_may_be_small_and_a_message_larger(door: Door) -> None:
    assert door.knock("kiosk", "/", b"x" * 200_000)[0] == 200
    assert door.knock("kiosk", "/api/v1/inbox", b"x" * 5_000_000)[0] == 200


def test_only_the_farm_takes_a_whole_model_file(door: Door) -> None:
    status = door.knock("kiosk", "/models/new", b"x" * 3_000_000)[0]
    assert status == (200 if door.kind == "farm" else 413)


@pytest.mark.parametrize(("path", "size"), [("/", 300_000), ("/api/v1/inbox", 9_000_000)])
def test_a_body_beyond_the_limit_is_refused(door: Door, path: str, size: int) -> None:
    context = ssl.create_default_context(cafile=str(door.top / "ca.crt"))
    context.check_hostname = False
    context.load_cert_chain(door.top / "kiosk.crt", door.top / "kiosk.key")
    head = f"POST {path} HTTP/1.1\r\nHost: hub\r\nContent-Length: {size}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", door.port), 10) as line,
        context.wrap_socket(line) as sealed,
    ):
        sealed.sendall(head.encode())
        assert sealed.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_node_that_is_away_is_said_to_be_away_and_found_when_back(door: Door) -> None:
    sock = door.top / f"{door.kind}.sock"
    sock.rename(door.top / "away.sock")
    assert door.knock("kiosk", "/", b"a form")[0] == 502
    (door.top / "away.sock").rename(sock)
    assert door.knock("kiosk", "/", b"a form")[0] == 200
