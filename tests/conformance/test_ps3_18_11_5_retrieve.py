"""PS3.18 §11.5 Retrieve Workitem, PS3.4 §CC.2.7."""

from __future__ import annotations

import datetime as dt

import pytest
from lxml import etree

from accounts.models import AccessGrant, AuditEvent
from archive.workitems.retention import remove_what_is_over
from common import clock as clocks
from tests.conformance.workitems import JSON, KEY, PATH, STUDY, change_state, claim, create, held, tag, value


def test_11_5_3_3_the_payload_is_an_array_of_one_workitem(theo):
    create(theo)

    response = theo.get(PATH)

    assert (response.status_code, response.headers["Content-Type"]) == (200, JSON)
    assert response.headers["Content-Location"] == f"http://testserver{PATH}"
    (found,) = response.json()
    assert found[tag("PatientName")]["Value"] == [{"Alphabetic": "Li^Hua"}]


def test_11_5_2_the_transaction_uid_is_told_to_nobody(theo):
    create(theo)
    assert tag("TransactionUID") not in held(theo)

    claim(theo)

    assert KEY not in theo.get(PATH).content.decode()
    assert KEY not in theo.get("/dicomweb/workitems?includefield=all").content.decode()


def test_11_1_3_a_workitem_is_given_as_xml(theo):
    create(theo)

    single = theo.get(PATH, headers={"Accept": "application/dicom+xml"})
    several = theo.get(PATH, headers={"Accept": 'multipart/related; type="application/dicom+xml"'})

    root = etree.fromstring(b"".join(single))
    (label,) = root.xpath("*[@keyword='ProcedureStepLabel']/*")
    assert (label.get("number"), label.text) == ("1", "Find nodules")
    assert several.headers["Content-Type"].startswith("multipart/related")
    assert b"NativeDicomModel" in b"".join(several)


def test_11_1_3_what_a_client_does_not_accept_is_406(theo):
    create(theo)

    assert theo.get(PATH, headers={"Accept": "text/html"}).status_code == 406


def test_11_5_3_1_an_unknown_workitem_is_404_and_what_is_no_uid_400(theo):
    assert theo.get(PATH).status_code == 404
    assert theo.get("/dicomweb/workitems/one").status_code == 400


def test_another_sites_workitem_is_404_until_its_study_is_shared(theo, otto, cast):
    create(theo)
    assert otto.get(PATH).status_code == 404

    AccessGrant.objects.create(
        study_instance_uid=STUDY, person=cast.otto, cause="case:1", granted_at=clocks.now()
    )

    assert otto.get(PATH).status_code == 200


def test_11_5_3_1_a_workitem_that_was_removed_is_gone(theo, otto, clock):
    create(theo)
    claim(theo)
    change_state(theo, "CANCELED")
    clock.advance(dt.timedelta(days=31))

    assert remove_what_is_over() == 1

    assert theo.get(PATH).status_code == 410
    assert change_state(theo, "CANCELED").status_code == 410
    assert otto.get(PATH).status_code == 404
    assert theo.get("/dicomweb/workitems").status_code == 204
    assert create(theo).status_code == 409  # a UID is one workitem's for ever


@pytest.mark.parametrize("state", ["SCHEDULED", "IN PROGRESS"])
def test_what_has_not_ended_is_never_removed(theo, clock, state):
    create(theo)
    if state == "IN PROGRESS":
        claim(theo)
    clock.advance(dt.timedelta(days=300))

    assert remove_what_is_over() == 0
    assert value(held(theo), "ProcedureStepState") == state


def test_looking_at_a_workitem_leaves_one_line_an_hour(theo):
    create(theo)
    held(theo)
    held(theo)

    assert AuditEvent.objects.filter(action="workitem.viewed").count() == 1
