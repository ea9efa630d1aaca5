"""PS3.18 §11.7 Change Workitem State, PS3.4 Table CC.1.1-2 and the Final State column of Table CC.2.5-3."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent
from archive.workitems.attributes import workitem_attributes
from tests.conformance.workitems import (
    KEY,
    PERFORMED,
    REQUIRED,
    change_state,
    claim,
    complete,
    create,
    held,
    model,
    tag,
    update,
    value,
    warning,
)

MISSING, INCORRECT = "The Transaction UID is missing.", "The Transaction UID is incorrect."
INCONSISTENT = "The submitted request is inconsistent with the state of the UPS Instance."
ALREADY = "The UPS is already in the requested state of {}."
OTHER = "2.25.9002"


@pytest.fixture(autouse=True)
def workitem(theo):
    create(theo)


def bring_to(theo, state):
    if state != "SCHEDULED":
        claim(theo)
    if state == "CANCELED":
        assert change_state(theo, "CANCELED").status_code == 200
    if state == "COMPLETED":
        complete(theo)


@pytest.mark.parametrize(
    ("state", "wanted", "key", "status", "text"),
    [
        ("SCHEDULED", "IN PROGRESS", KEY, 200, ""),
        ("SCHEDULED", "COMPLETED", KEY, 409, INCONSISTENT),  # C310
        ("SCHEDULED", "CANCELED", KEY, 409, INCONSISTENT),
        ("IN PROGRESS", "IN PROGRESS", KEY, 409, INCONSISTENT),  # C302
        ("IN PROGRESS", "CANCELED", KEY, 200, ""),
        ("COMPLETED", "IN PROGRESS", KEY, 409, INCONSISTENT),  # C300
        ("COMPLETED", "COMPLETED", KEY, 200, ALREADY.format("COMPLETED")),  # B306
        ("COMPLETED", "CANCELED", KEY, 409, INCONSISTENT),
        ("CANCELED", "IN PROGRESS", KEY, 409, INCONSISTENT),
        ("CANCELED", "COMPLETED", KEY, 409, INCONSISTENT),
        ("CANCELED", "CANCELED", KEY, 200, ALREADY.format("CANCELED")),  # B304
        *[
            (state, wanted, OTHER, 400, INCORRECT)  # C301
            for state in ("IN PROGRESS", "COMPLETED", "CANCELED")
            for wanted in ("IN PROGRESS", "COMPLETED", "CANCELED")
        ],
        *[
            (state, wanted, None, 400, MISSING)
            for state in ("SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED")
            for wanted in ("IN PROGRESS", "COMPLETED", "CANCELED")
        ],
        *[(state, "SCHEDULED", KEY, 400, INCONSISTENT) for state in ("SCHEDULED", "IN PROGRESS")],  # C303
    ],
)
def test_cc_1_1_2_every_transition_of_the_table(theo, state, wanted, key, status, text):
    bring_to(theo, state)

    response = change_state(theo, wanted, key)

    assert response.status_code == status
    assert (warning(response) if "Warning" in response.headers else "") == text
    assert value(held(theo), "ProcedureStepState") == (wanted if status == 200 else state)


def test_cc_2_1_2_the_first_claim_wins_and_the_second_is_told_its_uid_is_incorrect(theo, program_of, cast):
    claim(theo)

    second = change_state(program_of(cast.theo), "IN PROGRESS", OTHER)

    assert (second.status_code, warning(second)) == (400, INCORRECT)
    assert change_state(theo, "CANCELED", KEY).status_code == 200


def test_11_7_1_4_the_standards_other_spelling_of_canceled_is_understood(theo):
    claim(theo)

    assert change_state(theo, "CANCELLED").status_code == 200
    assert value(held(theo), "ProcedureStepState") == "CANCELED"


@pytest.mark.parametrize("keyword", PERFORMED)
def test_cc_2_5_1_1_what_is_of_final_state_p_must_be_there_to_complete(theo, keyword):
    claim(theo)
    performed = {name: held for name, held in PERFORMED.items() if name != keyword}
    assert update(theo, KEY, UnifiedProcedureStepPerformedProcedureSequence=[performed]).status_code == 200

    response = change_state(theo, "COMPLETED")

    assert response.status_code == 409  # C304
    assert keyword in response.json()["message"]
    assert value(held(theo), "ProcedureStepState") == "IN PROGRESS"
    assert change_state(theo, "CANCELED").status_code == 200  # P asks for nothing to cancel


def test_cc_2_5_1_3_2_a_workitem_is_canceled_without_any_update(theo):
    """The server fills in when, as the table says, and a reason, without which no workitem is CANCELED (X)."""
    claim(theo)

    assert change_state(theo, "CANCELED").status_code == 200

    (item,) = held(theo)[tag("ProcedureStepProgressInformationSequence")]["Value"]
    assert item[tag("ProcedureStepCancellationDateTime")]["Value"]
    (reason,) = item[tag("ProcedureStepDiscontinuationReasonCodeSequence")]["Value"]
    assert value(reason, "CodeValue") == "110513"


def test_cc_2_1_2_the_reason_a_performer_gave_before_is_kept(theo):
    claim(theo)
    code = {
        "CodeValue": "110500",
        "CodingSchemeDesignator": "DCM",
        "CodeMeaning": "Doctor canceled procedure",
    }
    told = {"ReasonForCancellation": "Asked to", "ProcedureStepDiscontinuationReasonCodeSequence": [code]}
    update(theo, KEY, ProcedureStepProgressInformationSequence=[told])

    change_state(theo, "CANCELED")

    (item,) = held(theo)[tag("ProcedureStepProgressInformationSequence")]["Value"]
    assert model(told).items() <= item.items()


def test_11_7_3_1_an_unknown_workitem_is_404_and_one_to_look_at_only_403(theo, otto, program_of, cast):
    assert change_state(theo, "IN PROGRESS", uid="2.25.404").status_code == 404
    assert change_state(otto, "IN PROGRESS").status_code == 404
    assert change_state(program_of(cast.rafael), "IN PROGRESS").status_code == 403


def test_every_change_of_state_is_audited_without_its_key(theo):
    bring_to(theo, "COMPLETED")

    lines = AuditEvent.objects.filter(object_kind="workitem").values_list("action", flat=True)
    assert [line for line in lines if "viewed" not in line] == [
        "workitem.created", "workitem.claimed", "workitem.updated", "workitem.completed",
    ]  # fmt: skip
    assert not AuditEvent.objects.filter(detail__icontains=KEY).exists()


def test_required_attributes_cover_every_type_1_and_2_of_the_table():
    named = {
        one.keyword
        for one in workitem_attributes().values()
        if one.create[0] in "12" and one.create[1] == "/"
    }
    assert named <= REQUIRED.keys()
