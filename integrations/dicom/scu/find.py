"""Reading a peer's modality worklist by C-FIND (PS3.4 §K, IHE RAD-5)."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import ModalityWorklistInformationFind  # type: ignore[attr-defined]

from common.errors import InvalidInput, Unavailable
from integrations.dicom.scu.association import Peer, associate

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
    found: list[Dataset] = []
    with associate(peer, [build_context(ModalityWorklistInformationFind)]) as assoc:
        for answer, identifier in assoc.send_c_find(query, ModalityWorklistInformationFind):
            status = answer.get("Status")
            if status is None:
                raise Unavailable("The peer stopped answering", code="FIND_FAILED")
            if status in _PENDING and identifier is not None:
                found.append(identifier)
            elif status != 0x0000:
                raise InvalidInput(f"The peer refuses the query: 0x{status:04X}", code="FIND_REFUSED")
    return found
