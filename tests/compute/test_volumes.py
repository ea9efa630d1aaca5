"""A series becomes one volume that lies where its headers say, whatever order and encoding it came in."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from pydicom import dcmread

from common.errors import InvalidInput
from compute.phantoms.geometry import StackGeometry, swivelled, tilted
from compute.phantoms.sampling import Renderer
from compute.phantoms.writing import TRANSFER_SYNTAXES, make_phantom, write_series
from compute.volumes import SourceInstance, load_volume

STACK = StackGeometry(40, 44, 6, (3.0, 3.5), 4.0, 4.0, (3.0, -2.0, 10.0))


def sources(files: list[Path]) -> list[SourceInstance]:
    headers = [dcmread(file, stop_before_pixels=True) for file in files]
    return [
        SourceInstance(ds.SOPClassUID, ds.SOPInstanceUID, partial(dcmread, file))
        for ds, file in zip(headers, files, strict=True)
    ]


def shuffled(files: tuple[Path, ...]) -> list[Path]:
    mixed = list(files)
    random.Random(4).shuffle(mixed)  # noqa: S311 - an order, not a secret
    return mixed


@pytest.mark.parametrize("syntax", sorted(TRANSFER_SYNTAXES))
def test_voxels_are_the_phantoms_in_hounsfield_units(tmp_path, syntax):
    written = write_series(
        tmp_path, kind="calibration", geometry=STACK, transfer_syntax_uid=TRANSFER_SYNTAXES[syntax]
    )
    volume = load_volume(sources(shuffled(written.files)))
    expected = np.rint(Renderer(make_phantom("calibration"), STACK).volume())
    assert volume.voxels.dtype == torch.int16
    np.testing.assert_array_equal(volume.voxels[0, 0].numpy(), expected)


@pytest.mark.parametrize(
    "stack",
    [
        STACK,
        replace(STACK, reverse=True),
        tilted(STACK, 20),
        swivelled(STACK, 35),
        replace(STACK, shear_mm=1.0),
    ],
    ids=["axial", "reversed", "tilted", "swivelled", "gantry tilt"],
)
def test_affine_leads_from_indices_to_patient_space(tmp_path, stack):
    written = write_series(tmp_path, kind="calibration", geometry=stack)
    volume = load_volume(sources(shuffled(written.files)))
    i, j, k = 7, 11, 4
    place = volume.affine @ torch.tensor([i, j, k, 1.0], dtype=torch.float64)
    rows, columns = np.array([float(j)]), np.array([float(i)])
    expected = [float(v.ravel()[0]) for v in stack.points(k, rows, columns)]
    assert place[:3].tolist() == pytest.approx(expected, abs=1e-4)


def test_uneven_slices_are_evened_out(tmp_path):
    written = write_series(tmp_path, kind="calibration", geometry=replace(STACK, slices=9, missing=(3,)))
    volume = load_volume(sources(list(written.files)))
    assert volume.spacing_mm[2] == pytest.approx(4.0 * 8 / 7)
    assert volume.voxels.shape[2] == 8


def test_slice_sent_twice_counts_once(tmp_path):
    written = write_series(tmp_path, kind="calibration", geometry=STACK)
    assert load_volume(sources([*written.files, written.files[2]])).voxels.shape[2] == 6


@pytest.mark.parametrize("fault", ["one slice", "other size", "other plane", "no position"])
def test_what_is_no_volume_is_refused(tmp_path, fault):
    files = list(write_series(tmp_path / "a", kind="calibration", geometry=STACK).files)
    if fault == "one slice":
        files = files[:1]
    elif fault == "other size":
        files += write_series(tmp_path / "b", kind="calibration", geometry=replace(STACK, rows=42)).files
    elif fault == "other plane":
        files += write_series(tmp_path / "b", kind="calibration", geometry=tilted(STACK, 30)).files
    else:
        ds = dcmread(files[0])
        del ds.ImagePositionPatient
        ds.save_as(files[0])
    with pytest.raises(InvalidInput) as refusal:
        load_volume(sources(files))
    assert refusal.value.code == "NOT_A_VOLUME"


def test_real_oblique_mr_is_loaded(shared_data):
    files = sorted((shared_data / "volumes" / "mr_t1_head").glob("*.dcm"))[150:170]
    volume = load_volume(sources(files))
    assert volume.modality == "MR"
    assert volume.spacing_mm == pytest.approx((0.7, 0.6667, 0.6667), abs=1e-3)


def test_real_ct_is_loaded_from_jpeg_ls(shared_data):
    files = sorted((shared_data / "volumes" / "ct_chest").glob("*.dcm"))
    volume = load_volume(sources(files[::8]))
    assert volume.voxels.dtype == torch.int16
    assert int(volume.voxels.min()) == -1000
    assert volume.affine[2, 2] > 0  # from the feet upwards, whatever the files' order
