"""The list of studies and the page of one: what they show, to whom, and at what cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Role
from archive.reports.services import sign_report
from tests.archive.orders.orders import make_patient, place_order
from tests.portal.cases_in_work import make_case
from tests.portal.stored_images import store_ct

MOST_STATEMENTS = 8


@pytest.fixture
def theo(cast, client: Client) -> Client:
    client.force_login(cast.theo)
    return client


@pytest.fixture
def order(cast):
    return place_order(cast, make_patient(cast, "C-1001"), service="imaging", reason="Cough")


@pytest.fixture
def series(cast, order):
    return store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.4")


def test_a_row_names_the_patient_and_has_its_thumbnail_at_hand(theo, series, order):
    page = theo.get("/studies/").content.decode()

    assert "张伟 · Wei Zhang" in page
    assert "C-1001" in page
    assert f"/studies/{order.study_instance_uid}/thumbnail.jpg" in page
    assert 'loading="lazy"' in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("q=zhang", True), ("q=wei+zhang", True), ("q=张", True), ("q=C-1001", True), ("q=A-1", True),
        ("q=nobody", False), ("q=C-100", False), ("modality=CT", True), ("modality=MR", False),
        ("since=2026-03-01&until=2026-03-01", True), ("since=2026-03-02", False),
        ("site=county", True), ("site=provincial", False), ("q=%00", True), ("site=%00", True), ("modality=%00", True),
    ],
)  # fmt: skip
def test_the_address_narrows_the_list(theo, series, query, is_found):
    page = theo.get(f"/studies/?{query}").content.decode()

    assert ("Wei Zhang" in page) is is_found
    assert ("No study matches this filter." in page) is not is_found


def test_a_date_that_is_none_is_said_beside_its_field(theo, series):
    answer = theo.get("/studies/?since=soon")

    assert answer.status_code == 400
    assert "This is not a date like 2026-03-31." in answer.content.decode()


def test_older_studies_follow_by_key(theo, cast):
    for number in range(52):
        store_ct(cast.county, study=f"1.1.{number}", series=f"1.1.{number}.1", slices=1)

    first = theo.get("/studies/")
    second = theo.get(f"/studies/{first.context['page'].older}")

    assert len(first.context["rows"]) == 50
    assert [row.study.study_instance_uid for row in second.context["rows"]] == ["1.1.1", "1.1.0"]
    assert second.context["page"].older == ""
    assert second.context["page"].newest == "?"


def test_fifty_rows_cost_no_more_statements_than_one_and_at_most_eight(theo, cast):
    store_ct(cast.county, study="1.1.0", series="1.1.0.1", slices=1)
    with CaptureQueriesContext(connection) as one_row:
        theo.get("/studies/?q=zhang")
    for number in range(1, 60):
        store_ct(
            cast.county, study=f"1.1.{number}", series=f"1.1.{number}.1", slices=1, PatientID=f"N-{number}"
        )

    with CaptureQueriesContext(connection) as many_rows:
        page = theo.get("/studies/?q=zhang")

    assert len(page.context["rows"]) == 50
    assert len(many_rows) == len(one_row) <= MOST_STATEMENTS


def test_study_shows_patient_order_series_case_and_report(cast, theo, series, order):
    Membership.objects.create(person=cast.rosa, site=cast.county, role=Role.RADIOLOGIST)
    Membership.objects.create(person=cast.theo, site=cast.county, role=Role.REFERRER)
    sign_report(
        study=series.study, author=cast.rosa, findings="A nodule.", impression="Benign.", cause="t",
    )  # fmt: skip
    case = make_case(order)

    page = theo.get(f"/studies/{order.study_instance_uid}/").content.decode()

    for words in ("张伟 · Wei Zhang", "C-1001", "Cough", "study UID of the order", "Benign.", "Thin lung"):
        assert words in page, words
    assert f"/cases/{case.uid}/" in page
    assert f"/traces/{series.study.trace_id}/" in page
    assert "/series/1.2.3.4/stack.json" in page
    assert " style=" not in page


def test_opening_a_study_is_audited(cast, theo, series, order):
    theo.get(f"/studies/{order.study_instance_uid}/")

    line = AuditEvent.objects.get(action="study.opened")
    assert (line.person, line.study_instance_uid, line.site_code) == (
        cast.theo, order.study_instance_uid, "county",
    )  # fmt: skip


def test_otto_sees_no_study_and_cannot_tell_that_it_exists(cast, client, series, order):
    client.force_login(cast.otto)

    assert "Zhang" not in client.get("/studies/").content.decode()
    there = client.get(f"/studies/{order.study_instance_uid}/")
    nowhere = client.get("/studies/1.2.3.9.9/")
    assert there.status_code == nowhere.status_code == 404
    assert not AuditEvent.objects.filter(action="study.opened").exists()


def test_the_series_asked_for_is_the_one_that_opens(cast, theo, series, order):
    store_ct(cast.county, study=order.study_instance_uid, series="1.2.3.5", SeriesNumber=3)

    opened = theo.get(f"/studies/{order.study_instance_uid}/?series=1.2.3.5").context["series"]

    assert opened.series_instance_uid == "1.2.3.5"


def test_study_page_costs_the_same_whatever_its_number_of_series(cast, theo, series, order):
    url = f"/studies/{order.study_instance_uid}/"
    with CaptureQueriesContext(connection) as one:
        theo.get(url)
    for number in range(6):
        store_ct(cast.county, study=order.study_instance_uid, series=f"1.2.4.{number}", slices=1)

    with CaptureQueriesContext(connection) as many:
        theo.get(url)

    assert len(many) == len(one)


def test_somebody_signed_out_is_led_to_the_door(client, db):
    assert client.get("/studies/")["Location"].startswith("/sign-in/")
