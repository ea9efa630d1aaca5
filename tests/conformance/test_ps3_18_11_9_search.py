"""PS3.18 §11.9 Search, PS3.4 §CC.2.8 and Table CC.2.5-3, columns Match Key and Return Key."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import AuditEvent
from archive.workitems.attributes import workitem_attributes
from tests.conformance.workitems import STATION, UID, claim, create, tag, value, warning

PATH = "/dicomweb/workitems"
PERFORMER = {
    "HumanPerformerCodeSequence": [STATION],
    "HumanPerformerName": "Yang^Rosa",
    "HumanPerformerOrganization": "X",
}
REQUEST: dict[str, Any] = {
    "StudyInstanceUID": "2.25.1", "AccessionNumber": "A77", "IssuerOfAccessionNumberSequence": [],
    "OrderPlacerIdentifierSequence": [], "OrderFillerIdentifierSequence": [], "RequestedProcedureID": "RP1",
    "RequestedProcedureDescription": None, "RequestedProcedureCodeSequence": [], "RequestingService": "ICU",
}  # fmt: skip
FOUND_BY = [  # Match Key Type R, and the optional ones, each with a value that matches and one that does not
    ("ScheduledProcedureStepPriority", "HIGH", "LOW"),
    ("ProcedureStepLabel", "Find*", "Lose*"),
    ("WorklistLabel", "CAD", "cad"),
    ("ScheduledStationNameCodeSequence.CodeValue", "CT1", "CT2"),
    ("ScheduledStationClassCodeSequence.CodeValue", "CT1", "CT2"),
    ("ScheduledStationGeographicLocationCodeSequence.CodeValue", "CT1", "CT2"),
    ("ScheduledHumanPerformersSequence.HumanPerformerCodeSequence.CodeValue", "CT1", "CT2"),
    ("ScheduledHumanPerformersSequence.HumanPerformerName", "yang^rosa", "Yang^Otto"),
    ("ScheduledProcedureStepStartDateTime", "20260105", "20260106"),
    ("ScheduledProcedureStepStartDateTime", "20260105080000-20260105090000", "20260105083001-"),
    ("ScheduledProcedureStepStartDateTime", "-20260105083000", "-2025"),
    ("ScheduledProcedureStepStartDateTime", "20260105003000%2B0000", "20260105083000%2B0000"),
    ("ScheduledProcedureStepStartDateTime", "20260104193000-0500", "20260105083000-0500"),
    ("ExpectedCompletionDateTime", "202601051200-202601051300", "202601051300-"),
    ("ScheduledProcedureStepExpirationDateTime", "20260201", "20260202"),
    ("ScheduledWorkitemCodeSequence.CodeValue", "110004", "110005"),
    ("InputReadinessState", "READY", "INCOMPLETE"),
    ("StudyInstanceUID", "2.25.8001", "2.25.8002"),
    ("PatientName", "li^h*", "wang*"),
    ("PatientID", "P1", "P2"),
    ("IssuerOfPatientID", "COUNTY", "PROV"),
    ("PatientBirthDate", "19690101-19701231", "19700102"),
    ("PatientSex", "F", "M"),
    ("AdmissionID", "V1", "V2"),
    ("IssuerOfAdmissionIDSequence.LocalNamespaceEntityID", "ADT", "ADX"),
    ("ReferencedRequestSequence.AccessionNumber", "A77", "A78"),
    ("ReferencedRequestSequence.RequestedProcedureID", "RP1", "RP2"),
    ("ReferencedRequestSequence.RequestingService", "ICU", "ER"),
    ("ReplacedProcedureStepSequence.ReferencedSOPInstanceUID", "2.25.66", "2.25.67"),
    ("ProcedureStepState", "SCHEDULED", "COMPLETED"),
    ("SOPInstanceUID", UID, "2.25.1"),
]


@pytest.fixture
def workitem(theo):
    response = create(
        theo, ScheduledProcedureStepPriority="HIGH", AdmissionID="V1",
        IssuerOfAdmissionIDSequence=[{"LocalNamespaceEntityID": "ADT"}],
        ScheduledStationNameCodeSequence=[STATION], ScheduledStationClassCodeSequence=[STATION],
        ScheduledStationGeographicLocationCodeSequence=[STATION], ScheduledHumanPerformersSequence=[PERFORMER],
        ExpectedCompletionDateTime="20260105123000", ScheduledProcedureStepExpirationDateTime="20260201120000",
        ReferencedRequestSequence=[REQUEST],
        ReplacedProcedureStepSequence=[
            {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.34.6.1", "ReferencedSOPInstanceUID": "2.25.66"}
        ],
    )  # fmt: skip
    assert response.status_code == 201, response.content


def uids(response) -> list[str]:
    return [value(found, "SOPInstanceUID") for found in response.json()] if response.content else []


@pytest.mark.parametrize(("key", "matching", "other"), FOUND_BY)
def test_cc_2_5_3_workitems_are_found_by_each_matching_key(theo, workitem, key, matching, other):
    path = ".".join(tag(keyword) for keyword in key.split("."))
    for name in (key, path):
        found, none = theo.get(f"{PATH}?{name}={matching}"), theo.get(f"{PATH}?{name}={other}")

        assert uids(found) == [UID]
        assert (none.status_code, none.content) == (204, b"")
        assert "Warning" not in found.headers


def test_cc_2_5_3_every_required_matching_key_is_tried_above():
    tried = {keyword for key, *_rest in FOUND_BY for keyword in key.split(".")[:2]}
    within = {
        item.keyword
        for one in workitem_attributes().values()
        for item in one.items.values()
        if item.match == "R"
    }

    assert {one.keyword for one in workitem_attributes().values() if one.match == "R"} <= tried
    assert within - {"IssuerOfPatientID", "IssuerOfAccessionNumberSequence"} <= tried


def test_11_9_2_return_keys_of_type_1_and_2_are_answered_unasked(theo, workitem):
    (found,) = theo.get(PATH).json()

    required = {one.tag for one in workitem_attributes().values() if one.returned in {"1", "2"}}
    assert required <= found.keys()
    assert tag("ExpectedCompletionDateTime") not in found
    assert tag("UnifiedProcedureStepPerformedProcedureSequence") not in found


def test_11_9_2_what_is_asked_for_is_answered_too(theo, workitem):
    (included,) = theo.get(f"{PATH}?includefield=ExpectedCompletionDateTime,00404008").json()
    (matched,) = theo.get(f"{PATH}?ExpectedCompletionDateTime=2026").json()
    (everything,) = theo.get(f"{PATH}?includefield=all").json()

    assert {
        tag("ExpectedCompletionDateTime"),
        tag("ScheduledProcedureStepExpirationDateTime"),
    } <= included.keys()
    assert tag("ExpectedCompletionDateTime") in matched
    assert tag("ReplacedProcedureStepSequence") in everything


def test_c_2_2_2_6_keys_within_a_sequence_are_matched_within_one_item(theo):
    other = STATION | {"CodeValue": "CT2", "CodingSchemeDesignator": "99ELSE"}
    create(theo, ScheduledStationNameCodeSequence=[STATION, other])
    name = "ScheduledStationNameCodeSequence"

    assert uids(theo.get(f"{PATH}?{name}.CodeValue=CT2&{name}.CodingSchemeDesignator=99ELSE")) == [UID]
    assert uids(theo.get(f"{PATH}?{name}.CodeValue=CT1&{name}.CodingSchemeDesignator=99ELSE")) == []


def test_8_3_4_2_fuzzy_matching_takes_the_words_of_a_name_in_any_order(theo, workitem):
    assert uids(theo.get(f"{PATH}?PatientName=hua li&fuzzymatching=true")) == [UID]
    assert uids(theo.get(f"{PATH}?PatientName=hua li")) == []


def test_8_3_4_4_pages_follow_one_order_and_206_tells_of_more(theo):
    for number, hour in enumerate((11, 9, 10)):
        create(theo, f"2.25.{number + 1}", ScheduledProcedureStepStartDateTime=f"20260105{hour:02}0000")

    first, last = theo.get(f"{PATH}?limit=2"), theo.get(f"{PATH}?limit=2&offset=2")

    assert (first.status_code, last.status_code) == (206, 200)
    assert uids(first) + uids(last) == ["2.25.2", "2.25.3", "2.25.1"]
    assert "There are additional results that can be requested" in first.headers["Warning"]
    assert "Warning" not in last.headers


def test_8_3_4_1_a_key_nothing_is_matched_by_is_told(theo, workitem):
    response = theo.get(
        f"{PATH}?CommentsOnThePerformedProcedureStep=x&ProcedureStepProgressInformationSequence=1"
    )

    assert response.status_code == 200
    assert "00400280" in response.headers["Warning"]


def test_8_3_a_parameter_that_is_not_supported_is_ignored_and_told_of(theo, workitem):
    response, missed = (
        theo.get(f"{PATH}?NoSuchKeyword=1"),
        theo.get(f"{PATH}?NoSuchKeyword=1&PatientID=nobody"),
    )

    text = "Query parameters that are not supported were ignored: NoSuchKeyword"
    assert uids(response) == [UID]
    assert (warning(response), missed.status_code, warning(missed)) == (text, 204, text)


@pytest.mark.parametrize(
    "query",
    [
        "includefield=NoSuchKeyword",
        "limit=-1",
        "ScheduledProcedureStepStartDateTime=soon",
        "SOPInstanceUID=x",
    ],
)
def test_11_9_3_1_invalid_syntax_is_a_bad_request(theo, query):
    assert theo.get(f"{PATH}?{query}").status_code == 400


def test_11_1_3_results_are_given_as_xml(theo, workitem):
    response = theo.get(PATH, headers={"Accept": 'multipart/related; type="application/dicom+xml"'})

    assert response.headers["Content-Type"].startswith('multipart/related; type="application/dicom+xml"')
    assert b"".join(response).count(b"<NativeDicomModel") == 1


def test_another_sites_workitems_are_not_found(theo, otto, workitem, client):
    assert otto.get(PATH).status_code == 204
    assert client.get(PATH).status_code == 401


def test_a_claimed_workitem_is_found_in_progress(theo, workitem):
    claim(theo)

    assert uids(theo.get(f"{PATH}?ProcedureStepState=IN%20PROGRESS")) == [UID]
    assert uids(theo.get(f"{PATH}?ProcedureStepState=SCHEDULED")) == []


def test_the_number_of_statements_does_not_grow_with_the_worklist(theo, django_assert_max_num_queries):
    for number in range(8):
        create(theo, f"2.25.{number + 1}")
    theo.get(PATH)

    with django_assert_max_num_queries(4):
        assert len(theo.get(f"{PATH}?ProcedureStepState=SCHEDULED").json()) == 8


def test_searching_leaves_one_line_an_hour_with_keys_and_no_values(theo, workitem):
    theo.get(f"{PATH}?PatientName=li*")
    theo.get(f"{PATH}?PatientID=P1")

    (line,) = AuditEvent.objects.filter(action="worklist.searched")
    assert line.detail == {"keys": [tag("PatientName")]}
