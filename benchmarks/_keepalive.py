"""An HTTP client that keeps its connection and acknowledges at once, so that what is measured is the server.

It understands what the servers here send: Content-Length and chunks, no redirects, no compression.

Reference  RFC 9112 §6 (message body length), §7.1 (chunked)
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

_AT_ONCE = 1 << 18
_GOOD = frozenset({200, 204})


@dataclass(frozen=True, slots=True)
class Server:
    """Where a DICOMweb server answers, and the headers that open its door."""

    name: str
    port: int
    root: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body) if self.body else []


class Client:
    """One connection to a server. Paths are below its root."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, path: str, *, accept: str) -> Response:
        return self.send("GET", path, {"Accept": accept})

    def post(self, path: str, body: bytes, *, content_type: str, accept: str) -> Response:
        return self.send("POST", path, {"Accept": accept, "Content-Type": content_type}, body)

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """One request and its whole response. Raises AssertionError if the server hangs up."""
        self._socket.sendall(self._head(method, path, headers, len(body)))
        if body:
            self._socket.sendall(body)
        return self._response()

    def _head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        sent = {"Host": f"127.0.0.1:{self._server.port}", **dict(self._server.headers), **headers}
        if method != "GET":
            sent["Content-Length"] = str(length)
        lines = [f"{method} {self._server.root}{path} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _response(self) -> Response:
        while b"\r\n\r\n" not in self._held:
            self._more()
        head, _, self._held = self._held.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split()[1])
        if "chunked" in headers.get("transfer-encoding", ""):
            return Response(status, headers, b"".join(self._chunks()))
        if "content-length" not in headers and status == 200:
            return Response(status, headers, self._rest())
        return Response(status, headers, self._take(int(headers.get("content-length", 0))))

    def _rest(self) -> bytes:
        """A body whose end is the end of the connection: the client has asked its last (RFC 9112 §6.3)."""
        found = [self._held]
        self._held = b""
        while found[-1] or len(found) == 1:
            self._acknowledge()
            found.append(self._socket.recv(_AT_ONCE))
        return b"".join(found)

    def _chunks(self) -> list[bytes]:
        found = []
        while size := int(self._line().partition(b";")[0], 16):
            found.append(self._take(size))
            self._take(2)
        self._take(2)
        return found

    def _line(self) -> bytes:
        while b"\r\n" not in self._held:
            self._more()
        line, _, self._held = self._held.partition(b"\r\n")
        return line

    def _take(self, count: int) -> bytes:
        """The next bytes; what has to be waited for is read straight into its place."""
        if len(self._held) >= count:
            taken, self._held = self._held[:count], self._held[count:]
            return taken
        taken_in = bytearray(count)
        have = len(self._held)
        taken_in[:have], self._held = self._held, b""
        view = memoryview(taken_in)
        while have < count:
            self._acknowledge()
            got = self._socket.recv_into(view[have:])
            assert got, "the server has closed the connection"
            have += got
        return bytes(taken_in)

    def _more(self) -> None:
        self._acknowledge()
        piece = self._socket.recv(_AT_ONCE)
        assert piece, "the server has closed the connection"
        self._held += piece

    def _acknowledge(self) -> None:
        """Linux forgets this option as it goes: it is set anew before every read."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


@dataclass(frozen=True, slots=True)
class Load:
    """What several clients saw who asked at once."""

    seconds: float
    latencies_ms: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds


def load(server: Server, paths: Sequence[str], *, accept: str, clients: int, each: int) -> Load:
    """`clients` processes that each send `each` requests, one after the other, through the paths in turn.

    The clock starts when all are connected, and each has had one answer.
    """
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(clients + 1)
    results = context.SimpleQueue()
    facts = {"server": server, "accept": accept, "each": each, "barrier": barrier, "results": results}
    workers = [
        context.Process(
            target=_ask, kwargs={**facts, "paths": [*paths[number:], *paths[:number]]}, daemon=True
        )
        for number in (client * len(paths) // clients for client in range(clients))
    ]
    for worker in workers:
        worker.start()
    barrier.wait(timeout=120)
    began = time.perf_counter()
    found = [results.get() for _ in workers]
    seconds = time.perf_counter() - began
    for worker in workers:
        worker.join()
    assert None not in found, "a client got no good answer"
    return Load(seconds, tuple(latency for latencies in found for latency in latencies))


def _ask(*, server: Server, paths: Sequence[str], accept: str, each: int, barrier: Any, results: Any) -> None:
    latencies: list[float] | None = None
    with Client(server) as client:
        try:
            assert client.get(paths[0], accept=accept).status in _GOOD
            barrier.wait(timeout=120)
            latencies = [_timed(client, paths[turn % len(paths)], accept) for turn in range(each)]
        except AssertionError:
            barrier.abort()
            latencies = None
        finally:
            results.put(latencies)


def _timed(client: Client, path: str, accept: str) -> float:
    began = time.perf_counter()
    response = client.get(path, accept=accept)
    milliseconds = (time.perf_counter() - began) * 1000
    assert response.status in _GOOD, response.status
    return milliseconds
