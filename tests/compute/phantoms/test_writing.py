"""Written phantoms are valid objects in every encoding, and lie where they say."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import ExplicitVRLittleEndian

from archive.studies.geometry import Slice, measure_geometry
from compute.phantoms.__main__ import main
from compute.phantoms.geometry import StackGeometry, tilted
from compute.phantoms.headers import GB18030, StudyHeader
from compute.phantoms.writing import TRANSFER_SYNTAXES, write_series

TINY = StackGeometry(40, 36, 3, (9.0, 9.0), 3.0, 3.0)


def measured(files):
    sets = [dcmread(file, stop_before_pixels=True) for file in files]
    return measure_geometry(
        [
            Slice(d.ImagePositionPatient, d.ImageOrientationPatient, d.PixelSpacing, d.Rows, d.Columns)
            for d in sets
        ]
    )


@pytest.mark.parametrize("kind", ["ct", "mr", "calibration"])
@pytest.mark.parametrize("syntax", sorted(TRANSFER_SYNTAXES))
def test_every_kind_is_a_valid_object_in_every_transfer_syntax(tmp_path, dicom_errors, kind, syntax):
    uid = TRANSFER_SYNTAXES[syntax]
    written = write_series(tmp_path / "out", kind=kind, geometry=TINY, transfer_syntax_uid=uid)
    plain = write_series(tmp_path / "plain", kind=kind, geometry=TINY)

    encoded = dcmread(written.files[1])
    assert encoded.file_meta.TransferSyntaxUID == uid
    np.testing.assert_array_equal(encoded.pixel_array, dcmread(plain.files[1]).pixel_array)
    file = written.files[1]
    if syntax == "deflated":  # dciodvfy cannot inflate: the same data set, written plainly
        encoded.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        file = tmp_path / "inflated.dcm"
        dcmwrite(file, encoded, enforce_file_format=True)
    assert dicom_errors(file) == []


def test_same_seed_writes_the_same_bytes(tmp_path):
    first, again = (write_series(tmp_path / name, geometry=TINY, seed=7) for name in ("a", "b"))
    assert [f.read_bytes() for f in first.files] == [f.read_bytes() for f in again.files]
    other = write_series(tmp_path / "c", geometry=TINY, seed=8)
    assert other.study_instance_uid != first.study_instance_uid


@pytest.mark.parametrize("character_set", ["ISO_IR 192", GB18030])
def test_names_in_chinese_and_pinyin_are_read_back(tmp_path, character_set):
    header = StudyHeader(patient_name="Ouyang^Xiaohong=欧阳^晓红", character_set=character_set)
    written = write_series(tmp_path, geometry=TINY, header=header)
    ds = dcmread(written.files[0])
    assert ds.SpecificCharacterSet == character_set
    assert (ds.PatientName.family_name, str(ds.PatientName.ideographic)) == ("Ouyang", "欧阳^晓红")
    assert "赣县" in ds.InstitutionName


def test_slices_lie_at_the_asked_distance(tmp_path):
    geometry = measured(write_series(tmp_path, geometry=TINY).files)
    assert geometry.is_volume
    assert geometry.spacing_mm == pytest.approx(3.0)
    assert geometry.orientation == "axial"


def test_missing_slice_is_a_gap(tmp_path):
    stack = replace(TINY, slices=6, missing=(2,))
    geometry = measured(write_series(tmp_path, geometry=stack).files)
    assert (geometry.slices, geometry.gaps, geometry.missing_slices) == (5, 1, 1)


def test_tilted_gantry_moves_slices_off_the_normal(tmp_path):
    geometry = measured(write_series(tmp_path, geometry=replace(TINY, shear_mm=0.75)).files)
    assert geometry.tilt_degrees == pytest.approx(np.degrees(np.arctan2(0.75, 3.0)), abs=0.01)


def test_oblique_stack_has_unit_directions_at_right_angles(tmp_path):
    ds = dcmread(write_series(tmp_path, kind="mr", geometry=tilted(TINY, 30)).files[0])
    row, column = np.reshape(np.asarray(ds.ImageOrientationPatient, float), (2, 3))
    assert row @ column == pytest.approx(0, abs=1e-6)
    assert np.linalg.norm(column) == pytest.approx(1)


def test_reversed_series_is_numbered_from_the_other_end(tmp_path):
    forth = write_series(tmp_path / "forth", geometry=TINY)
    back = write_series(tmp_path / "back", geometry=replace(TINY, reverse=True))
    first, last = dcmread(back.files[0]), dcmread(forth.files[-1])
    assert first.InstanceNumber == 1
    assert first.ImagePositionPatient == last.ImagePositionPatient


def test_overlapping_slices_are_thicker_than_they_are_apart(tmp_path):
    ds = dcmread(write_series(tmp_path, geometry=replace(TINY, thickness_mm=5.0)).files[0])
    assert float(ds.SliceThickness) == 5.0


def test_command_prints_one_line_that_names_what_was_written(tmp_path, capsys):
    arguments = ["--out", str(tmp_path / "o"), "--kind", "mr", "--slices", "3", "--matrix", "24",
                 "--transfer-syntax", "rle", "--patient-id", "D7", "--truth", str(tmp_path / "t.json")]  # fmt: skip
    assert main(arguments) == 0
    line = json.loads(capsys.readouterr().out)
    assert (line["patient_id"], line["instances"]) == ("D7", 3)
    assert dcmread(tmp_path / "o" / "0001.dcm").SeriesInstanceUID == line["series"]
    assert json.loads((tmp_path / "t.json").read_text())["kind"] == "mr"


def test_phantoms_need_neither_torch_nor_django():
    program = (
        "import sys, compute.phantoms.writing; print([m for m in ('torch', 'django') if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
