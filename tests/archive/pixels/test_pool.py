"""The decoders' processes: what becomes of a crash, of an endless decoding, and of too many callers."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.pixels.errors import PixelsUnreadable
from archive.pixels.pool import PixelPool
from archive.pixels.rendering import services
from archive.pixels.rendering.services import rendered
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.sources import PixelSource
from archive.storage.volumes.base import LocalSlice
from common.errors import NotFound, Unavailable
from tests.archive.pixels.images import image, part10

SAMPLES = [[0, 1], [2, 3]]
FRAME = {"frame": 1, "target": "1.2.840.10008.1.2.1"}


@pytest.fixture
def pool() -> Iterator[PixelPool]:
    pool = PixelPool(processes=1, queue=1)
    yield pool
    pool.close()


@pytest.fixture
def source() -> PixelSource:
    return PixelSource(data=part10(image(SAMPLES)))


def test_frame_comes_back_from_another_process(pool, source):
    answer = pool.run("transcode_frame", FRAME, source)

    assert answer.body == bytes([0, 0, 1, 0, 2, 0, 3, 0])
    assert answer.facts == {"photometric": "MONOCHROME2"}


def test_object_in_a_file_is_read_there_and_nothing_of_its_neighbours(pool, source, tmp_path: Path):
    file = tmp_path / "segment"
    file.write_bytes(b"x" * 5000 + source.data + b"y" * 5000)

    answer = pool.run("transcode_frame", FRAME, PixelSource(LocalSlice(file, 5000, len(source.data))))

    assert answer.body == bytes([0, 0, 1, 0, 2, 0, 3, 0])


def test_decoder_that_crashes_breaks_its_own_task_and_is_replaced(pool, source):
    pool.run("transcode_frame", FRAME, source)
    stopped = pool._idle[0].process
    os.kill(stopped.pid, signal.SIGSTOP)
    refusals: list[PixelsUnreadable] = []

    def ask() -> None:
        try:
            pool.run("transcode_frame", FRAME, source)
        except PixelsUnreadable as error:
            refusals.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    while pool._idle:
        pass
    os.kill(stopped.pid, signal.SIGKILL)
    asking.join(timeout=20)

    assert [error.code for error in refusals] == ["DECODER_CRASHED"]
    assert pool.run("transcode_frame", FRAME, source).body
    assert pool._idle[0].process.pid != stopped.pid


def test_decoding_that_takes_too_long_is_ended(pool, source):
    pool.run("transcode_frame", FRAME, source)
    stopped = pool._idle[0].process
    os.kill(stopped.pid, signal.SIGSTOP)

    with pytest.raises(PixelsUnreadable) as refusal:
        pool.run("transcode_frame", FRAME, source, timeout_s=0.05)

    assert refusal.value.code == "DECODING_TOO_SLOW"
    assert stopped.returncode == -signal.SIGKILL
    assert pool.run("transcode_frame", FRAME, source).body


def test_decoder_ended_while_idle_is_nobodys_fault(pool, source):
    pool.run("transcode_frame", FRAME, source)
    pool._idle[0].process.kill()
    pool._idle[0].process.wait()

    assert pool.run("transcode_frame", FRAME, source).body


def test_full_queue_is_told_as_something_that_passes(source):
    full = PixelPool(processes=0, queue=0)

    with pytest.raises(Unavailable):
        full.run("transcode_frame", FRAME, source)
    with pytest.raises(Unavailable):
        PixelPool(processes=0, queue=1, patience_s=0.01).run("transcode_frame", FRAME, source)


def test_film_that_is_being_drawn_keeps_other_films_waiting_and_no_picture(source, monkeypatch):
    films = PixelPool(processes=0, queue=1, patience_s=0.01)
    monkeypatch.setattr(services, "film_pool", lambda: films)

    with pytest.raises(Unavailable) as refusal:
        rendered(source, Rendering(format="GIF"))

    assert refusal.value.code == "PIXELS_BUSY"
    assert rendered(source, Rendering(format="PNG", with_profile=True)).startswith(b"\x89PNG")


def test_refusal_of_the_decoder_comes_back_with_its_code(pool, source):
    with pytest.raises(NotFound) as refusal:
        pool.run("transcode_frame", {**FRAME, "frame": 2}, source)
    assert refusal.value.code == "NO_SUCH_FRAME"

    with pytest.raises(PixelsUnreadable) as unreadable:
        pool.run("transcode_frame", FRAME, PixelSource(data=b"no DICOM at all" * 20))
    assert unreadable.value.code == "PIXELS_UNREADABLE"
