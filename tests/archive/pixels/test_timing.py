"""When frames were taken, by what their objects say (PS3.3 C.7.6.16.2.2 and the modules of classic images)."""

from __future__ import annotations

import pytest
from pydicom import Dataset
from pydicom.tag import Tag

from archive.pixels.rendering.timing import times_of
from tests.archive.pixels.states import item

DAY_S = 86400


def acquired(*, day: int, second: float) -> float:
    """Seconds since 1900, of a day of January 1900."""
    return (day - 1) * DAY_S + second


@pytest.mark.parametrize(
    ("header", "kind", "value"),
    [
        (item(TemporalPositionIdentifier=3), "position", 3),
        (item(TriggerTime="120.5"), "delay", 120.5),
        (item(FrameReferenceTime=60000), "reference", 60000),
        (item(AcquisitionDate="19000102", AcquisitionTime="000010.5"), "acquired", acquired(day=2, second=10.5)),
        (item(AcquisitionDateTime="19000103000000"), "acquired", acquired(day=3, second=0)),
        (item(FrameIncrementPointer=Tag("FrameTime")), "film", 2),
        (item(FrameIncrementPointer=Tag("FrameTimeVector")), "film", 2),
    ],
)  # fmt: skip
def test_times_of_classic_images(header, kind, value):
    assert times_of(header, 2) == {kind: value}


def test_times_of_enhanced_images_are_those_of_the_frame():
    frames = [
        item(
            FrameContentSequence=[
                item(TemporalPositionIndex=one, FrameAcquisitionDateTime=f"190001010000{one:02}")
            ],
            CardiacSynchronizationSequence=[item(NominalCardiacTriggerDelayTime=100.0 * one)],
        )
        for one in (1, 2)
    ]
    header = item(PerFrameFunctionalGroupsSequence=frames)

    assert times_of(header, 2) == {"position": 2, "delay": 200, "acquired": 2}


@pytest.mark.parametrize(
    "header",
    [
        Dataset(), item(AcquisitionTime="101500"), item(AcquisitionDate="20260301"),
        item(FrameIncrementPointer=Tag("GridFrameOffsetVector")), item(TriggerTime=None),
    ],
    ids=["nothing", "no day", "no hour", "frames in space", "empty"],
)  # fmt: skip
def test_what_is_not_told_is_not_there(header):
    assert times_of(header, 1) == {}
