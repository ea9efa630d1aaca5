"""Spatial registrations: by which matrix or deformation images come to lie in another frame of reference.

Conventions  a matrix is affine, 4 by 4, and leads from the coordinates of the images to the registered ones, in mm.
             A deformation leads the other way, and there is no way back through it.
Reference    PS3.3 §A.39.1, §C.20.2 (spatial registration), §C.20.2.1.1 and §C.20.2.1.2 (matrices), §C.20.3
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from pydicom import Dataset

from archive.pixels.rendering.deformations import Deformation
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.references import Named, images_named

SPATIAL_REGISTRATION = "1.2.840.10008.5.1.4.1.1.66.1"
_SMALLEST_VOLUME = 1e-6  # of a cube of 1 mm


@dataclass(frozen=True, slots=True)
class Way:
    """From the coordinates of one image to those of another: by a matrix, then by a deformation, if any."""

    matrix: Numbers | None = None
    deformation: Deformation | None = None


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A frame of reference, and what an image's own coordinates come to it by; None changes nothing."""

    frame_of_reference: str
    matrix: Numbers | None = None
    deformation: Deformation | None = None

    @property
    def is_untouched(self) -> bool:
        return self.matrix is None and self.deformation is None

    def is_same(self, other: Coordinates) -> bool:
        return self.frame_of_reference == other.frame_of_reference and self._is_moved_like(other)

    def needs_inverse(self, other: Coordinates) -> bool:
        """Whether these are deformed and the way to the other ones would lead back through that."""
        return self.deformation is not None and not self.is_same(other)

    def leading_to(self, other: Coordinates) -> Way | None:
        """From these own ones to those of the other; None if they do not lead to the same ones, or not back."""
        if self.frame_of_reference != other.frame_of_reference or self.needs_inverse(other):
            return None
        if self.deformation is not None or (self.is_untouched and other.is_untouched):
            return Way()
        if other.deformation is not None:
            return Way(self.matrix, other.deformation)
        here, there = (np.eye(4) if matrix is None else matrix for matrix in (self.matrix, other.matrix))
        return Way(np.linalg.inv(there) @ here)

    def _is_moved_like(self, other: Coordinates) -> bool:
        if self.deformation is not None:
            return self.deformation.is_same(other.deformation)
        if self.matrix is None or other.matrix is None:
            return self.is_untouched and other.is_untouched
        return np.array_equal(self.matrix, other.matrix)


@dataclass(frozen=True, slots=True)
class Registered:
    """A frame of reference, or frames of images by their UIDs (all if none is named), and what registers them."""

    frame_of_reference: str
    images: Mapping[str, Named]
    matrix: Numbers | None = None
    deformation: Deformation | None = None

    def names(self, image_uid: str, frame: int) -> bool:
        named = self.images.get(image_uid)
        return named is not None and named.holds(frame)

    def is_like(self, other: Registered) -> bool:
        """Whether both register alike."""
        if self.matrix is None or other.matrix is None:
            return self is other
        return np.allclose(self.matrix, other.matrix)


@dataclass(frozen=True, slots=True)
class Registration:
    """One registration object: all it registers comes to lie in its own frame of reference."""

    frame_of_reference: str
    registered: tuple[Registered, ...]

    def of(self, image_uid: str, frame: int, frame_of_reference: str) -> Registered | None:
        """The item that names the image, else the one for its frame of reference if all of these register alike."""
        for each in self.registered:
            if each.names(image_uid, frame):
                return each
        of_all = [each for each in self.registered if each.frame_of_reference == frame_of_reference]
        is_one = bool(of_all) and all(of_all[0].is_like(other) for other in of_all[1:])
        return of_all[0] if frame_of_reference and is_one else None


def coordinates_of(
    image_uid: str, frame: int, frame_of_reference: str, registrations: Sequence[Registration]
) -> Coordinates:
    """Those the first registration of this image leads to; without any its own."""
    for registration in registrations:
        found = registration.of(image_uid, frame, frame_of_reference)
        if found is not None:
            return Coordinates(registration.frame_of_reference, found.matrix, found.deformation)
    return Coordinates(frame_of_reference)


def registration_of(dataset: Dataset) -> Registration | None:
    """What a spatial registration says; None if a matrix is none, or if several cannot be told the order of."""
    registered = []
    for one in dataset.get("RegistrationSequence") or ():
        matrices = [
            affine_matrix(each)
            for group in one.get("MatrixRegistrationSequence") or ()
            for each in group.get("MatrixSequence") or ()
        ]
        product = _product(matrices)
        if product is None:
            return None
        frame_of_reference = str(one.get("FrameOfReferenceUID") or "")
        registered.append(Registered(frame_of_reference, images_named(one), matrix=product))
    return Registration(str(dataset.get("FrameOfReferenceUID") or ""), tuple(registered))


def _product(matrices: Sequence[Numbers | None]) -> Numbers | None:
    """All of them one after the other, if it does not matter after which.

    Nobody writes several that turn and move; what their order would mean is not guessed where a patient is at stake.
    """
    found = [matrix for matrix in matrices if matrix is not None]
    if not found or len(found) < len(matrices):
        return None
    if not all(np.allclose(one @ other, other @ one, atol=1e-6) for one, other in combinations(found, 2)):
        return None
    product = np.eye(4)
    for matrix in found:
        product = matrix @ product
    return product


def affine_matrix(item: Dataset) -> Numbers | None:
    """Row after row; None if it is not affine, or if nothing leads back."""
    try:
        matrix = np.array([float(value) for value in item.get("FrameOfReferenceTransformationMatrix") or ()])
    except (TypeError, ValueError):
        return None
    if matrix.size != 16 or not np.isfinite(matrix).all():
        return None
    matrix = matrix.reshape(4, 4)
    is_affine = np.allclose(matrix[3], [0, 0, 0, 1])
    return matrix if is_affine and abs(np.linalg.det(matrix)) > _SMALLEST_VOLUME else None
