"""Measuring in the archive: enhanced objects and phases are read when a series is judged, from few headers."""

from __future__ import annotations

import pytest
from pydicom import dcmread

from accounts.actors import SystemActor
from archive.studies import measured
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from compute.phantoms.corpus import CASES

SCANNER = SystemActor("dicom:CT1", "county")


@pytest.fixture
def stored(cast, tmp_path):
    def store(name):
        case = next(case for case in CASES if case.name == name)
        files = case.write(tmp_path / "case")
        for file in files:
            store_part10(file.read_bytes(), site=cast.county, actor=SCANNER)
        uid = dcmread(files[0], stop_before_pixels=True).SeriesInstanceUID
        series = Series.objects.get(series_instance_uid=uid)
        complete_series(series, "All instances sent.")
        series.refresh_from_db()
        return series

    return store


def test_an_enhanced_object_is_thin_by_its_frames(stored):
    series = stored("enhanced CT")

    assert (series.geometry["slices"], series.geometry["frames"], series.geometry["spacing_mm"]) == (
        1,
        12,
        1.0,
    )
    assert series.is_thin_slice
    assert series.geometry["is_volume"]


def test_phases_are_told_by_the_headers_of_one_position_only(stored, monkeypatch):
    read: list[int] = []
    real = measured._read

    def counted(pk, keywords):
        read.append(pk)
        return real(pk, keywords)

    monkeypatch.setattr(measured, "_read", counted)

    series = stored("cardiac phases")

    assert (series.geometry["phases"], series.geometry["positions"]) == (5, 8)
    assert series.geometry["duplicates"] == 0
    assert len(set(read)) == 5  # of 40 instances


def test_a_series_without_repeated_places_reads_no_header(stored, monkeypatch):
    monkeypatch.setattr(measured, "_read", lambda *_: pytest.fail("a header was read"))

    assert stored("thin tagged thick").is_thin_slice


def test_a_header_too_large_to_be_one_is_left_alone(stored, monkeypatch):
    monkeypatch.setattr(measured, "HEADER_AT_MOST", 64)
    monkeypatch.setattr(measured._Bounded.__init__, "__kwdefaults__", {"at_most": 64})

    series = stored("enhanced CT")

    assert series.is_thin_slice is None
    assert "do not say where" in series.thin_slice_reason


def test_facts_survive_the_database_unchanged(stored):
    series = stored("thin and thick mixed")

    assert series.geometry == measured.measure_series(series).as_json()
    assert [(one["slices"], one["spacing_mm"]) for one in series.geometry["stacks"]] == [(24, 1.0), (10, 4.8)]
