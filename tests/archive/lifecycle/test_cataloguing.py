"""Series received before an optional key was known are found by it, once one of their headers was read."""

import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from archive.lifecycle import cataloguing
from archive.lifecycle.cataloguing import catalogue_series, catalogue_state
from archive.mpi.models import Patient
from archive.storage.objects import open_object, open_writer
from archive.studies.attributes import CATALOGUE_VERSION, SERIES_TAGS, STUDY_TAGS
from archive.studies.models import Instance, Series, Study
from archive.studies.queries.requests import Key, Level, Query
from archive.studies.queries.search import search
from archive.studies.selectors import studies_of_site
from archive.studies.services import store_part10
from common import clock as product_clock
from common.errors import Unavailable
from tests.archive.lifecycle.conftest import MODALITY
from tests.archive.studies.objects import ct_slice, part10

TAGS_OF_VERSION = {1: "de6c05478b71325c", 2: "97fdd60a8c058c96"}


@pytest.fixture
def of_before(cast):
    """Store a series, and have its rows as they were before any optional key was known."""

    def store(name="series", **elements):
        writer = open_writer(cast.county)
        elements = {"OperatorsName": "Zhao^Operator", "PatientAge": "066Y"} | elements
        dataset = ct_slice(1, study=name, series=name, PatientID=name, **elements)
        store_part10(part10(dataset), site=cast.county, actor=MODALITY, writer=writer)
        writer.close()
        Study.objects.filter(study_instance_uid=dataset.StudyInstanceUID).update(attributes={})
        Series.objects.filter(series_instance_uid=dataset.SeriesInstanceUID).update(
            attributes={}, catalogue_version=0
        )
        return Series.objects.select_related("study").get(series_instance_uid=dataset.SeriesInstanceUID)

    return store


def found_by(cast, tag, vr, value):
    keys = (Key(0x0020000D, "UI", ()), Key(tag, vr, (value,)))
    answers = search(Query(Level.SERIES, keys, is_relational=True), within=studies_of_site(cast.county))
    return sum(1 for _row in answers.rows)


def test_series_received_earlier_are_found_by_optional_keys_after_one_header_was_read(cast, of_before):
    of_before("one")
    of_before("two")
    assert found_by(cast, 0x00081070, "PN", "zhao*") == 0
    assert (catalogue_state().waiting, catalogue_state().percent) == (2, 0)

    assert catalogue_series() == 2

    assert found_by(cast, 0x00081070, "PN", "zhao*") == 2
    assert found_by(cast, 0x00101010, "AS", "066Y") == 2
    assert (catalogue_state().waiting, catalogue_state().percent) == (0, 100)


def test_a_pass_is_bounded_and_the_next_one_goes_on(of_before):
    for name in "abc":
        of_before(name)

    assert [catalogue_series(limit=2), catalogue_series(limit=2), catalogue_series(limit=2)] == [2, 1, 0]


def test_it_ends_and_costs_one_statement_afterwards(of_before):
    of_before()
    catalogue_series()

    with CaptureQueriesContext(connection) as statements:
        assert catalogue_series() == 0
    assert len(statements) == 1
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + statements[0]["sql"])
        assert "series_to_catalogue" in "\n".join(line for (line,) in cursor.fetchall())


def test_what_the_rows_say_already_stays(of_before):
    series = of_before(KVP="120")
    Series.objects.update(attributes={"00081070": {"vr": "PN", "Value": [{"Alphabetic": "Kept"}]}})

    catalogue_series()

    series.refresh_from_db()
    assert series.attributes["00081070"]["Value"] == [{"Alphabetic": "Kept"}]
    assert series.attributes["00180060"] == {"vr": "DS", "Value": [120.0]}


def test_what_cannot_be_read_now_waits_and_holds_nobody_up(of_before, monkeypatch):
    first, second = of_before("first"), of_before("second")
    read = open_object

    def offline(key):
        if key == Instance.objects.get(series=first).storage_key:
            raise Unavailable("The volume is offline", code="STORAGE_UNREACHABLE")
        return read(key)

    monkeypatch.setattr(cataloguing, "open_object", offline)
    assert catalogue_series() == 1
    second.refresh_from_db()
    assert second.catalogue_version == CATALOGUE_VERSION
    assert catalogue_state().waiting == 1

    monkeypatch.setattr(cataloguing, "open_object", read)
    assert catalogue_series() == 1


def test_a_series_whose_bytes_are_gone_is_done_with(of_before):
    series = of_before()
    Instance.objects.filter(series=series).update(storage_key=f"sha256/abc/abc{'0' * 61}")

    assert catalogue_series() == 1
    assert catalogue_state().waiting == 0


def test_a_large_object_is_read_beside_memory(of_before, monkeypatch):
    of_before()
    monkeypatch.setattr(cataloguing, "_HEAD", 400)

    assert catalogue_series() == 1
    assert "00081070" in Series.objects.get().attributes


def test_a_patient_known_by_two_components_gets_the_others_of_the_same_name(of_before):
    of_before(PatientName="Adams^John^Robert Quincy^Rev.^B.A.")
    Patient.objects.update(middle_name="", name_prefix="", name_suffix="", matching_name="adams^john")

    catalogue_series()

    patient = Patient.objects.get()
    assert patient.person_name == "Adams^John^Robert Quincy^Rev.^B.A."
    assert patient.matching_name == "adams^john^robert quincy^rev.^b.a."


def test_a_study_filed_anew_is_not_told_of_its_former_patient(of_before):
    series = of_before(PatientName="Adams^John^Robert")
    Patient.objects.update(middle_name="")
    Study.objects.update(corrected_at=product_clock.now())

    catalogue_series()

    assert Study.objects.get(pk=series.study_id).attributes == {}
    assert Patient.objects.get().middle_name == ""


def test_rows_written_now_are_of_the_present_catalogue(cast):
    store_part10(part10(ct_slice(1)), site=cast.county, actor=MODALITY)

    assert Series.objects.get().catalogue_version == CATALOGUE_VERSION
    assert catalogue_state().waiting == 0


def test_whoever_adds_a_key_raises_the_version():
    tags = ",".join(f"{tag:08X}" for tag in sorted(STUDY_TAGS)) + ";"
    tags += ",".join(f"{tag:08X}" for tag in sorted(SERIES_TAGS))

    assert hashlib.sha256(tags.encode()).hexdigest()[:16] == TAGS_OF_VERSION[CATALOGUE_VERSION]
