"""PS3.18 §11.4 Create Workitem: PS3.4 Table CC.2.5-3, column N-CREATE."""

from __future__ import annotations

import gzip
import io
from typing import Any

import pytest

from accounts.models import AuditEvent
from tests.conformance.workitems import JSON, PATH, REQUIRED, UID, body, create, held, tag, value, warning

TYPE_1 = (
    "ScheduledProcedureStepPriority", "ProcedureStepLabel", "ScheduledProcedureStepStartDateTime",
    "InputReadinessState", "ProcedureStepState",
)  # fmt: skip


def test_11_4_2_a_workitem_is_created_scheduled_and_its_address_told(theo):
    response = create(theo)

    assert (response.status_code, response.content) == (201, b"")
    assert response.headers["Location"] == f"http://testserver{PATH}"
    assert not {"Warning", "Content-Type"} & set(response.headers)
    assert value(held(theo), "ProcedureStepState") == "SCHEDULED"


@pytest.mark.parametrize("query", [f"workitem={UID}", f"AffectedSOPInstanceUID={UID}", UID])
def test_11_4_1_1_the_uid_is_the_query_parameter_under_each_name_it_has_had(theo, query):
    response = theo.post(f"/dicomweb/workitems?{query}", data=body(REQUIRED), content_type=JSON)

    assert response.headers["Location"].endswith(f"/workitems/{UID}")


def test_11_4_1_1_without_the_parameter_the_data_set_holds_the_uid(theo):
    sent = body(REQUIRED | {"SOPInstanceUID": UID})

    assert theo.post("/dicomweb/workitems", data=sent, content_type=JSON).status_code == 201
    assert value(held(theo), "SOPInstanceUID") == UID


def test_two_different_uids_are_refused(theo):
    assert create(theo, SOPInstanceUID="2.25.1").status_code == 400


def test_11_4_3_1_a_workitem_that_is_there_already_is_a_conflict(theo, otto):
    create(theo)

    assert create(theo).status_code == 409
    assert create(otto).status_code == 409


@pytest.mark.parametrize("keyword", TYPE_1)
def test_cc_2_5_3_a_type_1_attribute_that_is_missing_or_empty_is_refused(theo, keyword):
    empty: dict[str, Any] = {keyword: None}
    for response in (create(theo, without=(keyword,)), create(theo, **empty)):
        assert response.status_code == 400
        assert keyword in response.json()["fields"]


def test_cc_2_5_3_type_2_attributes_that_are_missing_are_added_empty_and_told(theo):
    response = create(theo, without=("AdmissionID", "ScheduledStationNameCodeSequence"))

    assert response.status_code == 201
    assert warning(response) == "The Workitem was created with modifications."
    assert held(theo)[tag("AdmissionID")] == {"vr": "LO"}


def test_cc_2_5_3_an_empty_worklist_label_is_filled_in_and_told(theo):
    response = create(theo, WorklistLabel=None)

    assert warning(response) == "The Workitem was created with modifications."
    assert value(held(theo), "WorklistLabel") == "Default"


