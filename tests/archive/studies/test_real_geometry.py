"""Geometry of whole real series, against what their publishers say of them."""

import pytest

from archive.studies.elements import WANTED, instance_facts
from archive.studies.geometry import Slice, measure_geometry
from archive.studies.header import read_header
from archive.studies.received import split_part10


def geometry_of(folder):
    slices = []
    for path in folder.iterdir():
        data = path.read_bytes()
        syntax, offset = split_part10(data)
        facts = instance_facts(read_header(data, offset=offset, transfer_syntax_uid=syntax, wanted=WANTED))
        slices.append(
            Slice(
                facts.image_position, facts.image_orientation, facts.pixel_spacing, facts.rows, facts.columns
            )
        )
    return measure_geometry(slices)


@pytest.mark.parametrize(
    ("name", "count", "spacing_mm", "in_plane_mm"),
    [("ct_chest", 237, 1.0, [0.78125, 0.78125]), ("mr_t1_head", 384, 0.6667, None)],
)
def test_a_real_series_measures_as_published(shared_data, name, count, spacing_mm, in_plane_mm):
    geometry = geometry_of(shared_data / "volumes" / name)

    assert geometry.slices == count
    assert geometry.spacing_mm == pytest.approx(spacing_mm, abs=0.04)
    assert geometry.is_volume, geometry.reason
    assert (geometry.gaps, geometry.overlaps, geometry.duplicates) == (0, 0, 0)
    if in_plane_mm:
        assert geometry.pixel_spacing_mm == in_plane_mm
