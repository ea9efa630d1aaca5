"""The images of each input, as plain values that are handed to a decoder's process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.volumetric.lattices import Lattice


@dataclass(frozen=True, slots=True)
class InputImages:
    """The images of one input that the view reaches: those of its lattice from the `first` on.

    Each is its object, counted from 0 among those handed over, and its frame in it. `matrix` leads from the state's
    coordinates to those of the images; None if they are the same.
    """

    number: int
    lattice: Lattice
    first: int
    frames: tuple[tuple[int, int], ...]
    matrix: Numbers | None = None

    def to_plain(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "lattice": self.lattice.to_plain(),
            "first": self.first,
            "frames": [list(frame) for frame in self.frames],
            "matrix": None if self.matrix is None else self.matrix.tolist(),
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> InputImages:
        matrix = values["matrix"]
        return cls(
            number=values["number"],
            lattice=Lattice.from_plain(values["lattice"]),
            first=values["first"],
            frames=tuple((at, frame) for at, frame in values["frames"]),
            matrix=None if matrix is None else np.array(matrix),
        )
