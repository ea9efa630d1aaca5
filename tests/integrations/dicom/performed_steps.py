"""Performed procedure steps as modalities send them."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from common.uids import derived_uid


def references(*uids: str) -> list[Dataset]:
    items = []
    for uid in uids:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, uid
        items.append(item)
    return items


def series_item(series: str, *uids: str) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID, item.SeriesDescription = series, "Thin"
    item.PerformingPhysicianName = item.OperatorsName = item.ProtocolName = ""
    item.RetrieveAETitle = ""
    item.ReferencedImageSequence = references(*uids)
    item.ReferencedNonImageCompositeSOPInstanceSequence = []
    return item


def step_started(order=None, **elements: object) -> Dataset:
    """An N-CREATE; of the order's scheduled step if there is an order. None removes an element."""
    scheduled = Dataset()
    scheduled.StudyInstanceUID = order.study_instance_uid if order else derived_uid("study")
    scheduled.ReferencedStudySequence = []
    scheduled.AccessionNumber = order.accession_number if order else ""
    scheduled.RequestedProcedureID = scheduled.RequestedProcedureDescription = ""
    scheduled.ScheduledProcedureStepID = order.steps.get().scheduled_procedure_step_id if order else ""
    scheduled.ScheduledProcedureStepDescription = ""
    scheduled.ScheduledProtocolCodeSequence = []
    said = Dataset()
    said.SpecificCharacterSet = "ISO_IR 192"
    said.ScheduledStepAttributesSequence = [scheduled]
    said.PatientName, said.PatientID = "Li^Hua", "P1"
    said.PatientBirthDate, said.PatientSex = "19600101", "F"
    said.ReferencedPatientSequence = []
    said.PerformedProcedureStepID, said.PerformedStationAETitle = "PPS1", "COUNTY_CT1"
    said.PerformedStationName = said.PerformedLocation = said.PerformedProcedureStepDescription = ""
    said.PerformedProcedureStepStartDate, said.PerformedProcedureStepStartTime = "20260302", "090000"
    said.PerformedProcedureStepStatus = "IN PROGRESS"
    said.PerformedProcedureStepEndDate = said.PerformedProcedureStepEndTime = ""
    said.PerformedProcedureTypeDescription = ""
    said.ProcedureCodeSequence = said.PerformedProtocolCodeSequence = []
    said.Modality, said.StudyID = "CT", "1"
    said.PerformedSeriesSequence = []
    for keyword, value in elements.items():
        if value is None:
            delattr(said, keyword)
        else:
            setattr(said, keyword, value)
    return said


def step_ended(
    status: str = "COMPLETED", *, series: list[Dataset] | None = None, **elements: object
) -> Dataset:
    """An N-SET to a final state."""
    said = Dataset()
    said.PerformedProcedureStepStatus = status
    said.PerformedProcedureStepEndDate, said.PerformedProcedureStepEndTime = "20260302", "091500"
    said.PerformedSeriesSequence = series or []
    for keyword, value in elements.items():
        if value is None:
            delattr(said, keyword)
        else:
            setattr(said, keyword, value)
    return said
