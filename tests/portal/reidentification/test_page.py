"""The page where a pseudonym is asked about, and REST beside it."""

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Membership
from archive.deidentification.keys import secret_of
from archive.deidentification.pseudonyms import Pseudonyms
from tests.portal.stored_images import store_ct

PAGE, API = "/reidentification/", "/api/reidentification/"


@pytest.fixture
def patient(cast):
    return store_ct(cast.county).study.patient


@pytest.fixture
def pseudonym(patient):
    return Pseudonyms.for_identifier("C-1001", "", secret_of("default")).patient_id


@pytest.fixture
def ines(cast):
    Membership.objects.create(person=cast.ines, site=cast.county, role="administrator")
    client = Client()
    client.force_login(cast.ines)
    return client


def asked(pseudonym, **changes):
    return {
        "pseudonym": pseudonym,
        "key": "default",
        "purpose": "care",
        "reference": "EC-2026/17",
    } | changes


def test_who_may_ask_is_shown_the_identity_once(ines, patient, pseudonym):
    answer = ines.post(PAGE, asked(pseudonym))

    page = answer.content.decode()
    assert "data-identity" in page
    assert patient.display_name in page
    assert "no-store" in answer["Cache-Control"]
    assert patient.display_name not in ines.get(PAGE).content.decode()
    assert AuditEvent.objects.filter(action="patient.reidentified").count() == 1


def test_a_refusal_stands_beside_its_field_and_keeps_what_was_typed(ines, pseudonym):
    answer = ines.post(PAGE, asked(pseudonym, reference=""))

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Give the number of the approval" in page
    assert f'value="{pseudonym}"' in page


def test_an_unknown_pseudonym_is_told_as_such(ines, patient):
    answer = ines.post(PAGE, asked("A" * 13))

    assert answer.status_code == 404
    assert "stands for nobody of your sites" in answer.content.decode()


def test_without_keys_of_projects_the_page_says_what_can_be_asked(ines, settings, tmp_path):
    assert "No keys of projects are configured here." in ines.get(PAGE).content.decode()

    settings.DEIDENTIFICATION_KEYS = str(tmp_path)
    (tmp_path / "trial.key").write_bytes(b"t" * 32)
    page = ines.get(PAGE).content.decode()
    assert "No keys of projects" not in page
    assert '<option value="trial">' in page


@pytest.mark.parametrize("who", ["theo", "rosa", "ivo"])
def test_for_others_there_is_no_page(cast, who):
    client = Client()
    client.force_login(getattr(cast, who))

    assert client.get(PAGE).status_code == 404
    assert b"/reidentification/" not in client.get("/").content


def test_rest_answers_as_the_page_does(ines, cast, patient, pseudonym):
    client = APIClient()
    client.force_login(cast.ines)

    answer = client.post(API, asked(pseudonym), format="json")
    assert answer.status_code == 200
    assert answer.json()["patient"]["display_name"] == patient.display_name
    assert answer["Cache-Control"] == "no-store"
    assert client.post(API, asked("A" * 13), format="json").status_code == 404
    assert client.post(API, asked(pseudonym, purpose="curiosity"), format="json").status_code == 400
    client.force_login(cast.theo)
    assert client.post(API, asked(pseudonym), format="json").status_code == 403
