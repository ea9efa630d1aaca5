"""Storing, matching, judging: what the index holds and what is published, and at what cost."""

import contextlib
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.mpi.services import register_patient
from archive.orders.models import Order
from archive.orders.services import receive_order
from archive.storage.models import Segment
from archive.storage.objects import open_object, open_writer, read_object
from archive.studies import services
from archive.studies.models import Instance, Series, Study
from archive.studies.selectors import read_dataset, series_instances_in_order, visible_studies
from common.errors import Conflict, InvalidInput
from common.identifiers import Identifier
from common.uids import derived_uid
from tests.archive.studies.objects import ct_slice, part10

ACTOR = SystemActor("dicom:CT1", "county")


@pytest.fixture
def news(monkeypatch):
    published = []

    def publish(name, payload, *, subjects=None):
        published.append((name, {**payload, "subjects": dict(subjects or {})}))

    monkeypatch.setattr("archive.studies.news.publish", publish)
    return published


def store(cast, *datasets):
    return [
        services.store_part10(part10(dataset), site=cast.county, actor=ACTOR, calling_ae_title="CT1")
        for dataset in datasets
    ]


def ordered(cast, **facts):
    patient = register_patient(
        identifiers=[Identifier("P1", cast.county.authority)], site=cast.county, family_name="Li",
        given_name="Hua", birth_date=dt.date(1960, 1, 1), sex="F", actor=ACTOR, source="his",
    )  # fmt: skip
    return receive_order(
        site=cast.county, patient=patient, placer_order_number="PL1", procedure_code="CTCHEST",
        service=Order.Service.REMOTE_CONSULTATION, priority="ROUTINE", modality="CT",
        scheduled_at=dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC),
        ordered_at=dt.datetime(2026, 3, 2, 7, tzinfo=dt.UTC), actor=ACTOR, **facts,
    )  # fmt: skip


def test_an_object_is_kept_byte_for_byte_and_indexed(cast, clock):
    data = part10(ct_slice(7))

    (outcome,) = [services.store_part10(data, site=cast.county, actor=ACTOR)]

    instance = Instance.objects.select_related("series__study__patient").get(pk=outcome.instance_pk)
    with open_object(instance.storage_key) as file:
        assert file.read() == data
    assert (instance.instance_number, instance.rows, instance.columns) == (7, 8, 8)
    assert instance.bits_allocated == 16
    assert instance.image_position == [0, 0, 7]
    assert instance.series.modality == "CT"
    assert instance.series.study.patient.ideographic_name == "李华"
    assert read_dataset(instance).pixel_array.max() == 7


def test_the_same_bytes_again_succeed_without_effect(cast, clock):
    first, again = store(cast, ct_slice(1), ct_slice(1))

    assert again.is_duplicate
    assert again.instance_pk == first.instance_pk
    assert Instance.objects.count() == 1


def test_other_bytes_under_the_same_uid_are_refused(cast, clock):
    store(cast, ct_slice(1))

    with pytest.raises(Conflict) as refusal:
        store(cast, ct_slice(1, PatientID="P2"))

    assert refusal.value.code == "DUPLICATE_SOP_INSTANCE"
    assert Instance.objects.count() == 1


@pytest.mark.parametrize(("other", "is_same"), [({}, True), ({"PatientID": "P2"}, False)])
def test_the_same_data_set_with_other_file_meta_information_is_a_duplicate(cast, clock, other, is_same):
    store(cast, ct_slice(1))
    again = ct_slice(1, **other)
    again.file_meta.ImplementationVersionName = "ANOTHER_WRITER"

    with contextlib.nullcontext() if is_same else pytest.raises(Conflict):
        (outcome,) = store(cast, again)
        assert outcome.is_duplicate

    assert Instance.objects.count() == 1


def test_the_same_bytes_in_another_transfer_syntax_are_another_object(cast, clock):
    store(cast, ct_slice(1))
    data = part10(ct_slice(1)).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")

    with pytest.raises(Conflict) as refusal:
        services.store_part10(data, site=cast.county, actor=ACTOR)

    assert refusal.value.code == "DUPLICATE_SOP_INSTANCE"


