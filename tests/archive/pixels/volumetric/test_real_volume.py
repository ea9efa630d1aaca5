"""An oblique plane and a slab through a real CT, against an interpolation of its own by numpy."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from archive.pixels.parsing import parse
from archive.pixels.rendering.volumes import Layer
from archive.pixels.rendering.volumetric.cropping import Crop
from archive.pixels.rendering.volumetric.lattices import Lattice, lattice_of
from archive.pixels.rendering.volumetric.planes import PlanarView
from archive.pixels.rendering.volumetric.volumes import Volume
from archive.pixels.rendering.volumetric.voxels import voxels_of
from tests.archive.pixels.states import item

PIXELS = (120, 90)
WINDOW = item(WindowCenter=-300, WindowWidth=2400, VOILUTFunction="LINEAR_EXACT")
NO_CROPS: tuple[Crop, ...] = ()


@pytest.fixture
def images(shared_data: Path) -> list[Layer]:
    """Sixty axial images from the middle of the chest, and the planes of all of them."""
    folder = shared_data / "volumes" / "ct_chest"
    if not folder.is_dir():
        pytest.skip("the real CT is not beside this checkout")
    every = [Layer(parse(data), data, 1) for data in (path.read_bytes() for path in folder.glob("*.dcm"))]
    placed = sorted(every, key=lambda one: float(one.plane.position[2]))
    return placed[90:150]


def volume_of(images: list[Layer]) -> tuple[Volume, Lattice]:
    lattice, order = lattice_of([one.plane for one in images], rows=512, columns=512)
    layers = [images[at] for at in order]
    return Volume(voxels_of(layers, lattice, first=0, shown_by=WINDOW), NO_CROPS), lattice


def interpolated(images: list[Layer], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the eight voxels about each point, by the plainest arithmetic."""
    stack = np.stack([one.measured(one.grey).values for one in images])
    shares = np.clip((stack + 1500) / 2400, 0, 1)
    first = images[0].plane
    gap = float(images[1].plane.position[2] - first.position[2])
    index = (points - first.position)[..., ::-1] / (gap, first.row_spacing, first.column_spacing)
    low = np.floor(index).astype(int)
    found = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        at = low + corner
        weight = np.prod(1 - np.abs(index - at), axis=-1)
        found += weight * shares[at[..., 0], at[..., 1], at[..., 2]]
    return found


def oblique(images: list[Layer], *, thickness_mm: float) -> PlanarView:
    """About the middle of the images, 120 by 90 mm."""
    first, last = images[0].plane, images[-1].plane
    middle = (first.position + last.position) / 2 + np.array([200.0, 200.0, 0.0])
    right, down = np.array([0.96, 0.0, 0.28]), np.array([0.0, 1.0, 0.0])
    return PlanarView(middle - 60 * right - 45 * down, right, down, 120.0, 90.0, thickness_mm)


def points_of(view: PlanarView, apart_mm: float = 0.0) -> NDArray[np.float64]:
    rows, columns = np.arange(PIXELS[1]) + 0.5, np.arange(PIXELS[0]) + 0.5
    return (
        view.corner
        + rows[:, None, None] * view.down
        + columns[None, :, None] * view.right
        + apart_mm * np.cross(view.right, view.down)
    )


def test_oblique_plane_is_what_lies_between_eight_voxels(images):
    volume, _lattice = volume_of(images)
    view = oblique(images, thickness_mm=0.0)

    made = view.shown(volume, size=PIXELS, method="AVERAGE_IP")

    wanted = interpolated(images, points_of(view))
    assert np.ptp(wanted) > 0.3
    np.testing.assert_allclose(made, wanted, atol=1e-4)


@pytest.mark.parametrize(("method", "of_all"), [("MAXIMUM_IP", np.max), ("AVERAGE_IP", np.mean)])
def test_slab_is_made_of_its_planes(images, method, of_all):
    volume, lattice = volume_of(images)
    view = oblique(images, thickness_mm=6.0)

    made = view.shown(volume, size=PIXELS, method=method)

    planes = [interpolated(images, points_of(view, apart)) for apart in view.steps(lattice.finest_mm)]
    np.testing.assert_allclose(made, of_all(planes, axis=0), atol=1e-4)


def test_volume_takes_no_more_memory_than_its_voxels_and_an_image(images):
    """4 bytes a voxel; of what comes and goes beside them, a fixed amount that does not grow with the images."""
    lattice, order = lattice_of([one.plane for one in images], rows=512, columns=512)
    layers = [images[at] for at in order]
    tracemalloc.start()

    voxels = voxels_of(layers, lattice, first=0, shown_by=WINDOW)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert voxels.values.nbytes == 60 * 512 * 512 * 4
    assert most < voxels.values.nbytes * 1.3 + 40 * 512 * 512
