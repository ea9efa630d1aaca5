"""Reading orders, patients, studies, series, reports, messages and the audit trail; who may, and at what cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Membership, Role
from archive.reports.services import sign_report
from archive.studies.models import Study
from archive.studies.services import judge_receiving_series
from common import clock as product_clock
from integrations.hl7.models import MessageLog
from tests.portal.stored_images import store_ct

MOST_STATEMENTS = 8


@pytest.fixture
def report(cast, series):
    Membership.objects.create(person=cast.rosa, site=cast.county, role=Role.RADIOLOGIST)
    return sign_report(
        study=series.study, author=cast.rosa, findings="A nodule of 8 mm.", impression="Benign.", cause="t"
    )


def test_study_tells_what_was_judged_of_each_series(cast, as_person, series, order, clock_settled):
    found = as_person(cast.theo).get(f"/api/studies/{order.study_instance_uid}/").json()

    assert found["order"] == str(order.uid)
    assert found["patient"]["display_name"] == "张伟 · Wei Zhang"
    assert found["modalities"] == ["CT"]
    (told,) = found["series"]
    assert told["instance_count"] == 3
    assert told["completeness"] == "complete"
    assert told["completeness_reason"]
    assert told["is_thin_slice"] is True
    assert told["is_derived"] is False
    assert told["geometry"]["spacing_mm"] == 1.0


@pytest.fixture
def clock_settled(series, clock):
    product_clock.use_source(lambda: series.last_received_at + dt.timedelta(hours=1))
    judge_receiving_series()


def test_orders_are_found_by_accession_number(cast, as_person, order):
    client = as_person(cast.rafael)

    found = client.get("/api/orders/", {"accession_number": order.accession_number}).json()["results"]

    assert [one["uid"] for one in found] == [str(order.uid)]
    assert found[0]["steps"][0]["modality"] == "CT"
    assert client.get("/api/orders/?accession_number=none").json()["results"] == []


def test_patients_are_found_by_name_and_identifier(cast, as_person, order):
    client = as_person(cast.rafael)

    for query in ("name=zha", "name=张", "identifier=C-1001"):
        found = client.get(f"/api/patients/?{query}").json()["results"]
        assert [one["uid"] for one in found] == [str(order.patient.uid)], query
    assert client.get("/api/patients/?identifier=C-100").json()["results"] == []


def test_reports_of_a_study(cast, as_person, report):
    found = as_person(cast.rafael).get(f"/api/reports/?study={report.study.study_instance_uid}").json()

    (told,) = found["results"]
    assert (told["status"], told["impression"], told["author"]["username"]) == ("final", "Benign.", "rosa")


def test_messages_are_for_those_who_look_after_them_and_without_content(cast, as_person):
    MessageLog.objects.create(
        direction="inbound", site=cast.provincial, control_id="M1", message_type="OMI^O23", digest="0" * 64,
        raw=b"MSH|secret", received_at="2026-03-02T08:00Z", status="accepted",
        trace_id="00000000-0000-0000-0000-000000000001",
    )  # fmt: skip

    (told,) = as_person(cast.ivo).get("/api/messages/").json()["results"]

    assert told["control_id"] == "M1"
    assert "secret" not in str(told)
    assert as_person(cast.rosa).get("/api/messages/").json()["results"] == []
    assert as_person(cast.rosa).get(f"/api/messages/{told['uid']}/").status_code == 404


def test_trace_ties_the_audit_lines_of_an_order(cast, as_person, order):
    Membership.objects.create(person=cast.ines, site=cast.county, role=Role.ADMINISTRATOR)

    found = as_person(cast.ines).get(f"/api/audit/?trace={order.trace_id}").json()["results"]

    assert {"order.received"} <= {line["action"] for line in found}
    assert as_person(cast.rosa).get(f"/api/audit/?trace={order.trace_id}").json()["results"] == []


def test_opening_is_audited_and_listing_is_not(cast, as_person, report, order, series):
    client = as_person(cast.theo)
    uids = {
        "orders": order.uid, "patients": order.patient.uid, "studies": order.study_instance_uid,
        "reports": report.uid, "series": series.series_instance_uid,
    }  # fmt: skip
    for resource, uid in uids.items():
        singular = {"studies": "study", "series": "series"}.get(resource, resource.removesuffix("s"))
        opened = f"{singular}.opened"
        client.get(f"/api/{resource}/")
        assert not AuditEvent.objects.filter(action=opened).exists()
        client.get(f"/api/{resource}/{uid}/")
        assert AuditEvent.objects.get(action=opened).person == cast.theo


def test_otto_finds_nothing_and_cannot_tell_that_it_is_there(cast, as_person, report, order):
    client = as_person(cast.otto)
    paths = [
        f"orders/{order.uid}", f"patients/{order.patient.uid}", f"studies/{order.study_instance_uid}",
        "series/1.2.3.4", f"reports/{report.uid}",
    ]  # fmt: skip
    for path in paths:
        resource = path.split("/")[0]
        assert client.get(f"/api/{resource}/").json()["results"] == []
        answer = client.get(f"/api/{path}/")
        assert answer.status_code == 404
        assert answer.json()["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("studies/?patient=x", "patient"),
        ("studies/?study_date_from=tomorrow", "study_date_from"),
        ("studies/?study_date_from=2026-13-01", "study_date_from"),
        ("series/?study=1.2.x", "study"),
        ("reports/?study=;drop", "study"),
        ("audit/?trace=1", "trace"),
        ("cases/?order=1", "order"),
        ("tasks/?case=1", "case"),
    ],
)
def test_parameter_that_cannot_be_meant_is_refused_by_name(cast, as_person, query, field):
    answer = as_person(cast.rosa).get(f"/api/{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == "PARAMETER_INVALID"
    assert list(answer.json()["fields"]) == [field]


@pytest.mark.parametrize("resource", ["orders", "patients", "studies", "series"])
def test_a_page_of_fifty_costs_as_many_statements_as_a_page_of_one(cast, as_person, order, resource):
    client = as_person(cast.theo)
    store_ct(cast.county, study=order.study_instance_uid, series="1.1.0", slices=1)
    with CaptureQueriesContext(connection) as one_row:
        client.get(f"/api/{resource}/")
    for number in range(1, 60):
        store_ct(
            cast.county, study=f"1.1.{number}", series=f"1.1.{number}.1", slices=1, PatientID=f"N-{number}"
        )

    with CaptureQueriesContext(connection) as many_rows:
        rows = client.get(f"/api/{resource}/").json()["results"]

    assert resource == "orders" or len(rows) == 50
    assert len(many_rows) == len(one_row) <= MOST_STATEMENTS


def test_pages_follow_one_another_by_key(cast, as_person):
    for number in range(5):
        store_ct(cast.county, study=f"1.1.{number}", series=f"1.1.{number}.1", slices=1)
    client = as_person(cast.theo)

    seen, url = [], "/api/studies/?limit=2"
    while url:
        page = client.get(url).json()
        seen += [row["study_instance_uid"] for row in page["results"]]
        url = page["next"]

    assert seen == list(Study.objects.order_by("-pk").values_list("study_instance_uid", flat=True))
