"""When frames were taken, in each way their objects tell it.

A position in time is counted, and the same in all places; everything else is measured, and differs a little from one
place to the next. Numbers of one kind grow with time and mean nothing beside those of another kind.

Reference  PS3.3 §C.7.6.16.2.2 (frame content), §C.7.6.16.2.7 (cardiac synchronization), §C.8.9.4 (PET image),
           §C.7.6.5 (cine), §C.8.3.1 (MR image)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from pydicom import Dataset
from pydicom.valuerep import DA, DT, TM

from archive.pixels.functional_groups import frame_value

POSITION = "position"
KINDS = (POSITION, "delay", "reference", "acquired", "film")  # what tells best, first
_FRAME_TIME, _FRAME_TIME_VECTOR = 0x00181063, 0x00181065
Times = dict[str, float]


def times_of(header: Dataset, frame: int) -> Times:
    """The times of a frame by kind, of those that it tells."""
    ways: dict[str, Callable[[Dataset, int], float | None]] = {
        POSITION: _position,
        "delay": _delay,
        "reference": lambda one, _frame: _number(one.get("FrameReferenceTime")),
        "acquired": _acquired,
        "film": _place_in_film,
    }
    found = {kind: way(header, frame) for kind, way in ways.items()}
    return {kind: value for kind, value in found.items() if value is not None}


def _position(header: Dataset, frame: int) -> float | None:
    index = frame_value(header, frame, "FrameContentSequence", "TemporalPositionIndex")
    return _number(header.get("TemporalPositionIdentifier") if index is None else index)


def _delay(header: Dataset, frame: int) -> float | None:
    """Behind the R wave, in ms."""
    group = "CardiacSynchronizationSequence"
    delay = frame_value(header, frame, group, "NominalCardiacTriggerDelayTime")
    return _number(header.get("TriggerTime") if delay is None else delay)


def _acquired(header: Dataset, frame: int) -> float | None:
    """Seconds; of a frame when its acquisition began, else of the image."""
    said = frame_value(header, frame, "FrameContentSequence", "FrameAcquisitionDateTime")
    moment = _moment(said or header.get("AcquisitionDateTime"))
    if moment is None:
        day, hour = _read(DA, header.get("AcquisitionDate")), _read(TM, header.get("AcquisitionTime"))
        if not isinstance(day, date) or not isinstance(hour, time):
            return None
        moment = datetime.combine(day, hour)
    return (moment.replace(tzinfo=None) - datetime(1900, 1, 1)).total_seconds()  # noqa: DTZ001 - none is told


def _place_in_film(header: Dataset, frame: int) -> float | None:
    """The frame's number, where the frames of a film come one after the other in time."""
    pointer = header.get("FrameIncrementPointer")
    is_told = isinstance(pointer, int) and pointer in {_FRAME_TIME, _FRAME_TIME_VECTOR}
    return float(frame) if is_told else None


def _moment(value: Any) -> datetime | None:
    found = _read(DT, value)
    return found if isinstance(found, datetime) else None


def _read(kind: Callable[[str], Any], value: Any) -> Any:
    try:
        return kind(str(value)) if value else None
    except ValueError:
        return None


def _number(value: Any) -> float | None:
    try:
        return None if value is None or value == "" else float(value)
    except (TypeError, ValueError):
        return None