def test_a_series_cannot_belong_to_two_studies(cast, clock):
    store(cast, ct_slice(1))

    with pytest.raises(Conflict) as refusal:
        store(cast, ct_slice(2, StudyInstanceUID="1.2.3.4"))

    assert refusal.value.code == "SERIES_ELSEWHERE"


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("StudyInstanceUID", None),
        ("SeriesInstanceUID", ""),
        ("SOPInstanceUID", "../../etc/passwd"),
        ("StudyInstanceUID", "1.2.3/../x"),
    ],
)
def test_objects_that_cannot_be_named_are_refused(cast, clock, keyword, value, recwarn):
    with pytest.raises(InvalidInput) as refusal:
        store(cast, ct_slice(1, **{keyword: value}))

    assert keyword in refusal.value.fields
    assert not Study.objects.exists()


@pytest.mark.parametrize("cut", [1, 200, 400])
def test_a_truncated_object_is_refused(cast, clock, cut):
    with pytest.raises(InvalidInput):
        services.store_part10(part10(ct_slice(1))[:-cut], site=cast.county, actor=ACTOR)


def test_an_instance_of_a_known_series_costs_one_statement(cast, clock):
    writer = open_writer(cast.county)
    keep = {"site": cast.county, "actor": ACTOR, "writer": writer}
    services.store_part10(part10(ct_slice(1)), **keep)
    counts = []
    for number in range(3, 8):
        with CaptureQueriesContext(connection) as queries:
            services.store_part10(part10(ct_slice(number)), **keep)
        counts.append(len(queries))
    writer.close()

    assert counts == [1] * 5
    assert Segment.objects.get().object_count == 6


def test_a_file_that_is_also_a_program_is_stored_without_the_program(cast, clock):
    data = part10(ct_slice(1))

    services.store_part10(b"MZ\x90\0" + data[4:], site=cast.county, actor=ACTOR)

    assert read_object(Instance.objects.get().storage_key) == data


def test_a_file_that_is_also_a_tiff_stays_one(cast, clock):
    data = b"II*\0" + part10(ct_slice(1))[4:]

    services.store_part10(data, site=cast.county, actor=ACTOR)

    assert read_object(Instance.objects.get().storage_key) == data


def test_the_bytes_of_a_duplicate_are_taken_back(cast, clock):
    writer = open_writer(cast.county)
    for _ in range(3):
        services.store_part10(part10(ct_slice(1)), site=cast.county, actor=ACTOR, writer=writer)
    writer.close()

    assert Segment.objects.get().size_bytes == Instance.objects.get().size_bytes


def test_once_a_second_one_more_statement_tells_when_the_series_was_added_to(cast, clock):
    store(cast, ct_slice(1))
    clock.advance(dt.timedelta(seconds=2))

    store(cast, ct_slice(2))

    assert Series.objects.get().last_received_at == clock.now


def test_a_study_of_an_unknown_patient_is_registered_under_the_sites_authority(cast, clock, news):
    store(cast, ct_slice(1))

    study = Study.objects.get()
    identifier = study.patient.identifiers.get()
    assert (identifier.value, identifier.authority_namespace) == ("P1", "COUNTY")
    assert "provisional" in study.match_reason
    assert [name for name, _ in news] == ["StudyReceived"]


def test_a_study_without_patient_id_gets_a_patient_of_its_own(cast, clock):
    store(cast, ct_slice(1, PatientID=""), ct_slice(1, study="other", PatientID=""))

    one, other = Study.objects.all()
    assert one.patient_id != other.patient_id


def test_a_study_made_from_the_worklist_finds_its_order(cast, clock, news):
    order = ordered(cast)
    store(cast, ct_slice(1, StudyInstanceUID=order.study_instance_uid))

    study = Study.objects.get()
    order.refresh_from_db()
    assert (study.order, study.patient, study.trace_id) == (order, order.patient, order.trace_id)
    assert order.status == Order.Status.IN_PROGRESS
    name, payload = news[0]
    assert (name, payload["subjects"]["order"]) == ("StudyReceived", str(order.uid))


def test_a_study_with_the_accession_number_finds_its_order(cast, clock):
    order = ordered(cast)
    store(cast, ct_slice(1, AccessionNumber=order.accession_number))

    assert Study.objects.get().order == order


def test_an_order_for_another_patient_is_not_taken(cast, clock):
    order = ordered(cast)
    store(cast, ct_slice(1, AccessionNumber=order.accession_number, PatientID="SOMEONE-ELSE"))

    study = Study.objects.get()
    assert study.order is None
    assert study.patient != order.patient
    assert "another" in study.match_reason


