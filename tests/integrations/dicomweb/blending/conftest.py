"""Theo's browser, and two images of two frames of reference."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client

from tests.integrations.dicomweb.blending.stored import FRAME, OTHER_FRAME, VALUES, store_over
from tests.personas import Cast
from tests.portal.stored_images import store_ct


@pytest.fixture
def theo(client: Client, cast: Cast) -> Client:
    client.force_login(cast.theo)
    return client


@pytest.fixture
def images(cast: Cast) -> tuple[str, str]:
    """An image of 0 HU, and one of 10 HU a column and 1 HU a row in another frame of reference; both at 0 mm."""
    below = store_ct(cast.county, slices=1, FrameOfReferenceUID=FRAME).instances.get().sop_instance_uid
    pixels = (VALUES + 1000).astype(np.uint16).tobytes()
    return below, store_over(cast.county, 0, FrameOfReferenceUID=OTHER_FRAME, PixelData=pixels)
