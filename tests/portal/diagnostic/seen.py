"""What a page of the viewer shows, read from its screenshot."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page

DRAWN = 300
"""From so many points on something is drawn."""


def coloured(page: Page) -> int:
    """How many points in the middle of the viewport are neither black, grey nor white."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    channels = np.asarray(picture, np.int16)[200:800, 420:1260]
    return int(np.count_nonzero(np.ptp(channels, axis=2) > 40))


def middle_of(page: Page) -> np.ndarray[Any, np.dtype[np.int16]]:
    """The grey values of what is shown in the middle of the images, where no words stand."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"), np.int16)[250:750, 500:1180]


def tissue(page: Page) -> list[int]:
    """How many points in the middle of each viewport are grey: neither black nor white as words are."""
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"), np.int16)
    counts = []
    for viewport in page.locator(".viewport-element").all():
        box = viewport.bounding_box()
        assert box is not None
        left, top = int(box["x"] + box["width"] / 4), int(box["y"] + box["height"] / 4)
        middle = shown[top : top + int(box["height"] / 2), left : left + int(box["width"] / 2)]
        is_grey = (np.ptp(middle, axis=2) < 10) & (middle[..., 0] > 60) & (middle[..., 0] < 220)
        counts.append(int(np.count_nonzero(is_grey)))
    return counts
