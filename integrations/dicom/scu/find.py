"""Asking a peer by C-FIND: its modality worklist, and what it holds.

Reference  PS3.4 §K, IHE RAD-5 (worklist), PS3.4 §C.4.1, §C.6 (Query/Retrieve)
"""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelFind,
)

from common.errors import InvalidInput, Unavailable
from integrations.dicom.scu.association import Peer, associate

STUDY_ROOT_FIND = str(StudyRootQueryRetrieveInformationModelFind)
PATIENT_ROOT_FIND = str(PatientRootQueryRetrieveInformationModelFind)
_PENDING = {0xFF00, 0xFF01}


def worklist_query(
    *, modality: str = "", station_ae_title: str = "", date: str = "", patient_id: str = "",
    patient_name: str = "", accession_number: str = "",
) -> Dataset:  # fmt: skip
    """An identifier with these keys to match by, and every attribute a modality needs to be returned."""
    query = Dataset()
    query.SpecificCharacterSet = "ISO_IR 192"
    query.PatientID, query.PatientName, query.AccessionNumber = patient_id, patient_name, accession_number
    for keyword in (
        "PatientBirthDate", "PatientSex", "IssuerOfPatientID", "StudyInstanceUID", "RequestedProcedureID",
        "RequestedProcedureDescription", "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(query, keyword, "")
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = modality, station_ae_title
    step.ScheduledProcedureStepStartDate = date
    step.ScheduledProcedureStepStartTime = ""
    step.ScheduledProcedureStepID = step.ScheduledProcedureStepDescription = ""
    query.ScheduledProcedureStepSequence = [step]
    return query


def find_worklist(peer: Peer, query: Dataset) -> list[Dataset]:
    """The entries that match.

    Raises  InvalidInput if the peer refuses the query; Unavailable if it answers no more.
    """
    with associate(peer, [build_context(ModalityWorklistInformationFind)]) as assoc:
        return list(answers(assoc, query, ModalityWorklistInformationFind))


def study_query(*, level: str = "STUDY", **keys: str) -> Dataset:
    """An identifier of this level with keys by keyword; an empty one is asked for."""
    query = Dataset()
    query.SpecificCharacterSet = "ISO_IR 192"
    query.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(query, keyword, value)
    return query


def find_studies(assoc: Association, query: Dataset, *, is_patient_root: bool = False) -> Iterator[Dataset]:
    """What matches in the Study Root or Patient Root model, over an association that has its context.

    Raises as `find_worklist`.
    """
    return answers(assoc, query, PATIENT_ROOT_FIND if is_patient_root else STUDY_ROOT_FIND)


def answers(assoc: Association, query: Dataset, sop_class_uid: str) -> Iterator[Dataset]:
    """The identifiers of the pending responses, as they come. Raises as `find_worklist`."""
    for answer, identifier in assoc.send_c_find(query, sop_class_uid):
        status = answer.get("Status")
        if status is None:
            raise Unavailable("The peer stopped answering", code="FIND_FAILED")
        if status in _PENDING and identifier is not None:
            yield identifier
        elif status != 0x0000:
            raise InvalidInput(f"The peer refuses the query: 0x{status:04X}", code="FIND_REFUSED")
