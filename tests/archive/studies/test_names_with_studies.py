"""The name a study is searched by is its patient's, whatever becomes of either."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from django.db import connection, transaction

from accounts.actors import SystemActor
from archive.mpi.models import Patient
from archive.studies.corrections.folding import file_under_survivor
from archive.studies.corrections.services import reassign_study, split_study, undo_correction
from archive.studies.models import Series, Study
from archive.studies.services import store_part10
from common.uids import derived_uid
from events.delivery import deliver_due
from tests.archive.orders.orders import make_patient
from tests.archive.studies.objects import ct_slice, part10

CT = SystemActor("dicom:CT1", "county")
WHY = "taken under the wrong worklist entry"
LI, WANG = "li^hua", "wang^fang"


@pytest.fixture
def study(cast, clock) -> Study:
    """Two series of Li Hua, as they were received."""
    for series in ("series", "other"):
        store_part10(part10(ct_slice(1, series=series)), site=cast.county, actor=CT)
    return Study.objects.get()


@pytest.fixture
def wang(cast) -> Patient:
    return make_patient(cast, "2002", family_name="Wang", given_name="Fang")


def name_of(study: Study) -> str:
    return Study.all_objects.values_list("patient_matching_name", flat=True).get(pk=study.pk)


def test_a_study_that_is_received_has_its_patients_name(study):
    assert name_of(study) == LI == study.patient.matching_name


def test_a_patient_who_is_renamed_is_so_in_every_study_withdrawn_ones_too(study):
    Study.objects.update(withdrawn_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC))

    study.patient.family_name = "Zhang"
    study.patient.save()

    assert name_of(study) == "zhang^hua"


def test_a_study_that_is_reassigned_has_the_other_name_and_the_first_again_when_that_is_undone(
    study, cast, wang
):
    correction = reassign_study(study, patient=wang, actor=cast.theo, comment=WHY)
    assert name_of(study) == WANG

    undo_correction(correction, actor=cast.theo)
    assert name_of(study) == LI


def test_studies_of_a_folded_patient_have_the_survivors_name(study, wang):
    Patient.objects.filter(pk=study.patient.pk).update(merged_into=wang)

    file_under_survivor(Patient.objects.get(pk=study.patient.pk), actor=CT)

    assert name_of(study) == WANG


def test_what_is_split_off_for_another_patient_has_that_name(study, cast, wang, clock):
    other = Series.objects.get(series_instance_uid=derived_uid("study", "other"))
    split_study(study, [other.series_instance_uid], patient=wang, actor=cast.theo, comment=WHY)
    clock.advance(dt.timedelta(seconds=5))
    deliver_due()

    assert name_of(Study.objects.exclude(pk=study.pk).get()) == WANG
    assert name_of(study) == LI


def test_nobody_writes_another_name_into_a_study(study):
    Study.objects.update(patient_matching_name="nobody^here")
    assert name_of(study) == LI

    stale = Study.objects.get()
    stale.patient_matching_name = "nobody^here"
    stale.save()
    assert name_of(study) == LI


@pytest.mark.django_db(transaction=True)
def test_a_rename_waits_for_a_study_that_is_being_written_and_misses_none(study):
    fields = connection.get_connection_params()
    rename = "UPDATE mpi_patient SET matching_name = 'zhang^hua' WHERE id = %s"
    with psycopg.connect(
        host=fields.get("host"), port=fields.get("port"), dbname=fields["dbname"], user=fields.get("user"),
        password=fields.get("password"), autocommit=True,
    ) as other:  # fmt: skip
        other.execute("SET lock_timeout = '50ms'")
        with transaction.atomic():
            Study.objects.create(
                study_instance_uid="2.25.1", site=study.site, patient=study.patient,
                received_at=study.received_at, trace_id=study.trace_id,
            )  # fmt: skip
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(rename, [study.patient.pk])
        other.execute(rename, [study.patient.pk])

    assert set(Study.objects.values_list("patient_matching_name", flat=True)) == {"zhang^hua"}
