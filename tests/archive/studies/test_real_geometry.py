"""Geometry of whole real series and real enhanced objects, against what their publishers say of them."""

from dataclasses import replace

import pytest
from pydicom import dcmread

from archive.studies.elements import WANTED, instance_facts
from archive.studies.geometry import Slice, judge_thin_slice, measure_geometry, slices_of_frames
from archive.studies.header import read_header
from archive.studies.received import split_part10


def slices_in(folder):
    slices = []
    for path in folder.iterdir():
        data = path.read_bytes()
        syntax, offset = split_part10(data)
        facts = instance_facts(read_header(data, offset=offset, transfer_syntax_uid=syntax, wanted=WANTED))
        if facts.image_position is None:  # an RTSTRUCT, or a mask beside the images
            continue
        slices.append(
            Slice(
                facts.image_position, facts.image_orientation, facts.pixel_spacing, facts.rows, facts.columns,
                number=facts.instance_number,
            )
        )  # fmt: skip
    return slices


@pytest.mark.parametrize(
    ("name", "count", "spacing_mm", "in_plane_mm", "plane", "is_thin"),
    [
        ("ct_chest", 237, 1.0, (0.78125, 0.78125), "axial", True),
        ("mr_t1_head", 384, 0.6667, (0.7, 0.6667), None, True),
    ],
)
def test_a_real_series_measures_as_published(
    shared_data, name, count, spacing_mm, in_plane_mm, plane, is_thin
):
    geometry = measure_geometry(slices_in(shared_data / "volumes" / name))

    assert geometry.slices == count
    assert geometry.spacing_mm == pytest.approx(spacing_mm, abs=0.04)
    assert geometry.is_volume, geometry.reason
    assert (geometry.gaps, geometry.overlaps, geometry.duplicates, geometry.phases) == (0, 0, 0, 1)
    assert sorted(geometry.pixel_spacing_mm or []) == pytest.approx(sorted(in_plane_mm), abs=0.04)
    assert plane in (None, geometry.orientation)
    assert judge_thin_slice(geometry, threshold_mm=1.5)[0] is is_thin


@pytest.mark.parametrize(
    ("modality", "count", "in_plane_mm"), [("CT", 51, 0.977), ("PT", 51, 5.47), ("MR", 47, 0.977)]
)
def test_the_sarcoma_series_are_whole_and_thick(shared_data, modality, count, in_plane_mm):
    series: dict[str, list[Slice]] = {}
    for path in (shared_data / "volumes" / "sarcoma_ct_pet_mr").rglob("*.dcm"):
        ds = dcmread(path, stop_before_pixels=True)
        if ds.Modality == modality and "ImagePositionPatient" in ds:
            place = Slice(
                ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing, ds.Rows, ds.Columns,
                number=ds.get("InstanceNumber"),
            )  # fmt: skip
            series.setdefault(ds.SeriesInstanceUID, []).append(place)

    (slices,) = series.values()
    geometry = measure_geometry(slices)

    assert (geometry.slices, geometry.gaps, geometry.overlaps, geometry.duplicates) == (count, 0, 0, 0)
    assert geometry.spacing_mm == pytest.approx(3.27, abs=0.01)
    assert geometry.pixel_spacing_mm == pytest.approx([in_plane_mm] * 2, abs=0.01)
    assert geometry.is_volume, geometry.reason
    assert judge_thin_slice(geometry, threshold_mm=1.5)[0] is False


@pytest.mark.parametrize(("missing", "gaps", "slices_missing"), [((100,), 1, 1), ((50, 120, 121), 2, 3)])
def test_slices_taken_out_of_a_real_series_are_gaps(shared_data, missing, gaps, slices_missing):
    ordered = sorted(slices_in(shared_data / "volumes" / "ct_chest"), key=lambda item: item.position[2])

    geometry = measure_geometry([item for at, item in enumerate(ordered) if at not in missing])

    assert (geometry.gaps, geometry.missing_slices, geometry.is_volume) == (gaps, slices_missing, False)


def test_two_real_series_in_one_are_two_stacks(shared_data):
    thin = slices_in(shared_data / "volumes" / "ct_chest")
    lowest = min(item.position[2] for item in thin)
    thick = [
        replace(thin[0], position=(*thin[0].position[:2], lowest + 5.0 * step + 0.4), number=1000 + step)
        for step in range(40)
    ]

    geometry = measure_geometry([*thin, *thick])

    assert [(stack.slices, stack.spacing_mm) for stack in geometry.stacks] == [(237, 1.0), (40, 5.0)]
    thin_verdict, why = judge_thin_slice(geometry, threshold_mm=1.5)
    assert thin_verdict
    assert "237 slices" in why
    assert "Thin and thick" in why


@pytest.mark.parametrize(
    ("file", "frames", "facts"),
    [
        ("enhanced/eCT_Supplemental.dcm", 2, {"positions": 2}),
        ("enhanced/legacy_converted_ct_3frames.dcm", 3, {"positions": 3, "gaps": 0, "is_volume": True}),
    ],
)
def test_a_real_enhanced_object_is_measured_frame_by_frame(shared_data, file, frames, facts):
    header = dcmread(shared_data / "dicom" / file, stop_before_pixels=True)

    geometry = measure_geometry(slices_of_frames(header), instances=1)

    assert (geometry.slices, geometry.frames) == (1, frames)
    measured = geometry.as_json()
    assert {name: measured[name] for name in facts} == facts, geometry
    assert geometry.spacing_mm


def test_frames_that_nothing_places_are_said_to_be_so(shared_data):
    folder = shared_data / "dicom"
    cine = next(
        path
        for path in (folder / "ko_manifest" / "us_8frames").rglob("*.dcm")
        if dcmread(path, stop_before_pixels=True).Modality == "US"
    )
    for path in (cine, folder / "enhanced" / "emri_small.dcm"):  # the latter lost its functional groups
        header = dcmread(path, stop_before_pixels=True)
        assert slices_of_frames(header) == []
        geometry = measure_geometry([Slice(None, None, frames=int(header.NumberOfFrames))])
        assert (geometry.slices, geometry.frames, geometry.spacing_mm) == (1, header.NumberOfFrames, None)
        assert geometry.reason == "Multi-frame objects of this kind do not say where each frame lies."
