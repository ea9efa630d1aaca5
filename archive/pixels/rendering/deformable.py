"""Deformable spatial registrations: what an object says, as plain values for another process, and its vectors.

An object may hold hundreds of megabytes of vectors. They stay where they are: a decoder's process tells everything
else of them, with their bounds, and takes the few a picture needs when it is drawn.

Reference  PS3.3 §A.39.2, §C.20.3 (deformable spatial registration)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydicom import Dataset

from archive.pixels.errors import DECODING_FAILURES, unreadable
from archive.pixels.nesting import Elements, elements_of
from archive.pixels.rendering.deformations import Cells, Deformation, Field, Lattice, Vectors
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.references import Named, images_named
from archive.pixels.rendering.registrations import Registered, Registration, affine_matrix
from archive.pixels.walking import Data

DEFORMABLE_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.3"
MOST_VECTORS = 1 << 26
MOST_ITEMS = 1000
_REGISTRATIONS, _GRIDS, _VECTORS = 0x00640002, 0x00640005, 0x00640009
_BYTES_OF_VECTOR = 12


def registration_to_plain(data: Data) -> dict[str, Any]:
    """What the object says, but for its vectors.

    Raises  PixelsUnreadable: REGISTRATION_MATRIX, REGISTRATION_GRID if a matrix or a grid of it cannot be followed.
    """
    try:
        whole = elements_of(data)
        header = whole.dataset(without=[_REGISTRATIONS])
        items = whole.items(_REGISTRATIONS)
        if len(items) > MOST_ITEMS:
            raise unreadable("REGISTRATION_GRID")
        return {
            "frame_of_reference": str(header.get("FrameOfReferenceUID") or ""),
            "items": [_item_to_plain(one) for one in items],
        }
    except DECODING_FAILURES as error:
        raise unreadable("REGISTRATION_GRID") from error


def registration_from_plain(values: Mapping[str, Any], *, uid: str) -> Registration:
    """What `registration_to_plain` says of the object with this SOP Instance UID."""
    registered = [_registered(uid, number, each) for number, each in enumerate(values["items"])]
    return Registration(str(values["frame_of_reference"]), tuple(registered))


def field_of(data: Data, item: int) -> Field:
    """The deformation of an item, counted from 0. Its vectors are read of `data`, which has to last as long.

    Raises  PixelsUnreadable as `registration_to_plain`.
    """
    plain = _one_to_plain(data, item)
    deformation = _registered("", item, plain).deformation
    if deformation is None:
        raise unreadable("REGISTRATION_GRID")

    def taken(cells: Cells) -> Vectors:
        (grid,) = elements_of(data).items(_REGISTRATIONS)[item].items(_GRIDS)
        return _finite(_vectors(grid, deformation.lattice.counts)[cells])

    return Field(deformation, taken)


def _one_to_plain(data: Data, item: int) -> dict[str, Any]:
    """As `registration_to_plain`, of one item, and without bounds, for which all vectors have to be looked at."""
    try:
        return _item_to_plain(elements_of(data).items(_REGISTRATIONS)[item], is_bounded=False)
    except DECODING_FAILURES as error:
        raise unreadable("REGISTRATION_GRID") from error


def _item_to_plain(item: Elements, *, is_bounded: bool = True) -> dict[str, Any]:
    said = item.dataset(without=[_GRIDS])
    images = {uid: [one.frames, one.segments] for uid, one in images_named(said).items()}
    grids = item.items(_GRIDS)
    if len(grids) > 1:
        raise unreadable("REGISTRATION_GRID")
    return {
        "frame_of_reference": str(said.get("SourceFrameOfReferenceUID") or ""),
        "images": images,
        "before": _matrix(said, "PreDeformationMatrixRegistrationSequence").ravel().tolist(),
        "after": _matrix(said, "PostDeformationMatrixRegistrationSequence").ravel().tolist(),
        "grid": _grid_to_plain(grids[0], is_bounded=is_bounded) if grids else None,
    }


def _matrix(item: Dataset, keyword: str) -> Numbers:
    """That of the one item of a sequence; where there is none nothing is moved."""
    given = item.get(keyword) or ()
    if not given:
        return np.eye(4)
    matrix = affine_matrix(given[0]) if len(given) == 1 else None
    if matrix is None:
        raise unreadable("REGISTRATION_MATRIX")
    return matrix


def _grid_to_plain(grid: Elements, *, is_bounded: bool) -> dict[str, Any]:
    said = grid.dataset(without=[_VECTORS])
    counts = [int(count) for count in said.GridDimensions]
    values = [
        [float(value) for value in said[keyword].value]
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "GridResolution")
    ]
    _check(counts, *values)
    if len(grid.value(_VECTORS)) != math.prod(counts) * _BYTES_OF_VECTOR:
        raise unreadable("REGISTRATION_GRID")
    start, directions, steps = values
    bounds = _bounds(grid, (counts[0], counts[1], counts[2])) if is_bounded else ([0.0] * 3, [0.0] * 3)
    return {"start": start, "directions": directions, "steps": steps, "counts": counts, "bounds": bounds}


def _check(counts: list[int], start: list[float], directions: list[float], steps: list[float]) -> None:
    """Raises PixelsUnreadable if these are no grid, or one beyond any."""
    is_whole = [len(counts), len(start), len(directions), len(steps)] == [3, 3, 6, 3]
    if not is_whole or min(counts) < 1 or math.prod(counts) > MOST_VECTORS or min(steps) <= 0:
        raise unreadable("REGISTRATION_GRID")
    along_row, along_column = np.array(directions[:3]), np.array(directions[3:])
    measures = [along_row @ along_row, along_column @ along_column, along_row @ along_column]
    if not np.isfinite([*start, *directions, *steps]).all() or not np.allclose(
        measures, [1, 1, 0], atol=1e-3
    ):
        raise unreadable("REGISTRATION_GRID")


def _vectors(grid: Elements, counts: tuple[int, int, int]) -> Vectors:
    """By plane, row and column, where they lie."""
    columns, rows, planes = counts
    found: Vectors = np.frombuffer(grid.value(_VECTORS), f"{grid.encoding.order}f4")
    return found.reshape(planes, rows, columns, 3)


def _finite(vectors: Vectors) -> Vectors:
    """A copy in which a vector that is none in one direction is none in all of them (§C.20.3.1.3)."""
    copy = vectors.astype(np.float32)
    copy[~np.isfinite(copy).all(axis=-1)] = np.nan
    return copy


def _bounds(grid: Elements, counts: tuple[int, int, int]) -> tuple[list[float], list[float]]:
    """The least and the largest of all vectors in each direction; 0 if there is none."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for plane in _vectors(grid, counts):
        told = _finite(plane).reshape(-1, 3)
        told = told[~np.isnan(told[:, 0])]
        if len(told):
            low, high = np.minimum(low, told.min(axis=0)), np.maximum(high, told.max(axis=0))
    if not np.isfinite(low).all():
        return [0.0] * 3, [0.0] * 3
    return low.tolist(), high.tolist()


def _registered(uid: str, number: int, values: Mapping[str, Any]) -> Registered:
    images = {
        image: Named(tuple(frames), tuple(segments)) for image, (frames, segments) in values["images"].items()
    }
    before, after = (np.array(values[keyword]).reshape(4, 4) for keyword in ("before", "after"))
    grid = values["grid"]
    frame_of_reference = "" if images else str(values["frame_of_reference"])  # it is for these images alone
    if grid is None:
        return Registered(frame_of_reference, images, matrix=np.linalg.inv(after @ before))
    along_row, along_column = np.array(grid["directions"]).reshape(2, 3)
    columns, rows, planes = grid["counts"]
    lattice = Lattice(
        np.array(grid["start"]),
        np.array([along_row, along_column, np.cross(along_row, along_column)]),
        np.array(grid["steps"]),
        (columns, rows, planes),
    )
    low, high = (np.array(each) for each in grid["bounds"])
    deformation = Deformation(uid, number, before, after, lattice, low, high)
    return Registered(frame_of_reference, images, deformation=deformation)
