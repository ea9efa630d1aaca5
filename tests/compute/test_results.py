"""Result objects are valid, say what made them of what, and are the same when made again."""

from __future__ import annotations

import datetime as dt
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import SecondaryCaptureImageStorage

from compute.phantoms.headers import GB18030, StudyHeader
from compute.phantoms.writing import write_series
from compute.results import Origin, patient_direction, secondary_captures
from compute.templates.contract import ResultImage, TemplateOutput

ORIGIN = Origin(
    "8e1c", "ct_overview", "1.0.0", {"slab_mm": 0}, "ab" * 32, dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
)


@pytest.fixture
def output(tmp_path, small_geometry, request):
    kind, header = getattr(request, "param", ("ct", StudyHeader(character_set=GB18030)))
    written = write_series(tmp_path / "source", kind=kind, geometry=small_geometry, header=header)
    sources = [dcmread(file, stop_before_pixels=True) for file in written.files]
    pixels = np.arange(-1000, -1000 + 30 * 40, dtype=np.int16).reshape(30, 40)
    return TemplateOutput(
        images=(
            ResultImage(pixels, 0.75, (1, 0, 0), (0, 0, -1), (("MIP", 400, 1500),), "MIP coronal", "Whole volume"),
            ResultImage(pixels, 0.75, (1, 0, 0), (0, 1, 0), (("LUNG", -550, 1500),), "MPR axial lung"),
        ),
        source_header=sources[0],
        source_uids=tuple((ds.SOPClassUID, ds.SOPInstanceUID) for ds in sources),
        series_description="CT overview 概览",
    )  # fmt: skip


def objects(output, origin=ORIGIN):
    return [dcmread(BytesIO(data)) for data in secondary_captures(output, origin)]


SOURCES = {
    "ct": ("ct", StudyHeader(character_set=GB18030)),
    "mr": ("mr", StudyHeader()),
    "no body part": ("calibration", StudyHeader(character_set=GB18030)),
}


@pytest.mark.parametrize("output", list(SOURCES.values()), indirect=True, ids=list(SOURCES))
def test_results_are_valid_secondary_captures(output, tmp_path, dicom_errors):
    for number, data in enumerate(secondary_captures(output, ORIGIN)):
        file = tmp_path / f"{number}.dcm"
        file.write_bytes(data)
        assert dicom_errors(file) == []
        assert dcmread(file).SOPClassUID == SecondaryCaptureImageStorage


def test_results_belong_to_the_same_patient_and_study_in_a_series_of_their_own(output):
    source = output.source_header
    for ds in objects(output):
        assert ds.PatientName == source.PatientName
        assert str(ds.PatientName.ideographic) == "李^伟"  # though the source was GB18030
        for keyword in ("PatientID", "PatientBirthDate", "StudyInstanceUID", "AccessionNumber", "StudyDate"):
            assert ds[keyword].value == source[keyword].value
        assert ds.SeriesInstanceUID != source.SeriesInstanceUID


def test_results_cite_template_parameters_and_every_input(output):
    ds = objects(output)[0]
    assert 'ct_overview 1.0.0 {"slab_mm":0}' in ds.DerivationDescription
    assert ORIGIN.fingerprint[:16] in ds.DerivationDescription
    cited = [item.ReferencedSOPInstanceUID for item in ds.SourceImageSequence]
    assert cited == [uid for _, uid in output.source_uids]
    assert ds.ReferencedSeriesSequence[0].SeriesInstanceUID == output.source_header.SeriesInstanceUID
    assert ds.DerivationCodeSequence[0].CodeMeaning == "Multiplanar maximum intensity projection"


def test_pixels_keep_their_units(output):
    ds = objects(output)[0]
    values = ds.pixel_array.astype(int) * int(ds.RescaleSlope) + int(ds.RescaleIntercept)
    np.testing.assert_array_equal(values, output.images[0].pixels)
    assert (float(ds.WindowCenter), float(ds.WindowWidth)) == (400, 1500)
    assert [float(v) for v in ds.PixelSpacing] == [0.75, 0.75]
    assert list(ds.PatientOrientation) == ["L", "F"]


def test_same_job_makes_the_same_bytes_and_another_job_other_objects(output):
    first, again = (list(secondary_captures(output, ORIGIN)) for _ in range(2))
    assert first == again
    other = Origin("77aa", "ct_overview", "1.0.0", {}, "ab" * 32, ORIGIN.made_at)
    uids = {ds.SOPInstanceUID for ds in objects(output)} | {
        ds.SOPInstanceUID for ds in objects(output, other)
    }
    assert len(uids) == 4


@pytest.mark.parametrize(
    ("vector", "letters"),
    [((1, 0, 0), "L"), ((0, -1, 0), "A"), ((0, 0, 1), "H"), ((0, 0.8, -0.6), "PF"), ((0.999, 0.04, 0), "L")],
)
def test_direction_is_named_by_the_patients_sides(vector, letters):
    assert patient_direction(vector) == letters
