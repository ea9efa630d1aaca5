"""The listener on real sockets: order, noise, slow and broken peers, stopping."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace

import pytest

from archive.orders.models import Order
from integrations.hl7.listener import Limits
from integrations.hl7.mllp import BrokenFrame, Client, Frame, FrameDecoder, framed
from integrations.hl7.models import MessageLog
from tests.integrations.hl7.messages import ORDER, adt, his_link, order_message, verdict

needs_threads = pytest.mark.django_db(transaction=True)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answers(stream: socket.socket, count: int) -> list[bytes]:
    decoder = FrameDecoder()
    found: list[Frame | BrokenFrame] = []
    while len(found) < count and (data := stream.recv(65536)):
        found += decoder.feed(data)
    return [frame.data for frame in found]


@needs_threads
def test_an_order_sent_by_mllp_is_committed_when_its_aa_arrives(cast, serve):
    his_link(cast)
    with Client("127.0.0.1", serve().port) as client:
        answer = client.exchange(order_message())
        assert verdict(answer)[0] == "AA"
        assert Order.objects.count() == 1
        assert MessageLog.objects.get().status == "accepted"


@needs_threads
def test_the_same_message_on_two_connections_at_once_is_one_order(cast, serve):
    his_link(cast)
    port = serve().port
    found: list[bytes] = []

    def send() -> None:
        with Client("127.0.0.1", port) as client:
            found.append(client.exchange(order_message()))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 4
    assert len(set(found)) == 1
    assert verdict(found[0])[0] == "AA"
    assert Order.objects.count() == MessageLog.objects.count() == 1


@needs_threads
def test_two_orders_for_a_new_patient_at_once_make_one_patient(cast, serve):
    his_link(cast)
    port = serve().port

    def send(number: int) -> None:
        message = order_message(replace(ORDER, placer_order_number=f"PO-{number}"), control_id=f"M{number}")
        with Client("127.0.0.1", port) as client:
            assert verdict(client.exchange(message))[0] == "AA"

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert Order.objects.count() == 4
    assert len(set(Order.objects.values_list("patient", flat=True))) == 1


@needs_threads
def test_garbage_before_and_between_messages_never_stops_the_listener(cast, serve):
    his_link(cast)
    with connect(serve().port) as stream:
        stream.sendall(b"\xff\x00GET / HTTP/1.1\r\n\r\n" + framed(b"\xfe no message"))
        stream.sendall(b"\x1c\x1c\r" + framed(adt()) + b"\n\n" + framed(b""))
        first, second, third = answers(stream, 3)
    assert verdict(first)[:2] == ("AE", "100")
    assert verdict(second)[0] == "AA"
    assert verdict(third)[:2] == ("AE", "100")
    assert MessageLog.objects.count() == 3


@needs_threads
def test_a_message_cut_off_by_a_lost_connection_is_kept_but_never_dealt_with(cast, serve):
    his_link(cast)
    with connect(serve().port) as stream:
        stream.sendall(framed(adt())[:-30])
        stream.shutdown(socket.SHUT_WR)
        assert stream.recv(100) == b""
    row = MessageLog.objects.get()
    assert (row.status, row.error_code, row.control_id) == ("rejected", "FRAME_CUT_OFF", "A1")


@needs_threads
def test_too_large_a_message_is_refused_kept_in_part_and_the_next_is_served(cast, serve):
    his_link(cast)
    with connect(serve(limits=Limits(max_frame_bytes=500)).port) as stream:
        stream.sendall(framed(adt() + b"NTE|1||" + b"x" * 600 + b"\r"))
        stream.sendall(framed(adt(control_id="A2")))
        large, small = answers(stream, 2)
    assert verdict(large)[0] == "AE"
    assert b"MSA|AE|A1|The message is too large." in large
    assert verdict(small)[0] == "AA"
    assert MessageLog.objects.get(error_code="FRAME_TOO_LARGE").control_id == "A1"


def echo(data: bytes) -> bytes:
    return b"answer to " + data


def nothing(data: bytes, is_too_large: bool) -> bytes:
    return b""


def test_messages_of_one_connection_are_answered_in_order(serve):
    served = serve(echo, nothing)
    with connect(served.port) as stream:
        stream.sendall(b"".join(framed(b"%d" % number) for number in range(50)))
        assert answers(stream, 50) == [b"answer to %d" % number for number in range(50)]


def test_a_slow_message_keeps_nobody_else_waiting(serve):
    hold = threading.Event()

    def receive(data: bytes) -> bytes:
        if data == b"slow":
            assert hold.wait(20)
        return echo(data)

    served = serve(receive, nothing)
    with Client("127.0.0.1", served.port) as quick, connect(served.port) as slow:
        slow.sendall(framed(b"slow"))
        assert quick.exchange(b"quick") == b"answer to quick"
        hold.set()
        assert answers(slow, 1) == [b"answer to slow"]


def test_a_peer_that_begins_a_message_and_never_ends_it_is_hung_up_on(serve):
    kept: list[bytes] = []

    def note(data: bytes, is_too_large: bool) -> bytes:
        kept.append(data)
        return b""

    served = serve(echo, note, Limits(frame_timeout_s=0.2))
    with connect(served.port) as stream:
        stream.sendall(b"\x0bMSH|^~")
        assert stream.recv(100) == b""
    assert kept == [b"MSH|^~"]
    with Client("127.0.0.1", served.port) as client:
        assert client.exchange(b"next") == b"answer to next"


def test_a_peer_that_only_makes_noise_is_hung_up_on(serve):
    served = serve(echo, nothing, Limits(max_noise_bytes=100))
    with connect(served.port) as stream:
        stream.sendall(b"x" * 200)
        assert stream.recv(100) == b""


def test_more_connections_than_allowed_are_turned_away_and_places_come_free(serve):
    served = serve(echo, nothing, Limits(max_connections=1))
    with Client("127.0.0.1", served.port) as first:
        assert first.exchange(b"1") == b"answer to 1"
        with connect(served.port) as second:
            assert second.recv(100) == b""
        assert first.exchange(b"2") == b"answer to 2"


def test_stopping_answers_the_message_in_hand_and_closes_idle_connections(serve):
    begun, hold = threading.Event(), threading.Event()

    def receive(data: bytes) -> bytes:
        begun.set()
        assert hold.wait(20)
        return echo(data)

    served = serve(receive, nothing)
    with connect(served.port) as idle, connect(served.port) as busy:
        busy.sendall(framed(b"last"))
        assert begun.wait(10)
        stopping = threading.Thread(target=served.stop)
        stopping.start()
        assert idle.recv(100) == b""
        hold.set()
        assert answers(busy, 1) == [b"answer to last"]
        stopping.join(20)
    assert not stopping.is_alive()
    with pytest.raises(OSError):
        connect(served.port)
