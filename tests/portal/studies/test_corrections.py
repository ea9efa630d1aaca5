"""The correction panel and the REST actions beside it: consequences first, then the act, then undoing it."""

from __future__ import annotations

import datetime as dt

import pytest

from archive.mpi.models import Patient
from archive.studies.corrections.models import Correction
from archive.studies.models import Instance, Study
from events.delivery import deliver_due
from tests.archive.orders.orders import make_patient
from tests.portal.stored_images import store_ct

PAGE = "/studies/1.2.3/correct/"
API = "/api/studies/1.2.3/correct/"


@pytest.fixture
def study(cast) -> Study:
    return store_ct(cast.county).study


@pytest.fixture
def theo(cast, client):
    client.force_login(cast.theo)
    return client


def test_the_consequences_are_shown_before_anything_happens(study, theo):
    asked = {"kind": "reject", "reason": "113037", "comment": "wrong side"}

    page = theo.post(PAGE, asked).content.decode()

    assert "3 instances" in page
    assert "are no longer shown to anybody" in page
    assert "they are refused" in page
    assert Instance.objects.count() == 3
    assert not Correction.objects.exists()


def test_a_confirmed_rejection_is_made_and_undone_from_the_history(study, theo):
    asked = {"kind": "reject", "reason": "113037", "comment": "wrong side", "confirmed": "yes"}

    page = theo.post(PAGE, asked, follow=True).content.decode()
    assert not Study.objects.exists()
    assert "Everything of this study was withdrawn" in page
    assert theo.get("/studies/1.2.3/").status_code == 404

    correction = Correction.objects.get()
    page = theo.post(f"/studies/corrections/{correction.uid}/undo/", follow=True).content.decode()

    assert "The correction is undone." in page
    assert Study.objects.get().series.get().instances.count() == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "reject", "reason": "113037"}, "This field is required."),
        ({"kind": "reject", "comment": "x"}, "Choose a reason."),
        ({"kind": "", "comment": "x"}, "Choose what is wrong with the study."),
        ({"kind": "dance", "comment": "x"}, "There is no such correction."),
        ({"kind": "reassign", "comment": "x", "patient": "nobody"}, "No patient, or more than one"),
        ({"kind": "split", "comment": "x"}, "Choose the series"),
        ({"kind": "merge", "comment": "x", "into": "9.9"}, "Name one other study"),
    ],
)
def test_what_cannot_be_meant_is_refused_beside_the_field(study, theo, asked, said):
    answer = theo.post(PAGE, asked)

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not Correction.objects.exists()


@pytest.mark.parametrize("person", ["otto", "rosa", "rafael", "ivo", "ines"])
def test_who_does_not_correct_at_the_site_finds_no_panel(study, cast, client, person):
    client.force_login(getattr(cast, person))

    assert client.get(PAGE).status_code == 404
    assert client.post(API, {"kind": "reject", "reason": "113037", "comment": "x"}).status_code in {403, 404}
    assert Instance.objects.count() == 3


def test_the_study_offers_its_correction_to_those_who_may(study, theo, cast, client):
    assert PAGE in theo.get("/studies/1.2.3/").content.decode()
    client.force_login(cast.rafael)
    assert PAGE not in client.get("/studies/1.2.3/").content.decode()


def test_rest_previews_makes_lists_and_undoes_a_reassignment(study, theo, cast):
    patient = make_patient(cast, "2002")
    asked = {"kind": "reassign", "patient": "2002", "comment": "wrong patient"}

    preview = theo.post(f"{API}preview/", asked, content_type="application/json")
    made = theo.post(API, asked, content_type="application/json")

    assert "3 instances" in preview.json()["consequences"][0]
    assert (made.status_code, made.json()["kind"]) == (201, "reassign")
    assert Study.objects.get().patient == patient
    listed = theo.get("/api/corrections/", {"study": "1.2.3"}).json()["results"]
    assert [one["uid"] for one in listed] == [made.json()["uid"]]
    undone = theo.post(f"/api/corrections/{made.json()['uid']}/undo/")
    assert undone.json()["undone_by"] == "theo"
    assert Study.objects.get().patient != patient
    again = theo.post(f"/api/corrections/{made.json()['uid']}/undo/")
    assert again.status_code == 409


def test_the_history_of_a_split_leads_to_the_new_study(study, theo, cast, clock):
    store_ct(cast.county, series="1.2.3.5", slices=2, SeriesDescription="Of another", SeriesNumber=3)
    asked = {"kind": "split", "series": ["1.2.3.5"], "comment": "two examinations", "confirmed": "yes"}

    being_made = theo.post(PAGE, asked, follow=True).content.decode()
    assert "Being made" in being_made
    assert "The new study" not in being_made

    clock.advance(dt.timedelta(seconds=5))
    deliver_due()
    new = Study.objects.exclude(pk=study.pk).get()
    assert f'href="/studies/{new.study_instance_uid}/"' in theo.get(PAGE).content.decode()
    assert theo.get(f"/studies/{new.study_instance_uid}/").status_code == 200

    theo.post(f"/studies/corrections/{Correction.objects.get().uid}/undo/")
    assert f'href="/studies/{new.study_instance_uid}/"' not in theo.get(PAGE).content.decode()


def test_the_panel_costs_the_same_however_much_was_corrected(
    study, theo, cast, django_assert_max_num_queries
):
    first = Patient.objects.get(pk=study.patient_id)
    patients = [make_patient(cast, "2002"), first]
    for number in range(6):
        asked = {"kind": "reassign", "patient": str(patients[number % 2].uid), "comment": "again"}
        assert theo.post(API, asked, content_type="application/json").status_code == 201

    with django_assert_max_num_queries(16):
        assert theo.get(PAGE).status_code == 200
