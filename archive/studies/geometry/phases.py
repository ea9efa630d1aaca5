"""Several images of one place: phases told apart by what their headers say, or the same image twice.

A 4D series takes every position once a phase. Which element tells the phases apart differs by modality
and vendor, so all that may are asked, the plainest first; acquisition times come last, because a scan that
was merely repeated has new ones too.

Reference  PS3.3 §C.7.6.16.2.13 (temporal position), §C.8.13.5.9 (diffusion), §C.8.3.1 (echo, trigger time)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset

TRAITS: dict[str, tuple[str, ...]] = {
    "temporal position": (
        "TemporalPositionIdentifier",
        "TemporalPositionIndex",
        "TemporalPositionTimeOffset",
    ),
    "b-value": ("DiffusionBValue",),
    "diffusion direction": ("DiffusionGradientOrientation",),
    "echo": ("EchoNumbers", "EchoTime", "EffectiveEchoTime"),
    "inversion time": ("InversionTime", "InversionTimes"),
    "trigger time": ("TriggerTime", "NominalCardiacTriggerDelayTime", "NominalPercentageOfCardiacPhase"),
    "respiratory phase": ("NominalPercentageOfRespiratoryPhase",),
    "image type": ("ImageType", "FrameType"),
    "reconstruction kernel": ("ConvolutionKernel",),
    "tube voltage": ("KVP",),
    "acquisition": ("AcquisitionNumber", "FrameAcquisitionNumber"),
    "acquisition time": ("AcquisitionDateTime", "AcquisitionTime", "FrameAcquisitionDateTime"),
}
KEYWORDS: tuple[str, ...] = tuple(dict.fromkeys(keyword for group in TRAITS.values() for keyword in group))


def traits_of(*places: Dataset) -> dict[str, Any]:
    """What the data sets say that may tell phases apart; the first place that says a thing is taken."""
    found: dict[str, Any] = {}
    for keyword in KEYWORDS:
        for place in places:
            value = place.get(keyword)
            if value not in (None, ""):
                found[keyword] = _plain(value)
                break
    return found


def told_apart_by(traits: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    """What tells images of one place apart, and into how many kinds; ("", 1) if nothing does.

    A single trait with a value of its own for each image is preferred; then all that vary together.
    """
    kinds = {name: _values(traits, keywords) for name, keywords in TRAITS.items()}
    for name, values in kinds.items():
        if len(set(values)) == len(traits):
            return name, len(traits)
    varying = {name: values for name, values in kinds.items() if len(set(values)) > 1}
    if not varying:
        return "", 1
    together = len(set(zip(*varying.values(), strict=True)))
    return " and ".join(list(varying)[:2]), together


def _values(traits: Sequence[Mapping[str, Any]], keywords: Sequence[str]) -> list[Hashable]:
    return [tuple(item.get(keyword) for keyword in keywords) for item in traits]


def _plain(value: Any) -> Hashable:
    """The value as something to compare: pydicom's numbers and lists as plain ones."""
    if isinstance(value, str | int):
        return value if isinstance(value, int) else str(value)
    if isinstance(value, float):
        return float(value)
    try:
        return tuple(_plain(part) for part in value)
    except TypeError:
        return str(value)
