"""A decoder that dies over an object to be de-identified, or comes to no end: it is refused, and who asked lives on."""

from __future__ import annotations

import io
import os
import signal

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import RLELossless

from archive.deidentification import burnt_in, decoders
from archive.deidentification.decoders import frames_of
from archive.deidentification.options import Option
from archive.deidentification.services import Profile, deidentify
from archive.pixels.pool import Decoder, cleaning_pool
from common.errors import InvalidInput
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import secondary_capture
from tests.archive.deidentification.conftest import as_file

CLEAN = Profile(frozenset({Option.CLEAN_PIXEL_DATA}))


@pytest.fixture
def screen():
    return secondary_capture(StudyHeader(), lines=("ZHANG WEIMIN",), rows=64, columns=96, text_px=12)


@pytest.fixture
def compressed(screen):
    screen.compress(RLELossless, generate_instance_uid=False)
    return dcmread(io.BytesIO(as_file(screen)))


@pytest.fixture
def dying(monkeypatch):
    """While it lasts, decoders die over what they are asked."""
    ask = Decoder.ask

    def killed(self, head, body, *, timeout_s):
        self.process.kill()
        return ask(self, head, body, timeout_s=timeout_s)

    with monkeypatch.context() as patched:
        patched.setattr(Decoder, "ask", killed)
        yield patched


@pytest.fixture
def detector(monkeypatch):
    """As if it were installed: where the decoder does not live to look for text."""
    monkeypatch.setattr(burnt_in, "is_available", lambda: True)


def refusal_of(ds):
    with pytest.raises(InvalidInput) as refused:
        deidentify(as_file(ds), profile=CLEAN)
    return refused.value.code


def test_an_object_over_which_the_decoder_dies_is_refused_by_name_and_the_next_one_is_decoded(
    compressed, detector, dying
):
    assert refusal_of(compressed) == "DECODER_CRASHED"

    dying.undo()

    np.testing.assert_array_equal(frames_of(compressed)[0], compressed.pixel_array)


def test_an_object_that_takes_too_long_is_refused_by_name(compressed, detector, monkeypatch):
    frames_of(compressed)
    stopped = cleaning_pool()._idle[0].process
    os.kill(stopped.pid, signal.SIGSTOP)
    monkeypatch.setattr(decoders, "CLEANING_LIMIT_S", 0.05)

    assert refusal_of(compressed) == "DECODING_TOO_SLOW"
    assert stopped.returncode == -signal.SIGKILL


def test_frames_that_need_no_codec_need_no_decoder(screen, dying):
    native = dcmread(io.BytesIO(as_file(screen)))

    np.testing.assert_array_equal(frames_of(native)[0], native.pixel_array)


def test_the_decoder_is_told_nothing_of_whom_it_sees(compressed, monkeypatch):
    given = []
    ask = Decoder.ask

    def watched(self, head, body, *, timeout_s):
        given.append((head, dcmread(io.BytesIO(body))))
        return ask(self, head, body, timeout_s=timeout_s)

    monkeypatch.setattr(Decoder, "ask", watched)
    assert compressed.PatientName

    frames_of(compressed)

    ((head, told),) = given
    assert head["arguments"] == {}
    described = {"SOPClassUID", "SOPInstanceUID", "Modality", "PixelData"}
    assert {element.keyword for element in told if element.tag.group != 0x0028} == described
