"""Workitems as programs send them, and programs that do."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from pydicom.datadict import dictionary_VR, tag_for_keyword

JSON = "application/dicom+json"
UID, KEY, STUDY = "2.25.7001", "2.25.9001", "2.25.8001"
PATH = f"/dicomweb/workitems/{UID}"
STATION = {"CodeValue": "CT1", "CodingSchemeDesignator": "99COUNTY", "CodeMeaning": "CT one"}
REQUIRED: dict[
    str, Any
] = {  # what a user agent has to give: types 1 and 2 of N-CREATE (PS3.4 Table CC.2.5-3)
    "TransactionUID": None,
    "ScheduledProcedureStepPriority": "MEDIUM",
    "ProcedureStepLabel": "Find nodules",
    "WorklistLabel": "CAD",
    "ScheduledProcessingParametersSequence": [],
    "ScheduledStationNameCodeSequence": [],
    "ScheduledStationClassCodeSequence": [],
    "ScheduledStationGeographicLocationCodeSequence": [],
    "ScheduledProcedureStepStartDateTime": "20260105083000",
    "ScheduledWorkitemCodeSequence": [
        {"CodeValue": "110004", "CodingSchemeDesignator": "DCM", "CodeMeaning": "Computer Aided Detection"}
    ],
    "CommentsOnTheScheduledProcedureStep": None,
    "InputReadinessState": "READY",
    "InputInformationSequence": [],
    "StudyInstanceUID": STUDY,
    "PatientName": "Li^Hua",
    "PatientID": "P1",
    "IssuerOfPatientID": "COUNTY",
    "IssuerOfPatientIDQualifiersSequence": [],
    "OtherPatientIDsSequence": [],
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "AdmissionID": None,
    "IssuerOfAdmissionIDSequence": [],
    "AdmittingDiagnosesDescription": None,
    "AdmittingDiagnosesCodeSequence": [],
    "ReferencedRequestSequence": [],
    "ProcedureStepState": "SCHEDULED",
    "ProcedureStepProgressInformationSequence": [],
    "UnifiedProcedureStepPerformedProcedureSequence": [],
}
PERFORMED = {
    "PerformedStationNameCodeSequence": [STATION],
    "PerformedProcedureStepStartDateTime": "20260105090000",
    "PerformedWorkitemCodeSequence": REQUIRED["ScheduledWorkitemCodeSequence"],
    "PerformedProcedureStepEndDateTime": "20260105090500",
    "OutputInformationSequence": [],
}


def tag(keyword: str) -> str:
    found = tag_for_keyword(keyword)
    assert found is not None, keyword
    return f"{found:08X}"


def model(attributes: dict[str, Any]) -> dict[str, Any]:
    """DICOM JSON of attributes by keyword; None and an empty list are empty attributes."""
    made = {}
    for keyword, value in attributes.items():
        vr = str(dictionary_VR(tag(keyword)))[:2]
        values = value if isinstance(value, list) else [] if value is None else [value]
        if vr == "SQ":
            values = [model(item) for item in values]
        elif vr == "PN":
            values = [{"Alphabetic": one} for one in values]
        made[tag(keyword)] = {"vr": vr, "Value": values} if values else {"vr": vr}
    return made


def body(attributes: dict[str, Any]) -> str:
    return json.dumps([model(attributes)])


def create(program: Client, uid: str = UID, *, without: tuple[str, ...] = (), **changes: Any) -> Any:
    held = {keyword: value for keyword, value in {**REQUIRED, **changes}.items() if keyword not in without}
    return program.post(f"/dicomweb/workitems?workitem={uid}", data=body(held), content_type=JSON)


def update(program: Client, key: str = "", uid: str = UID, **changes: Any):
    query = f"?transaction-uid={key}" if key else ""
    return program.post(f"/dicomweb/workitems/{uid}{query}", data=body(changes), content_type=JSON)


def change_state(program: Client, state: str, key: str | None = KEY, uid: str = UID):
    attributes = {"ProcedureStepState": state} | ({"TransactionUID": key} if key else {})
    return program.put(f"/dicomweb/workitems/{uid}/state", data=body(attributes), content_type=JSON)


def claim(program: Client, uid: str = UID, key: str = KEY) -> None:
    assert change_state(program, "IN PROGRESS", key, uid).status_code == 200


def held(program: Client, uid: str = UID) -> dict[str, Any]:
    found: list[dict[str, Any]] = program.get(f"/dicomweb/workitems/{uid}").json()
    assert len(found) == 1
    return found[0]


def value(found: dict[str, Any], keyword: str) -> Any:
    values = found[tag(keyword)].get("Value")
    return values[0] if values else None


def warning(response: Any) -> str:
    """The text of the Warning header, which says by whom it is (PS3.18 §11: `299 <service>: text`)."""
    code, _space, rest = response.headers["Warning"].partition(" ")
    service, _colon, text = rest.partition(": ")
    assert (code, service) == ("299", "http://testserver/dicomweb")
    return str(text)


def complete(program: Client, uid: str = UID, key: str = KEY) -> None:
    """Perform a claimed workitem to its end."""
    assert (
        update(program, key, uid, UnifiedProcedureStepPerformedProcedureSequence=[PERFORMED]).status_code
        == 200
    )
    assert change_state(program, "COMPLETED", key, uid).status_code == 200
