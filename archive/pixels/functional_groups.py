"""Values a classic image holds at the top, an enhanced one in functional groups (PS3.3 §C.7.6.16)."""

from __future__ import annotations

from typing import Any

from pydicom import Dataset


def frame_value(dataset: Dataset, frame: int, group: str, keyword: str) -> Any:
    """The value for one frame: from its own functional group, else the shared one, else the top level."""
    per_frame = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    places = [*per_frame[frame - 1 : frame], *shared[:1]]
    for place in places:
        for item in (place.get(group) or [])[:1]:
            if item.get(keyword) is not None:
                return item.get(keyword)
    return dataset.get(keyword)
