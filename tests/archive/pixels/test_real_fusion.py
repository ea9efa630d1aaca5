"""A real PET over a real MR of other planes and pixels: what lies between, against numpy's own interpolation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from archive.pixels.parsing import parse
from archive.pixels.rendering.planes import Numbers
from archive.pixels.rendering.stacks import depths, usual_distance_mm
from archive.pixels.rendering.volumes import Layer, Superimposed, laid_on

ROUNDED = 1e-4  # positions are taken for whole pixels within this share of one


def axial_images(folder: Path) -> list[Layer]:
    """The images of a folder from the feet to the head."""
    images = [Layer(parse(data), data, 1) for data in (path.read_bytes() for path in folder.iterdir())]
    return sorted(images, key=lambda image: float(image.plane.position[2]))


def places(image: Layer) -> tuple[Numbers, Numbers]:
    """y of the rows and x of the columns, which run along the patient's axes."""
    plane, (rows, columns) = image.plane, image.shape
    return (
        plane.position[1] + np.arange(rows) * plane.row_spacing,
        plane.position[0] + np.arange(columns) * plane.column_spacing,
    )


def test_pet_between_its_planes_and_pixels_is_interpolated_in_all_three_directions(shared_data: Path):
    folder = shared_data / "volumes" / "sarcoma_ct_pet_mr"
    pet, mr = axial_images(folder / "PET"), axial_images(folder / "MR_T1")
    below = mr[len(mr) // 2]
    measured = np.stack([image.measured(image.grey).values for image in pet])
    spacing_mm = usual_distance_mm(depths([image.plane for image in pet]))

    laid = laid_on(below, Superimposed(pet, spacing_mm), grey_of=lambda image: image.grey)

    (down, right), (rows, columns) = places(pet[0]), places(below)
    z = [image.plane.position[2] for image in pet]
    expected = np.apply_along_axis(lambda line: np.interp(below.plane.position[2], z, line), 0, measured)
    expected = np.apply_along_axis(lambda line: np.interp(rows, down, line), 0, expected)
    expected = np.apply_along_axis(lambda line: np.interp(columns, right, line), 1, expected)
    assert laid.is_there.all()
    np.testing.assert_allclose(laid.values, expected, atol=ROUNDED * float(np.ptp(expected)))