def test_a_quiet_series_is_complete_thin_and_told_of_once(cast, clock, news, settings):
    store(cast, *(ct_slice(number) for number in range(1, 6)))
    assert services.judge_receiving_series() == 0

    clock.advance(dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS))
    assert services.judge_receiving_series() == 1
    assert services.judge_receiving_series() == 0

    series = Series.objects.get()
    assert (series.completeness, series.is_thin_slice) == ("complete", True)
    assert series.geometry["spacing_mm"] == 1.0  # Slice Thickness says 5
    told = [payload for name, payload in news if name == "SeriesComplete"]
    assert len(told) == 1
    assert (told[0]["instance_count"], told[0]["is_thin_slice"], told[0]["site_code"]) == (5, True, "county")
    assert told[0]["subjects"]["series"] == series.series_instance_uid


def test_a_series_with_a_gap_is_waited_for_longer(cast, clock, settings):
    store(cast, *(ct_slice(number) for number in (1, 2, 4, 5)))

    clock.advance(dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS))
    assert services.judge_receiving_series() == 0
    assert "1 slices missing" in Series.objects.get().completeness_reason

    clock.advance(dt.timedelta(seconds=3 * settings.DICOM_QUIET_SECONDS))
    assert services.judge_receiving_series() == 1


def test_a_series_that_announces_its_size_needs_no_quiet_time(cast, clock):
    store(cast, *(ct_slice(number, NumberOfSeriesRelatedInstances=3) for number in (1, 2, 3)))

    assert services.judge_receiving_series() == 1
    assert "All 3" in Series.objects.get().completeness_reason


def test_late_instances_complete_the_series_again_and_say_so(cast, clock, news, settings):
    quiet = dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS)
    store(cast, ct_slice(1), ct_slice(2))
    clock.advance(quiet)
    services.judge_receiving_series()

    store(cast, ct_slice(3))
    assert Series.objects.get().completeness == "receiving"
    clock.advance(quiet)
    services.judge_receiving_series()

    told = [payload for name, payload in news if name == "SeriesComplete"]
    assert [payload["instance_count"] for payload in told] == [2, 3]
    assert "1 late instances" in told[1]["reason"]


def test_a_resent_instance_does_not_complete_the_series_again(cast, clock, news, settings):
    quiet = dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS)
    store(cast, ct_slice(1), ct_slice(2))
    clock.advance(quiet)
    services.judge_receiving_series()

    store(cast, ct_slice(2))
    clock.advance(quiet)
    services.judge_receiving_series()

    assert [name for name, _ in news].count("SeriesComplete") == 1


def test_instances_come_in_the_order_of_their_positions(cast, clock):
    store(cast, ct_slice(1, z=30), ct_slice(2, z=10), ct_slice(3, z=20))

    numbers = [item.instance_number for item in series_instances_in_order(Series.objects.get())]

    assert numbers == [2, 3, 1]


def test_one_audit_line_tells_of_a_series_not_of_every_instance(cast, clock):
    store(cast, *(ct_slice(number) for number in range(1, 6)))

    assert AuditEvent.objects.filter(action="series.received").count() == 1
    assert AuditEvent.objects.filter(object_kind="instance").count() == 0


def test_people_see_the_studies_of_their_site_and_otto_sees_none(cast, clock):
    store(cast, ct_slice(1))

    assert visible_studies(cast.theo).get().study_instance_uid == derived_uid("study")
    assert not visible_studies(cast.otto).exists()
    assert not visible_studies(cast.rosa).exists()


def test_results_inherit_patient_and_trace_of_their_study(cast, clock):
    store(cast, ct_slice(1))
    result = ct_slice(1, series="derived", PatientID="", Modality="OT")

    services.store_part10(part10(result), site=cast.county, actor=ACTOR, is_derived=True)

    study = Study.objects.get()
    assert study.series.count() == 2
    assert study.series.get(modality="OT").is_derived


def test_a_localizer_is_told_apart_by_what_the_scanner_calls_it_or_by_its_planes(cast, clock, news, settings):
    store(cast, ct_slice(1, series="scout", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))
    store(cast, ct_slice(1, series="alone", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]))
    store(
        cast,
        ct_slice(1, series="planes"),
        ct_slice(2, series="planes", ImageOrientationPatient=[1, 0, 0, 0, 0, -1]),
    )

    clock.advance(dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS))
    assert services.judge_receiving_series() == 3

    told = {p["subjects"]["series"]: p["is_localizer"] for name, p in news if name == "SeriesComplete"}
    uids = {name: derived_uid("study", name) for name in ("scout", "alone", "planes")}
    assert told == {uids["scout"]: True, uids["alone"]: False, uids["planes"]: True}
