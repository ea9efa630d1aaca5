"""The right patient is found by name or identifier within the person's sites, and chosen; or typed as a whole."""

import re

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, Membership
from archive.mpi.models import Patient, PatientIdentifier
from archive.studies.models import Study
from common import clock
from portal.studies import choosing
from tests.portal.stored_images import store_ct

CHOOSE = "/studies/corrections/patients/"


def known(site, family, given, value, *, ideographic="", middle=""):
    patient = Patient.objects.create(
        family_name=family, given_name=given, middle_name=middle, ideographic_name=ideographic,
        registered_at=clock.now(), sex="F",
    )  # fmt: skip
    PatientIdentifier.objects.create(
        patient=patient, site=site, value=value, authority_namespace=site.authority_namespace,
        linked_at=clock.now(),
    )  # fmt: skip
    return patient


@pytest.fixture
def theo(cast):
    client = Client()
    client.force_login(cast.theo)
    return client


@pytest.fixture
def patients(cast):
    return [
        known(cast.county, "Zhang", "Wei", "C-2001", ideographic="张伟"),
        known(cast.county, "Zhang", "Min", "C-2002", ideographic="张敏", middle="Anna"),
        known(cast.county, "Müller", "Jörg", "M-77"),
        known(cast.elsewhere, "Zhang", "Far", "C-2009"),
    ]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("zhang", {"Wei Zhang", "Min Anna Zhang"}),
        ("ZHANG wei", {"Wei Zhang"}),
        ("anna", {"Min Anna Zhang"}),
        ("muller", {"Jörg Müller"}),
        ("张", {"Wei Zhang", "Min Anna Zhang"}),
        ("C-200", {"Wei Zhang", "Min Anna Zhang"}),
        ("C-2009", set()),
        ("z", set()),
        ("", set()),
    ],
)
def test_patients_of_the_site_are_found_by_name_and_by_the_beginning_of_an_identifier(
    theo, patients, typed, names
):
    page = theo.get(CHOOSE, {"patient": typed}).content.decode()

    assert page.count('type="radio"') == len(names)
    assert all(name in page for name in names)
    assert "Far Zhang" not in page


def test_a_word_in_the_middle_of_a_name_is_looked_for_only_where_none_begins_with_it(theo, patients):
    """Without trigrams that reads every name; the beginnings of names and identifiers are indexed anywhere."""
    assert "Zhang" in theo.get(CHOOSE, {"patient": "hang"}).content.decode()

    Patient.objects.bulk_create(
        Patient(matching_name=f"family{number}^given", registered_at=clock.now()) for number in range(2000)
    )
    found = choosing._beginning("zha")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mpi_patient")
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = Patient.objects.filter(found).explain()
    assert {"patient_matching", "patient_given", "patient_ideographic", "identifier_value"} <= set(
        re.findall(r"[a-z_]+", plan)
    )


def test_an_administrator_who_sees_no_studies_finds_the_patients_of_the_site(cast, patients):
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    client = Client()
    client.force_login(cast.ines)

    assert client.get(CHOOSE, {"patient": "zhang wei"}).content.decode().count('type="radio"') == 1


def test_a_search_leaves_a_line_without_what_was_typed(theo, patients):
    theo.get(CHOOSE, {"patient": "zhang"})

    line = AuditEvent.objects.get(action="patients.searched")
    assert line.detail["patients"] == 2
    assert "zhang" not in str(line.detail).lower()


def test_who_corrects_nothing_finds_nobody(cast, patients):
    client = Client()
    client.force_login(cast.rafael)

    assert client.get(CHOOSE, {"patient": "zhang"}).status_code == 404


@pytest.mark.parametrize("kind", ["reassign", "split"])
def test_the_chosen_patient_goes_before_what_was_typed_and_stays_chosen(cast, theo, patients, kind):
    study = store_ct(cast.county).study
    address = f"/studies/{study.study_instance_uid}/correct/"
    asked = {
        "kind": kind, "comment": "Wrong entry", "patient": "zhang", "chosen": str(patients[1].uid),
        "series": list(study.series.values_list("series_instance_uid", flat=True)),
    }  # fmt: skip

    page = theo.post(address, asked).content.decode()
    assert "What will follow" in page
    assert "张敏 · Min Anna Zhang." in page
    assert f'name="patient" value="{patients[1].uid}"' in page

    again = theo.post(address, {**asked, "comment": ""}).content.decode()
    assert f'value="{patients[1].uid}" checked' in again


def test_a_whole_identifier_may_be_typed_instead(cast, theo, patients):
    study = store_ct(cast.county).study
    asked = {"kind": "reassign", "comment": "Wrong entry", "patient": "C-2001", "confirmed": "yes"}

    theo.post(f"/studies/{study.study_instance_uid}/correct/", asked)

    assert Study.objects.get(pk=study.pk).patient == patients[0]
