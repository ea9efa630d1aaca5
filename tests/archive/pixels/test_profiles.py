"""Colour characteristics of pictures (PS3.18 §8.3.5.1.5)."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from archive.pixels.parsing import parse
from archive.pixels.rendering.drawing import drawn
from archive.pixels.rendering.wishes import Rendering
from tests.archive.pixels.images import image, part10
from tests.archive.pixels.states import COLOUR, carried, state

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# In this colour space what is called red is sRGB's green, and the other way round.
SWAPPED = SRGB.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
RED = np.array([[[255, 0, 0]]], np.uint8)


def made(of: np.ndarray, *, by: str | None = None, **wish) -> Image.Image:
    data = part10(image(of, **({} if by else {"ICCProfile": SWAPPED})))
    rendering = Rendering(format="PNG", with_profile=True, presentation=by, **wish)
    return Image.open(io.BytesIO(drawn(parse(data), data, rendering)))


def test_colours_come_with_their_own_profile():
    shown = made(RED)

    assert np.asarray(shown).tolist() == RED.tolist()
    assert shown.info["icc_profile"] == SWAPPED


def test_colours_are_turned_into_srgb_where_it_is_wished_for():
    shown = made(RED, in_srgb=True)

    assert np.abs(np.asarray(shown).astype(int) - [0, 255, 0]).max() <= 1
    of = ImageCms.ImageCmsProfile(io.BytesIO(shown.info["icc_profile"]))
    assert ImageCms.getProfileDescription(of).startswith("sRGB")


def test_the_profile_of_a_presentation_state_goes_before_that_of_the_image():
    by = carried(state(COLOUR, ICCProfile=SWAPPED))

    assert np.abs(np.asarray(made(RED, by=by, in_srgb=True)).astype(int) - [0, 255, 0]).max() <= 1


@pytest.mark.parametrize("profile", [b"no profile", SWAPPED[:200]])
def test_colours_with_a_profile_that_cannot_be_read_are_left_as_they_are(profile):
    by = carried(state(COLOUR, ICCProfile=profile))

    assert np.asarray(made(RED, by=by, in_srgb=True)).tolist() == RED.tolist()
