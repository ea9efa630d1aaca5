"""Finding patients, and the page of one: identities with their authority, one timeline."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from tests.archive.orders.orders import make_patient, place_order
from tests.portal.cases_in_work import make_case
from tests.portal.stored_images import store_ct


@pytest.fixture
def order(cast):
    return place_order(cast, make_patient(cast, "C-1001"), service="imaging")


@pytest.fixture
def rafael(cast, client, order):
    client.force_login(cast.rafael)
    return client


@pytest.mark.parametrize(
    ("query", "is_found"), [("", True), ("q=Zha", True), ("q=c-1001", True), ("q=伟", False), ("q=x", False)]
)
def test_patients_are_found_by_the_beginning_of_a_name_or_a_whole_number(rafael, query, is_found):
    assert ("Wei Zhang" in rafael.get(f"/patients/?{query}").content.decode()) is is_found


def test_patient_page_has_identities_and_one_timeline(rafael, cast, order):
    store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.4")
    case = make_case(order)

    answer = rafael.get(f"/patients/{order.patient.uid}/")
    page = answer.content.decode()

    assert "COUNTY" in page
    assert "C-1001" in page
    assert {moment.icon_name for moment in answer.context["timeline"]} == {
        "clipboard-list", "images", "briefcase-medical",
    }  # fmt: skip
    assert f"/studies/{order.study_instance_uid}/" in page
    assert f"/cases/{case.uid}/" in page
    moments = [moment.at for moment in answer.context["timeline"]]
    assert moments == sorted(moments, reverse=True)


def test_opening_a_patient_is_audited(rafael, cast, order):
    rafael.get(f"/patients/{order.patient.uid}/")

    assert AuditEvent.objects.get(action="patient.opened").person == cast.rafael


def test_otto_finds_nobody(cast, client, order):
    client.force_login(cast.otto)

    assert "Zhang" not in client.get("/patients/?q=zhang").content.decode()
    assert client.get(f"/patients/{order.patient.uid}/").status_code == 404


def test_fifty_patients_cost_no_more_statements_than_one(rafael, cast):
    with CaptureQueriesContext(connection) as one_row:
        rafael.get("/patients/")
    for number in range(55):
        make_patient(cast, f"N-{number}")

    with CaptureQueriesContext(connection) as many_rows:
        page = rafael.get("/patients/")

    assert len(page.context["page"].rows) == 50
    assert len(many_rows) == len(one_row) <= 8
