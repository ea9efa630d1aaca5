"""Threads that stay with a connection for a moment keep nobody waiting."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from config import web_worker as shipped_worker
from integrations.dicomweb import multipart_reading
from tests.web_worker import web_worker

LIMIT_S = 30.0
LARGE_BODY, PAGE = 16 << 20, 4096
REQUEST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nbody"


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """A web worker that answers with the length of a body."""
    with web_worker("tests.integrations.dicomweb.slow_reader:application") as port:
        yield port


def ask(connection: HTTPConnection) -> bytes:
    connection.request("POST", "/", b"body")
    return connection.getresponse().read()


def test_requests_that_follow_at_once_are_answered_on_the_connection(server: int) -> None:
    connection = HTTPConnection("127.0.0.1", server, timeout=LIMIT_S)

    answers = [ask(connection)]
    kept = connection.sock
    answers += [ask(connection) for _ in range(20)]

    assert answers == [b"4"] * 21
    assert connection.sock is kept
    connection.close()


def test_requests_sent_before_the_answers_are_all_answered(server: int) -> None:
    with socket.create_connection(("127.0.0.1", server), timeout=LIMIT_S) as connection:
        connection.sendall(REQUEST * 3)
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 3:
            piece = connection.recv(65536)
            assert piece, "the server has closed the connection"
            received += piece


def test_who_asks_without_a_pause_keeps_no_one_from_the_only_thread(server: int) -> None:
    others = threading.Event()

    def ask_on() -> None:
        connection = HTTPConnection("127.0.0.1", server, timeout=LIMIT_S)
        while not others.is_set():
            ask(connection)
        connection.close()

    busy = threading.Thread(target=ask_on)
    busy.start()
    try:
        for _ in range(5):
            connection = HTTPConnection("127.0.0.1", server, timeout=LIMIT_S)
            assert ask(connection) == b"4"
            connection.close()
    finally:
        others.set()
        busy.join()


def test_a_large_body_comes_in_memory_the_worker_has(server: int) -> None:
    connection = HTTPConnection("127.0.0.1", server, timeout=LIMIT_S)
    body = bytes(LARGE_BODY)

    def faults_after_one() -> int:
        connection.request("POST", "/", body)
        answer = connection.getresponse()
        assert answer.read() == str(LARGE_BODY).encode()
        return int(answer.headers["Minor-Faults"])

    faults_after_one()
    before = faults_after_one()

    assert faults_after_one() - before < LARGE_BODY / PAGE / 8
    connection.close()


def test_a_multipart_message_is_asked_for_as_it_is_taken() -> None:
    assert multipart_reading.PIECE == shipped_worker.BODY_PIECE
