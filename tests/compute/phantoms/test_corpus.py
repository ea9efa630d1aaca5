"""Every series of the corpus is classified by its positions, whatever its headers claim, and is valid DICOM."""

from __future__ import annotations

import pytest
from pydicom import dcmread

from archive.studies.geometry import Slice, judge_thin_slice, measure_geometry, slices_of_frames, traits_of
from compute.phantoms.corpus import CASES


def slices_of(file):
    ds = dcmread(file, stop_before_pixels=True)
    framed = slices_of_frames(ds)
    return framed or [
        Slice(
            ds.get("ImagePositionPatient"),
            ds.get("ImageOrientationPatient"),
            ds.get("PixelSpacing"),
            ds.Rows,
            ds.Columns,
            number=ds.InstanceNumber,
            traits=traits_of(ds),
        )
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_series_is_classified_by_its_positions(tmp_path, case):
    files = case.write(tmp_path)
    slices = [one for file in reversed(files) for one in slices_of(file)]

    geometry = measure_geometry(slices, instances=len(files))

    facts = geometry.as_json()
    assert {name: facts[name] for name in case.answer} == {
        name: pytest.approx(value, abs=0.02) if isinstance(value, float) else value
        for name, value in case.answer.items()
    }, geometry.reason
    thin, why = judge_thin_slice(geometry, threshold_mm=1.5)
    assert thin is case.thin, why
    assert why


def test_mixed_thickness_names_the_thin_stack_and_the_thick_one_beside(tmp_path):
    case = next(case for case in CASES if case.name == "thin and thick mixed")
    geometry = measure_geometry([one for file in case.write(tmp_path) for one in slices_of(file)])

    assert [(stack.slices, stack.spacing_mm) for stack in geometry.stacks] == [(24, 1.0), (10, 4.8)]
    thin, why = judge_thin_slice(geometry, threshold_mm=1.5)
    assert thin
    assert why == (
        "Stack 1 of 2: axial, 24 slices. Measured spacing 1 mm is within the limit of 1.5 mm. "
        "Thin and thick stacks are mixed."
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_object_of_the_corpus_is_valid(tmp_path, dicom_errors, case):
    files = case.write(tmp_path)

    assert [error for file in {files[0], files[-1]} for error in dicom_errors(file)] == []
