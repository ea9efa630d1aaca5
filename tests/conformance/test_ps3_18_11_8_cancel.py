"""PS3.18 §11.8 Request Cancellation, PS3.4 §CC.2.2."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests.conformance.workitems import (
    JSON,
    PATH,
    body,
    change_state,
    claim,
    complete,
    create,
    held,
    tag,
    value,
    warning,
)

REASON = {"CodeValue": "110501", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Equipment failure"}


@pytest.fixture(autouse=True)
def workitem(theo):
    create(theo)


def cancel(program, **details):
    return program.post(f"{PATH}/cancelrequest", data=body(details) if details else b"", content_type=JSON)


def test_cc_2_2_3_a_scheduled_workitem_is_canceled_by_the_server_with_the_reasons_given(theo):
    details = {"ReasonForCancellation": "Broken", "ProcedureStepDiscontinuationReasonCodeSequence": [REASON]}

    response = cancel(theo, **details)

    assert (response.status_code, response.content) == (202, b"")
    found = held(theo)
    assert value(found, "ProcedureStepState") == "CANCELED"
    item = value(found, "ProcedureStepProgressInformationSequence")
    assert value(item, "ReasonForCancellation") == "Broken"
    assert value(value(item, "ProcedureStepDiscontinuationReasonCodeSequence"), "CodeValue") == "110501"
    assert value(item, "ProcedureStepCancellationDateTime")


def test_11_8_1_4_the_payload_may_be_missing(theo):
    assert cancel(theo).status_code == 202
    assert value(held(theo), "ProcedureStepState") == "CANCELED"


def test_cc_2_2_3_a_workitem_in_progress_is_left_to_its_performer(theo):
    claim(theo)
    theo.post(f"{PATH}/subscribers/PERFORMER")

    assert cancel(theo).status_code == 202
    assert value(held(theo), "ProcedureStepState") == "IN PROGRESS"


def test_cc_2_2_3_a_wish_nobody_would_hear_of_is_refused(theo):
    claim(theo)

    response = cancel(theo)

    assert (response.status_code, warning(response)) == (409, "The performer cannot be contacted.")  # C312


def test_11_8_3_2_a_workitem_that_is_canceled_already_is_accepted_with_a_warning(theo):
    claim(theo)
    change_state(theo, "CANCELED")

    response = cancel(theo)

    assert response.status_code == 202
    assert warning(response) == "The UPS is already in the requested state of CANCELED."


def test_11_8_3_2_a_completed_workitem_is_a_conflict(theo):
    claim(theo)
    complete(theo)

    response = cancel(theo)

    assert (response.status_code, warning(response)) == (409, "The UPS is already COMPLETED.")  # C311


def test_11_8_3_1_a_malformed_request_is_400_and_an_unknown_workitem_404(theo, otto, program_of, cast):
    assert theo.post(f"{PATH}/cancelrequest", data="x", content_type=JSON).status_code == 400
    assert theo.post(f"{PATH}/cancelrequest?requester=a\\b", data=b"", content_type=JSON).status_code == 400
    assert cancel(otto).status_code == 404
    assert cancel(program_of(cast.rafael)).status_code == 403


def test_a_request_is_audited(theo):
    cancel(theo, ReasonForCancellation="Mrs Li went home")

    (line,) = AuditEvent.objects.filter(action="workitem.cancel_requested")
    assert line.detail == {"state": "CANCELED"}
    assert tag("ReasonForCancellation") not in str(line.detail)
