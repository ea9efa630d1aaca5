"""Facts of a series by the names rules use: headers as kept or as stored, measured geometry, the order and the hour."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from accounts.actors import SystemActor
from archive.studies.fact_catalogue import FACTS, FactType
from archive.studies.facts import context_of, series_facts_for_routing
from archive.studies.models import Series
from archive.studies.services import complete_series, store_part10
from common.uids import derived_uid
from tests.archive.orders.orders import place_order
from tests.archive.studies.objects import ct_slice, part10

pytestmark = pytest.mark.django_db
HEADERS = {
    "ConvolutionKernel": "B30f", "Manufacturer": "ACME", "ManufacturerModelName": "Scan 1", "StationName": "CT01",
    "ProtocolName": "Thorax", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "BodyPartExamined": "CHEST",
    "SeriesDescription": "Lung 1.0", "ContrastBolusAgent": "Iodine", "SequenceName": "*tse2d1",
}  # fmt: skip
SAID = {
    "kernel": "B30f", "manufacturer": "ACME", "model_name": "Scan 1", "station_name": "CT01", "protocol": "Thorax",
    "image_type": ["ORIGINAL", "PRIMARY", "AXIAL"], "body_part": "CHEST", "description": "Lung 1.0",
    "contrast_agent": "Iodine", "sequence_name": "*tse2d1",
}  # fmt: skip


@pytest.fixture
def make(cast):
    def stored(count=4, *, spacing=0.8, **elements) -> Series:
        for number in range(1, count + 1):
            data = part10(ct_slice(number, z=number * spacing, **elements))
            store_part10(data, site=cast.county, actor=SystemActor("test"), calling_ae_title="COUNTY_CT1")
        series = Series.objects.get(series_instance_uid=derived_uid("study", "series"))
        complete_series(series, "Made for a test.")
        series.refresh_from_db()
        return series

    return stored


def test_headers_are_facts_whether_the_index_keeps_them_or_the_object(make):
    series = make(**HEADERS)
    kept = series_facts_for_routing(series)
    assert {name: kept[name] for name in SAID} == SAID

    series.attributes = series.study.attributes = {}
    read = series_facts_for_routing(series)

    assert {name: read[name] for name in SAID} == SAID


def test_geometry_is_as_measured_whatever_the_labels_say(make):
    facts = series_facts_for_routing(make(5, spacing=0.8, SliceThickness=10, SpacingBetweenSlices=10))

    assert (facts["spacing_mm"], facts["is_thin_slice"], facts["is_volume"]) == (0.8, True, True)
    assert facts["coverage_mm"] == pytest.approx(4 * 0.8)
    assert (facts["orientation"], facts["gaps"], facts["overlaps"]) == ("axial", 0, 0)
    assert not [fact.name for fact in FACTS if "thickness" in fact.name]


def test_what_the_index_counts_and_knows(make, cast):
    facts = series_facts_for_routing(make(4))

    assert (facts["site"], facts["calling_ae"], facts["modality"]) == ("county", "COUNTY_CT1", "CT")
    assert (facts["instance_count"], facts["frame_count"], facts["priors"]) == (4, 4, 0)
    assert facts["sop_class"] == "1.2.840.10008.5.1.4.1.1.2"
    assert facts["transfer_syntax"] == "1.2.840.10008.1.2.1"
    assert (facts["has_order"], facts["service"]) == (False, None)


def test_the_order_of_the_study_is_a_fact(make, cast):
    series = make()
    series.study.order = place_order(cast, priority="STAT", procedure_code="CT-CHEST")

    facts = series_facts_for_routing(series)

    assert (facts["has_order"], facts["priority"], facts["procedure_code"]) == (True, "STAT", "CT-CHEST")


def test_the_hour_and_the_day_are_local(make, clock):
    clock.now = dt.datetime(2026, 3, 6, 22, 30, tzinfo=dt.UTC)  # Saturday, 06:30 in Shanghai

    facts = series_facts_for_routing(make())

    assert (facts["weekday"], facts["hour"]) == ("Saturday", 6)
    assert (facts["local_date"], facts["local_time"]) == ("2026-03-07", "06:30:00")


def test_recorded_facts_become_values_of_their_types_again(make):
    context = context_of(series_facts_for_routing(make()))

    kinds = {FactType.NUMBER: Decimal, FactType.BOOLEAN: bool, FactType.STRING: str, FactType.STRINGS: list,
             FactType.DATE: dt.date, FactType.TIME: dt.time}  # fmt: skip
    for fact in FACTS:
        assert context[fact.name] is None or isinstance(context[fact.name], kinds[fact.type]), fact.name
    assert context["spacing_mm"] == Decimal("0.8")
