"""The real Caddy with the real configuration; behind it two small servers that say who they are."""

from __future__ import annotations

import gzip
import http.client
import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.supervision import caddyfile
from config.supervision.daemons import front_door
from launcher.ports import free_port

HASHED = "portal.0123456789ab.js"


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with its name, the path, and who it thinks is calling."""

    name = ""

    def do_GET(self) -> None:
        body = f"{self.name} {self.path} {self.headers['X-Forwarded-For']} {self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def backend(name: str) -> Iterator[int]:
    handler = type("Named", (Echo,), {"name": name})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    folder = tmp_path_factory.mktemp("door with a space")
    static = folder / "static"
    static.mkdir()
    (static / HASHED).write_text("export const answer = 42;\n" * 200)
    (static / "plain.txt").write_text("plain")
    (folder / "secret.txt").write_text("not for the web")
    with backend("web") as web_port, backend("live") as live_port:
        door = caddyfile.Door("127.0.0.1", free_port(), web_port, live_port, static, folder)
        daemon = front_door(caddyfile.write(door))
        with subprocess.Popen(
            daemon.command, env={**os.environ, **daemon.environment}, stderr=subprocess.PIPE, text=True
        ) as caddy:
            assert caddy.stderr is not None
            assert any(daemon.ready_text in line for line in caddy.stderr)
            threading.Thread(target=caddy.stderr.read, daemon=True).start()
            yield door.host, door.port
            caddy.terminate()


def get(address: tuple[str, int], path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request(
        "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_pages_go_to_the_web_workers_and_sockets_to_the_live_process(address):
    assert get(address, "/inbox/")[1].startswith(b"web /inbox/ ")
    assert get(address, "/ws/live/")[1].startswith(b"live /ws/live/ ")


def test_the_client_s_own_claim_of_an_address_is_replaced(address):
    _, body = get(address, "/", X_Forwarded_For="203.0.113.9")

    assert body.split()[2] == b"127.0.0.1"


def test_the_host_the_client_asked_for_reaches_the_application(address):
    assert get(address, "/", Host="region.example:8080")[1].endswith(b" region.example:8080")


def test_the_application_s_security_headers_pass_untouched(address):
    response, _ = get(address, "/")

    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Server"] is None or "Caddy" not in response.headers["Server"]


def test_hashed_static_files_are_kept_for_a_year_and_sent_compressed(address):
    response, body = get(address, f"/static/{HASHED}", Accept_Encoding="gzip")

    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert gzip.decompress(body).startswith(b"export const answer = 42;")


def test_other_static_files_are_asked_for_again(address):
    assert get(address, "/static/plain.txt")[0].headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/static/../secret.txt", "/static/%2e%2e/secret.txt", "/static/absent.js"])
def test_nothing_but_static_files_is_served_from_the_disk(address, path):
    response, body = get(address, path)

    assert b"not for the web" not in body
    assert response.status in (200, 404)


def test_the_administration_port_of_the_door_is_shut(address):
    assert "admin off" in caddyfile.render(caddyfile.Door("127.0.0.1", 1, 2, 3, Path("/s"), Path("/f")))
