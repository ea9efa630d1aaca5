"""Taking the face off the images of an object, by what its whole series shows of the head."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset

from archive.deidentification.decoders import frames_of
from archive.deidentification.faces.heads import Head, head_of
from archive.deidentification.faces.morphology import Field, Mask
from archive.deidentification.faces.planes import Plane, Samples, planes_of
from archive.deidentification.faces.scope import Showing, showing
from archive.deidentification.faces.siblings import Siblings
from archive.deidentification.faces.stacks import CoarseImage, coarse, gathered
from archive.deidentification.pixels import put_back
from common.errors import InvalidInput

Heads = dict[tuple[float, ...], Head]
AIR_HU, _TISSUE_HU = -1000.0, -500.0
_FAINTEST_UPTAKE, _FAINTEST_SIGNAL = 0.03, 0.05
_STANDARD_DEVIATION, _ABOVE_NOISE = (
    1.4826,
    6.0,
)  # of a normal distribution, from its median absolute deviation
_LEVELS = 256
_KEPT_SERIES = 2

_measured: OrderedDict[str, Heads] = OrderedDict()
_measuring = threading.Lock()


def clean_faces(dataset: FileDataset, siblings: Siblings | None) -> bool:
    """Take the face off an object's images in place; whether any pixel was changed.

    Raises  InvalidInput FACE_IN_PICTURE for a picture or surface of what may be a head; FACE_NEEDS_SERIES for a slice
            without its series; FACE_POSITION_UNKNOWN; and as `frames_of`.
    """
    match showing(dataset):
        case Showing.NO_FACE:
            return False
        case Showing.PICTURE:
            raise InvalidInput("The object may show a face that cannot be taken off", code="FACE_IN_PICTURE")
    planes = planes_of(dataset)
    frames = frames_of(dataset)
    heads = _heads(dataset, planes, frames, siblings)
    is_changed = False
    for plane, frame in zip(planes, frames, strict=True):
        goes = ~heads[plane.stack].kept(plane)
        air = _air(dataset, plane)
        is_changed = is_changed or bool((frame[goes] != air).any())
        frame[goes] = air
    if is_changed:
        put_back(dataset, frames)
    return is_changed


def _heads(dataset: Dataset, planes: list[Plane], frames: Samples, siblings: Siblings | None) -> Heads:
    """The heads in the stacks of a series: from the object alone where it is a volume by itself."""
    if len(planes) > 1:
        return _found(zip(planes, frames, strict=True), is_ct=_is_ct(dataset), is_pt=_is_pt(dataset))
    if siblings is None:
        raise InvalidInput(
            "A slice needs its series: it does not show by itself what of it is face",
            code="FACE_NEEDS_SERIES",
        )
    with _measuring:
        heads = _measured.get(siblings.key)
        if heads is None:
            heads = _found(_images(siblings), is_ct=_is_ct(dataset), is_pt=_is_pt(dataset))
            _measured[siblings.key] = heads
            while len(_measured) > _KEPT_SERIES:
                _measured.popitem(last=False)
    if planes[0].stack not in heads:
        raise InvalidInput("The slice is not among those of its series", code="FACE_NEEDS_SERIES")
    return heads


def _images(siblings: Siblings) -> Iterator[tuple[Plane, Samples]]:
    for data in siblings.load():
        dataset = dcmread(io.BytesIO(data))
        if showing(dataset) is Showing.HEAD:
            yield from zip(planes_of(dataset), frames_of(dataset), strict=True)


def _found(images: Iterable[tuple[Plane, Samples]], *, is_ct: bool, is_pt: bool) -> Heads:
    stacks: dict[tuple[float, ...], list[CoarseImage]] = defaultdict(list)
    for plane, samples in images:
        stacks[plane.stack].append(coarse(plane, samples))
    heads: Heads = {}
    for stack, members in stacks.items():
        grid, values = gathered(members, empty=AIR_HU if is_ct else 0.0)
        heads[stack] = head_of(grid, _tissue(values, is_ct=is_ct, is_pt=is_pt))
    return heads


def _tissue(values: Field, *, is_ct: bool, is_pt: bool) -> Mask:
    """Where there is a body: by Hounsfield units, a small part of the uptake, or what tells light from dark."""
    if is_ct:
        return values > _TISSUE_HU
    top = float(np.percentile(values, 99))
    if is_pt:
        return values > _FAINTEST_UPTAKE * top
    return values > _darkest_signal(values, top)


def _darkest_signal(values: Field, top: float) -> float:
    """The value from which on an MR is no noise: well above most of what is dark, for fat may be suppressed."""
    half = _between_dark_and_light(np.clip(values, 0, top)) / 2
    dark = values[values < half]
    if not dark.size:
        return half
    noise = float(np.median(dark))
    spread = float(np.median(np.abs(dark - noise))) * _STANDARD_DEVIATION
    return min(half, max(noise + _ABOVE_NOISE * spread, _FAINTEST_SIGNAL * top))


def _between_dark_and_light(values: Field) -> float:
    """The value that parts dark from light best (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=_LEVELS)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts).astype(np.float64)
    above = below[-1] - below
    mass = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = mass / below - (mass[-1] - mass) / above
        spread = np.nan_to_num(below * above * apart**2)
    return float(edges[int(spread.argmax()) + 1])


def _air(dataset: Dataset, plane: Plane) -> int:
    """The stored value of air, or of no signal, as near as the pixels can hold it."""
    wanted = round(((AIR_HU if _is_ct(dataset) else 0.0) - plane.intercept) / plane.slope)
    bits, is_signed = int(dataset.BitsStored), bool(dataset.get("PixelRepresentation", 0))
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    return min(max(wanted, low), high)


def _is_ct(dataset: Dataset) -> bool:
    """Whether values are Hounsfield units; those of X-Ray 3D images of jaws are not."""
    return str(dataset.get("Modality", "")) == "CT" and ".5.1.4.1.1.2" in str(dataset.get("SOPClassUID", ""))


def _is_pt(dataset: Dataset) -> bool:
    return str(dataset.get("Modality", "")) == "PT"
