"""The overview's acceptance on phantoms: known diameters are found in its pictures, upright and to scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from compute.phantoms.calibration import TISSUE
from compute.phantoms.chest import BLOOD
from compute.phantoms.geometry import StackGeometry, tilted
from compute.phantoms.writing import make_phantom, write_series
from compute.results import patient_direction
from compute.templates.contract import TemplateInput
from compute.templates.ct_overview.run import run
from compute.templates.library import complete_parameters, find_template
from tests.compute.test_volumes import shuffled, sources

STACK = StackGeometry(128, 128, 48, (0.8, 0.8), 1.25, 1.25)


def overview(tmp_path, *, kind="calibration", stack=STACK, noise=None, **parameters):
    written = write_series(tmp_path, kind=kind, geometry=stack, noise=noise, seed=1)
    complete = complete_parameters(find_template("ct_overview"), parameters)
    steps = []
    output = run(
        TemplateInput(
            instances=sources(shuffled(written.files)),
            parameters=complete,
            device="cpu",
            threads=2,
            progress=lambda percent, step: steps.append((percent, step)),
        )
    )
    assert [p for p, _ in steps] == sorted(p for p, _ in steps)
    return {image.description: image for image in output.images}, output


def width_at_half(profile: np.ndarray, *, low: float, high: float, spacing: float) -> float:
    """The width of a peak where it crosses the middle between two values, linear between samples."""
    level = (low + high) / 2
    above = np.flatnonzero(profile > level)
    first, last = above[0], above[-1]
    left = first - (profile[first] - level) / (profile[first] - profile[first - 1])
    right = last + (profile[last] - level) / (profile[last] - profile[last + 1])
    return float((right - left) * spacing)


def column_of(image, x_mm: float, *, centre: float = 0.0) -> int:
    place: int = round((x_mm - centre) / image.spacing_mm + (image.pixels.shape[1] - 1) / 2)
    return place


def test_vessel_of_known_diameter_is_measured_in_the_reformation(tmp_path):
    """The acceptance that template.json states: within half a voxel."""
    template = find_template("ct_overview")
    [measure] = template.acceptance["measures"]
    known = make_phantom("calibration").ground_truth.named(measure["structure"])
    images, _ = overview(tmp_path)
    image = images["MPR axial soft tissue"]
    row = round(known.center_mm[1] / image.spacing_mm + (image.pixels.shape[0] - 1) / 2)
    middle = column_of(image, known.center_mm[0])
    profile = image.pixels[row, middle - 8 : middle + 9].astype(float)
    found = width_at_half(profile, low=TISSUE, high=BLOOD, spacing=image.spacing_mm)
    assert known.diameter_mm is not None
    assert found == pytest.approx(known.diameter_mm, abs=measure["tolerance_voxels"] * image.spacing_mm)


@pytest.mark.parametrize("view", ["coronal", "sagittal"])
def test_bone_rod_has_its_length_and_width_in_the_projections(tmp_path, view):
    """A rod 40 mm long and 10 mm wide: the picture is to scale though slices are further apart than pixels."""
    images, _ = overview(tmp_path)
    image = images[f"MIP {view}"]
    place = 45.0 if view == "coronal" else -20.0
    column = column_of(image, place)
    along = image.pixels[:, column].astype(float)
    across = image.pixels[image.pixels.shape[0] // 2, column - 12 : column + 13].astype(float)
    assert width_at_half(along, low=40, high=650, spacing=image.spacing_mm) == pytest.approx(40, abs=0.8)
    assert width_at_half(across, low=40, high=650, spacing=image.spacing_mm) == pytest.approx(10, abs=0.8)


def test_pictures_stand_upright_with_the_patients_left_on_the_right(tmp_path):
    images, _ = overview(tmp_path)
    letters = {name: (patient_direction(i.right), patient_direction(i.down)) for name, i in images.items()}
    assert letters["MPR axial lung"] == ("L", "P") == letters["MIP axial"]
    assert letters["MPR coronal lung"] == ("L", "F") == letters["MIP coronal"]
    assert letters["MPR sagittal bone"] == ("P", "F") == letters["MIP sagittal"]
    bone_rod = images["MIP axial"]  # lies at x +45 (left), y -20 (front)
    row, column = np.unravel_index(np.argmax(bone_rod.pixels == bone_rod.pixels.max()), bone_rod.pixels.shape)
    assert column > bone_rod.pixels.shape[1] / 2
    assert row < bone_rod.pixels.shape[0] / 2


@pytest.mark.parametrize(
    "turned", [replace(STACK, reverse=True), tilted(STACK, 90)], ids=["reversed", "coronal"]
)
def test_key_planes_do_not_depend_on_how_the_series_was_acquired(tmp_path, turned):
    straight, _ = overview(tmp_path / "a", planes=["axial"], projections=False)
    other, _ = overview(tmp_path / "b", stack=turned, planes=["axial"], projections=False)
    a, b = (images["MPR axial soft tissue"] for images in (straight, other))
    middle = [image.pixels[[image.pixels.shape[0] // 2 - 37]].ravel() for image in (a, b)]  # y about -30
    peaks = [np.flatnonzero(line > (TISSUE + BLOOD) / 2) for line in middle]
    places = [
        (peak - (line.size - 1) / 2) * image.spacing_mm
        for peak, line, image in zip(peaks, middle, (a, b), strict=True)
    ]
    assert places[0].mean() == pytest.approx(places[1].mean(), abs=0.8)


def test_mr_gets_one_automatic_window_a_picture(tmp_path):
    stack = StackGeometry(48, 48, 24, (5.0, 5.0), 8.0, 8.0)
    images, _ = overview(tmp_path, kind="mr", stack=stack)
    assert set(images) == {
        f"{w} {p}{s}" for p in ("axial", "coronal", "sagittal") for w, s in (("MIP", ""), ("MPR", " auto"))
    }
    name, center, width = images["MPR axial auto"].windows[0]
    assert name == "AUTO"
    assert center - width / 2 < 100
    assert 500 < center + width / 2 < 1000


def test_slab_averages_the_noise_away(tmp_path):
    thin, _ = overview(tmp_path / "a", noise=40.0, projections=False, planes=["axial"])
    slab, _ = overview(tmp_path / "b", noise=40.0, projections=False, planes=["axial"], slab_mm=8)
    name = "MPR axial soft tissue"
    quiet = np.s_[85:100, 30:50]
    assert slab[name].pixels[quiet].std() < 0.6 * thin[name].pixels[quiet].std()


def test_real_ct_is_shown_in_ten_pictures(shared_data):
    every = sources(sorted((shared_data / "volumes" / "ct_chest").glob("*.dcm")))
    every.sort(key=lambda source: source.read().ImagePositionPatient[2])
    complete = complete_parameters(find_template("ct_overview"), {})
    output = run(TemplateInput(every[::6], complete, "cpu", 2, lambda _percent, _step: None))
    images = {image.description: image for image in output.images}
    assert len(images) == 10
    coronal = images["MPR coronal soft tissue"]
    assert coronal.pixels.shape[1] == 512
    assert coronal.pixels.shape[0] == pytest.approx(
        40 * 6 / 0.78125, abs=6
    )  # to scale: 40 slices, 6 mm apart
    lung = images["MPR axial lung"].pixels
    assert (lung < -700).mean() > 0.2  # air around and in the chest
    assert (abs(lung.astype(int) - 40) < 60).mean() > 0.05  # muscle and heart