@pytest.mark.parametrize("state", ["IN PROGRESS", "COMPLETED", "CANCELED", "BEGUN"])
def test_cc_2_5_3_a_workitem_is_created_in_no_other_state(theo, state):
    assert create(theo, ProcedureStepState=state).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"TransactionUID": "2.25.1"},
        {"ProcedureStepProgressInformationSequence": [{"ProcedureStepProgress": "10"}]},
        {"UnifiedProcedureStepPerformedProcedureSequence": [{"PerformedProcedureStepDescription": "done"}]},
        {"ScheduledProcedureStepPriority": "STAT"},
        {"InputReadinessState": "PERHAPS"},
        {"ScheduledProcedureStepStartDateTime": "20261305"},
        {"StudyInstanceUID": "not.a.uid"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.34.6.3"},
        {"ScheduledStationNameCodeSequence": [{"CodeMeaning": "no value"}]},
        {"ScheduledStationNameCodeSequence": [{"CodeValue": "CT1", "CodeMeaning": "no scheme"}]},
        {"ScheduledHumanPerformersSequence": [{"HumanPerformerName": "Yang^Rosa"}]},
        {"ReferencedRequestSequence": [{"AccessionNumber": "A1"}]},
        {"ReplacedProcedureStepSequence": [{"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.34.6.1"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_cc_2_5_3_what_the_column_does_not_allow_is_refused(theo, changes):
    response = create(theo, **changes)

    assert response.status_code == 400
    assert theo.get(PATH).status_code == 404


def test_cc_2_5_3_the_modification_time_is_the_servers(theo, clock):
    create(theo, ScheduledProcedureStepModificationDateTime="19990101")

    assert not str(value(held(theo), "ScheduledProcedureStepModificationDateTime")).startswith("1999")


def test_cc_3_1_every_workitem_is_of_the_ups_push_class(theo):
    create(theo)

    assert value(held(theo), "SOPClassUID") == "1.2.840.10008.5.1.4.34.6.1"


@pytest.mark.parametrize(
    "sent",
    [
        "no json", "[]", "[{},{}]", '"text"', "{}", '[{"0074":{"vr":"CS"}}]', '[{"00741200":"HIGH"}]',
        '[{"00741200":{"vr":"CS","Value":"HIGH"}}]', '[{"00104000":{"vr":"LT","BulkDataURI":"file:///etc/passwd"}}]',
        '[{"00001000":{"vr":"UI","Value":["2.25.1"]}}]', '[{"7FE00010":{"vr":"OW","InlineBinary":"AAAA"}}]',
        '[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"a\\u0000b"}]}}]', "[" * 3000,
        '[{"00100010":{"vr":"PN","Value":[{"Alphabetic":"\\ud800"}]}}]', '[{"00189073":{"vr":"FD","Value":[1e999]}}]',
        '[{"00189073":{"vr":"FD","Value":[NaN]}}]', '[{"00091001":{"vr":"OB","InlineBinary":"\\ud800"}}]',
    ],
)  # fmt: skip
def test_11_4_3_1_a_payload_that_is_no_workitem_is_a_bad_request(theo, sent):
    response = theo.post(f"/dicomweb/workitems?workitem={UID}", data=sent, content_type=JSON)

    assert response.status_code == 400


def test_11_1_3_another_media_type_is_415_and_a_huge_payload_413(theo):
    assert theo.post("/dicomweb/workitems", data="x", content_type="text/plain").status_code == 415
    assert theo.post("/dicomweb/workitems", data=b" " * (1 << 21), content_type=JSON).status_code == 413


def test_11_4_1_3_a_content_encoding_is_undone_within_bounds(theo):
    packed = gzip.compress(body(REQUIRED).encode())
    bomb = gzip.compress(b" " * (64 << 20))

    for sent, status in ((packed, 201), (bomb, 413), (b"none", 400)):
        response = theo.post(
            f"/dicomweb/workitems?workitem={UID}", data=sent, content_type=JSON, headers={"Content-Encoding": "gzip"}
        )  # fmt: skip
        assert response.status_code == status


def test_a_payload_may_come_in_chunks(theo):
    sent = io.BytesIO(body(REQUIRED).encode())

    response = theo.generic(
        "POST", f"/dicomweb/workitems?workitem={UID}", b"", content_type=JSON, CONTENT_TYPE=JSON,
        **{"wsgi.input": sent, "HTTP_TRANSFER_ENCODING": "chunked"},
    )  # fmt: skip

    assert response.status_code == 201


def test_who_may_not_perform_workitems_creates_none(program_of, cast, client):
    assert create(program_of(cast.rafael)).status_code == 403
    assert create(client).status_code == 401


def test_a_creation_leaves_one_line_without_names(theo, cast):
    create(theo)

    line = AuditEvent.objects.get(action="workitem.created")
    assert (line.person, line.object_uid, line.site_code) == (cast.theo, UID, "county")
    assert "Hua" not in str(line.detail)
