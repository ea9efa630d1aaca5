"""Clients that do not send hold no thread for ever: the wait for them ends, with 408 where they still listen."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from tests.web_worker import web_worker

LIMIT_S = 20.0
HEAD = b"POST / HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """A web worker with a patience of half a second."""
    with web_worker("tests.integrations.dicomweb.slow_reader:application") as port:
        yield port


def answer_to(port: int, *pieces: bytes, every_s: float = 0.0) -> tuple[int, bytes]:
    """Status and payload of the answer to what is sent piece by piece, until there is one."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
        for piece in pieces:
            connection.sendall(piece)
            if every_s and select.select([connection], [], [], every_s)[0]:
                break
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.read()


def test_a_client_that_falls_silent_is_told_so_and_lets_the_next_one_in(server):
    began = time.monotonic()

    status, report = answer_to(server, HEAD + b"Content-Length: 1000\r\n\r\nfirst words")

    assert (status, json.loads(report)["code"]) == (408, "REQUEST_TIMEOUT")
    assert time.monotonic() - began < LIMIT_S
    assert answer_to(server, HEAD + b"Content-Length: 4\r\n\r\nbody") == (200, b"4")


def test_a_client_that_sends_a_byte_now_and_then_is_no_better(server):
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

    status, _report = answer_to(server, head, *[b"1\r\nx\r\n"] * 200, every_s=0.1)

    assert status == 408


def test_a_body_that_comes_in_time_is_taken_whole(server):
    whole = b"x" * (3 << 20)

    taken = answer_to(server, HEAD + f"Content-Length: {len(whole)}\r\n\r\n".encode(), whole)

    assert taken == (200, str(len(whole)).encode())
