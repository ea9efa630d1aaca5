"""PS3.18 §11.6 Update Workitem, PS3.4 §CC.2.6 and Table CC.2.5-3, column N-SET."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from tests.conformance.workitems import (
    JSON,
    KEY,
    PATH,
    body,
    change_state,
    claim,
    complete,
    create,
    held,
    tag,
    update,
    value,
    warning,
)

NOT_CLAIMED = "The target URI did not reference a claimed Workitem."
INCONSISTENT = "The submitted request is inconsistent with the current state of the Workitem."


@pytest.fixture(autouse=True)
def workitem(theo):
    create(theo)


def test_11_6_2_attributes_of_a_scheduled_workitem_are_set_without_a_transaction_uid(theo):
    response = update(theo, ProcedureStepLabel="Find them all", InputReadinessState="INCOMPLETE")

    assert (response.status_code, response.content) == (200, b"")
    found = held(theo)
    assert value(found, "ProcedureStepLabel") == "Find them all"
    assert value(found, "WorklistLabel") == "CAD"


def test_cc_2_6_2_a_transaction_uid_for_a_workitem_nobody_claimed_is_a_conflict(theo):
    response = update(theo, KEY, ProcedureStepLabel="Mine")

    assert response.status_code == 409
    assert warning(response) == NOT_CLAIMED


def test_cc_2_6_3_a_claimed_workitem_is_set_with_its_transaction_uid_only(theo):
    claim(theo)

    missing, incorrect = update(theo, ProcedureStepLabel="x"), update(theo, "2.25.5", ProcedureStepLabel="x")
    right = update(theo, KEY, ProcedureStepLabel="y")

    assert (missing.status_code, incorrect.status_code, right.status_code) == (400, 400, 200)
    assert warning(missing) == warning(incorrect) == INCONSISTENT
    assert value(held(theo), "ProcedureStepLabel") == "y"


@pytest.mark.parametrize("query", [f"transaction-uid={KEY}", f"00081195={KEY}", KEY])
def test_11_6_1_the_transaction_uid_is_a_query_parameter_under_each_name_it_has_had(theo, query):
    claim(theo)

    response = theo.post(f"{PATH}?{query}", data=body({"WorklistLabel": "B"}), content_type=JSON)

    assert response.status_code == 200


def test_cc_2_6_2_the_transaction_uid_is_taken_as_an_attribute_too_and_not_kept(theo):
    claim(theo)

    assert update(theo, WorklistLabel="B", TransactionUID=KEY).status_code == 200
    assert tag("TransactionUID") not in held(theo)


@pytest.mark.parametrize("state", ["COMPLETED", "CANCELED"])
def test_11_6_2_a_workitem_that_has_ended_is_a_bad_request(theo, state):
    claim(theo)
    if state == "COMPLETED":
        complete(theo)
    else:
        change_state(theo, "CANCELED")

    response = update(theo, KEY, WorklistLabel="B")

    assert response.status_code == 400
    assert warning(response) == INCONSISTENT


@pytest.mark.parametrize(
    "changes",
    [
        {"ProcedureStepState": "COMPLETED"}, {"PatientName": "Wang^Wei"}, {"PatientID": "P2"}, {"PatientSex": "M"},
        {"SOPInstanceUID": "2.25.3"}, {"SOPClassUID": "1.2.840.10008.5.1.4.34.6.1"}, {"AdmissionID": "V1"},
        {"ReferencedRequestSequence": []}, {"ProcedureStepLabel": None}, {"InputReadinessState": None},
        {"ScheduledProcedureStepPriority": "URGENT"},
        {"ScheduledStationNameCodeSequence": [{"CodeValue": "1", "CodeMeaning": "without a scheme"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_cc_2_5_3_what_the_column_does_not_allow_is_refused_whole(theo, changes):
    before = held(theo)

    response = update(theo, WorklistLabel="B", **changes)

    assert response.status_code == 400
    assert warning(response) == INCONSISTENT
    assert held(theo) == before


def test_cc_2_6_2_a_sequence_is_set_with_all_its_items(theo):
    claim(theo)
    for progress in ("10", "20"):
        update(theo, KEY, ProcedureStepProgressInformationSequence=[{"ProcedureStepProgress": progress}])

    (item,) = held(theo)[tag("ProcedureStepProgressInformationSequence")]["Value"]
    assert item[tag("ProcedureStepProgress")]["Value"] == ["20"]


def test_cc_2_6_2_setting_is_idempotent(theo, clock):
    update(theo, WorklistLabel="B")
    before = held(theo)

    assert update(theo, WorklistLabel="B").status_code == 200
    assert held(theo) == before
    assert AuditEvent.objects.filter(action="workitem.updated").count() == 1


def test_cc_2_5_3_setting_notes_the_modification_time(theo):
    before = value(held(theo), "ScheduledProcedureStepModificationDateTime")

    update(theo, WorklistLabel="B")

    assert value(held(theo), "ScheduledProcedureStepModificationDateTime") > before


def test_11_6_3_1_an_unknown_workitem_is_404_and_one_to_look_at_only_403(theo, otto, program_of, cast):
    assert update(theo, uid="2.25.404", WorklistLabel="B").status_code == 404
    assert update(otto, WorklistLabel="B").status_code == 404
    assert update(program_of(cast.rafael), WorklistLabel="B").status_code == 403


def test_an_update_leaves_the_tags_it_set_and_no_values(theo):
    update(theo, CommentsOnTheScheduledProcedureStep="Mrs Li is afraid of needles")

    (line,) = AuditEvent.objects.filter(action="workitem.updated")
    assert line.detail == {"attributes": [tag("CommentsOnTheScheduledProcedureStep")]}
