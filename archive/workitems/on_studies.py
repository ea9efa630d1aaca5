"""Workitems on studies that are here: what is scheduled, for whom, and on which images.

Reference  PS3.4 Table CC.2.5-3, Table CC.2.5-2c (Referenced Instances and Access)
"""

from __future__ import annotations

from django.conf import settings

from archive.mpi.models import PatientIdentifier
from archive.mpi.selectors import survivor_of
from archive.studies.models import Instance, Study
from archive.workitems.attributes import tag_of
from archive.workitems.datasets import Model, code, element
from archive.workitems.moments import written
from common import clock
from common.clock import format_da

MOST_REFERENCED = 2_000  # images; of a larger study the performer asks for what it needs
_LONGEST = 64


def workitem_on_study(
    study: Study, *, label: str, worklist_label: str = "", priority: str = "MEDIUM", station: str = ""
) -> Model:
    """What creating the workitem asks for, with the patient and the order of today.

    `station` is the code of the one it is scheduled for, in the site's own coding scheme.
    """
    model = element("ScheduledProcedureStepPriority", priority)
    model |= element("ProcedureStepLabel", label[:_LONGEST])
    model |= element("ScheduledProcedureStepStartDateTime", written(clock.now()))
    model |= element("InputReadinessState", "READY") | element("ProcedureStepState", "SCHEDULED")
    model |= element("StudyInstanceUID", study.study_instance_uid)
    model |= element("InputInformationSequence", *_input(study)) | _patient(study) | _request(study)
    if worklist_label:
        model |= element("WorklistLabel", worklist_label[:_LONGEST])
    if station:
        scheme = f"99{study.site.code.upper()}"[:16]
        model |= element("ScheduledStationNameCodeSequence", code(station[:16], scheme, station[:_LONGEST]))
    return model


def _patient(study: Study) -> Model:
    patient = survivor_of(study.patient)
    issuer = study.site.authority_namespace
    known = (
        PatientIdentifier.objects.filter(patient=patient, authority_namespace=issuer).order_by("pk").first()
    )
    names = {"Alphabetic": f"{patient.family_name}^{patient.given_name}".rstrip("^")}
    if patient.ideographic_name:
        names["Ideographic"] = patient.ideographic_name
    born = [format_da(patient.birth_date)] if patient.birth_date else []
    model = element("PatientName", {group: name for group, name in names.items() if name})
    model |= element("PatientID", *([known.value] if known else [])) | element("IssuerOfPatientID", issuer)
    sex = [patient.sex] if patient.sex != patient.Sex.UNKNOWN else []
    return model | element("PatientBirthDate", *born) | element("PatientSex", *sex)


def _request(study: Study) -> Model:
    """The order the study answers; nothing of one that was never ordered here."""
    if study.order is None:
        return {}
    item = element("StudyInstanceUID", study.study_instance_uid)
    item |= element("AccessionNumber", study.order.accession_number)
    item |= element("RequestedProcedureID", study.order.requested_procedure_id)
    item |= element("RequestedProcedureDescription", study.order.procedure_description[:_LONGEST])
    for keyword in (
        "IssuerOfAccessionNumberSequence", "OrderPlacerIdentifierSequence", "OrderFillerIdentifierSequence",
        "RequestedProcedureCodeSequence",
    ):  # fmt: skip
        item |= element(keyword)
    return element("ReferencedRequestSequence", {tag: item[tag] for tag in sorted(item)})


def _input(study: Study) -> list[Model]:
    """An item a series, with its images; nothing of a study of too many."""
    rows = list(
        Instance.objects.filter(series__study=study)
        .order_by("series__series_number", "series_id", "pk")
        .values_list("series__series_instance_uid", "sop_class_uid", "sop_instance_uid")[
            : MOST_REFERENCED + 1
        ]
    )
    if len(rows) > MOST_REFERENCED:
        return []
    series: dict[str, list[Model]] = {}
    for series_uid, sop_class_uid, sop_instance_uid in rows:
        reference = element("ReferencedSOPClassUID", sop_class_uid)
        reference |= element("ReferencedSOPInstanceUID", sop_instance_uid)
        series.setdefault(series_uid, []).append(reference)
    source = element("DICOMRetrievalSequence", element("RetrieveAETitle", settings.DICOM_AE_TITLE))
    return [
        element("TypeOfInstances", "DICOM")
        | element("StudyInstanceUID", study.study_instance_uid)
        | element("SeriesInstanceUID", uid)
        | {tag_of("ReferencedSOPSequence"): {"vr": "SQ", "Value": references}}
        | source
        for uid, references in series.items()
    ]
