"""What a phantom is made of, and what is known of it by arithmetic alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from compute.phantoms.shapes import Shape, Vector

HYDROXYAPATITE_MG_PER_CM3_PER_HU = 0.8


@dataclass(frozen=True)
class Known:
    """The closed-form numbers of one structure; None where a number does not apply.

    Units  mm, mm3, mg of hydroxyapatite; value in HU (CT) or arbitrary units (MR).
    """

    name: str
    kind: str
    value: float
    center_mm: Vector
    diameter_mm: float | None = None
    volume_mm3: float | None = None
    length_mm: float | None = None
    mass_mg_ha: float | None = None
    axis: Vector | None = None


@dataclass(frozen=True)
class Structure:
    """A solid filled with one value. Later structures replace what earlier ones put in a place.

    `subsamples` a side and voxel: small solids whose volume matters are sampled finer than the grid.
    """

    shape: Shape
    value: float
    known: Known | None = None
    subsamples: int = 1


@dataclass(frozen=True)
class GroundTruth:
    """Every structure of a phantom with its numbers."""

    kind: str
    structures: tuple[Known, ...]

    def named(self, name: str) -> Known:
        return next(known for known in self.structures if known.name == name)

    def of_kind(self, kind: str) -> tuple[Known, ...]:
        return tuple(known for known in self.structures if known.kind == kind)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Phantom:
    """An imagined body: a background, structures in painting order, and how noisy its scanner is."""

    kind: str
    modality: str
    background: float
    structures: tuple[Structure, ...]
    noise: float = 0.0
    seed: int = 0
    value_range: tuple[float, float] = field(default=(-1024.0, 3071.0))

    @property
    def ground_truth(self) -> GroundTruth:
        known = tuple(s.known for s in self.structures if s.known is not None)
        return GroundTruth(self.kind, known)
