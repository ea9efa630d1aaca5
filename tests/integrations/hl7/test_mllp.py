from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integrations.hl7.mllp import BrokenFrame, Frame, FrameDecoder, framed

PAYLOAD = st.binary(max_size=60).map(lambda data: data.replace(b"\x0b", b"").replace(b"\x1c", b""))


def decode(stream: bytes, **limits: int) -> list[Frame | BrokenFrame]:
    return FrameDecoder(**limits).feed(stream)


def test_a_frame_is_start_message_end_and_carriage_return():
    assert framed(b"MSH") == b"\x0bMSH\x1c\r"


@given(st.lists(PAYLOAD, max_size=5), st.integers(1, 20))
def test_frames_come_out_whole_however_the_stream_is_cut(messages, size):
    stream = b"".join(framed(message) for message in messages)
    decoder = FrameDecoder()
    found = []
    for begin in range(0, len(stream), size):
        found += decoder.feed(stream[begin : begin + size])
    assert found == [Frame(message) for message in messages]
    assert decoder.noise_bytes == 0
    assert not decoder.is_inside


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 64))
def test_no_stream_breaks_the_decoder_or_makes_it_hoard(parts, max_bytes):
    decoder = FrameDecoder(max_bytes=max_bytes)
    for part in parts:
        decoder.feed(part)
        assert len(decoder.unfinished) <= max_bytes
    assert Frame(b"ok") in decoder.feed(b"\x1c" + framed(b"ok")) or max_bytes < 2


def test_noise_between_frames_is_counted_and_passed_over():
    decoder = FrameDecoder()
    assert decoder.feed(b"garbage" + framed(b"one") + b"\r\n" + framed(b"two")) == [
        Frame(b"one"),
        Frame(b"two"),
    ]
    assert decoder.noise_bytes == 7


def test_the_carriage_return_after_the_end_may_be_missing():
    assert decode(b"\x0bone\x1c\x0btwo\x1c") == [Frame(b"one"), Frame(b"two")]


def test_a_frame_cut_off_by_another_is_reported_and_the_other_is_whole():
    assert decode(b"\x0bhalf" + framed(b"whole")) == [
        BrokenFrame(b"half", is_too_large=False),
        Frame(b"whole"),
    ]


def test_too_large_a_frame_is_reported_once_and_the_next_is_read():
    stream = framed(b"x" * 100) + framed(b"ok")
    assert decode(stream, max_bytes=10) == [BrokenFrame(b"x" * 10, is_too_large=True), Frame(b"ok")]
