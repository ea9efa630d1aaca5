"""The modality worklist: C-FIND over scheduled procedure steps.

Reference  PS3.4 §K.6.1 (worklist attributes and matching), IHE RAD-5
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import structlog
from django.conf import settings
from django.utils import timezone
from pydicom.dataset import Dataset
from pynetdicom.events import Event

from archive.orders.models import ScheduledProcedureStep
from archive.orders.selectors import worklist_steps
from common.clock import format_da, parse_da
from common.errors import InvalidInput, ServiceError
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.scp.peers import calling_node
from integrations.dicom.status import CANCELLED, PENDING, find_status

log = structlog.get_logger(__name__)

UTF_8 = "ISO_IR 192"


def handle_worklist(event: Event) -> Iterator[tuple[int, Dataset | None]]:
    """Answer with one Pending response a matching step, of the calling AE's own site only.

    0xA900 for an identifier that cannot be matched, 0x0124 for an AE that may not read the worklist,
    0xFE00 if the peer cancels.
    """
    try:
        peer = calling_node(event.assoc, role=AERole.WORKLIST_SCU)
        steps = _matching(event.identifier, peer)
    except ServiceError as error:
        log.warning("dicom.find_refused", code=error.code)
        yield find_status(error), None
        return
    for step in steps:
        if event.is_cancelled:
            yield CANCELLED, None
            return
        yield PENDING, worklist_entry(step, called_ae_title=settings.DICOM_AE_TITLE)


def _matching(identifier: Dataset, peer: ApplicationEntity) -> list[ScheduledProcedureStep]:
    """The steps the identifier asks for. A key that is empty or `*` matches everything."""
    sequence = identifier.get("ScheduledProcedureStepSequence") or [Dataset()]
    step = sequence[0]
    found = worklist_steps(
        modality=_key(step, "Modality"),
        station_ae_title=_key(step, "ScheduledStationAETitle"),
        date_range=date_range(_key(step, "ScheduledProcedureStepStartDate")),
        patient_id=_key(identifier, "PatientID"),
        patient_name=_key(identifier, "PatientName"),
        accession_number=_key(identifier, "AccessionNumber"),
        site=peer.site,
    )
    study = _key(identifier, "StudyInstanceUID")
    return list(found.filter(order__study_instance_uid=study) if study else found)


def _key(dataset: Dataset, keyword: str) -> str:
    value = str(dataset.get(keyword) or "").strip()
    return "" if value == "*" else value


def date_range(key: str) -> tuple[dt.date | None, dt.date | None]:
    """The days a DA key matches: one day, `from-`, `-to` or `from-to` (PS3.4 §C.2.2.2.5).

    Raises  InvalidInput for anything else.
    """
    if not key:
        return None, None
    first, dash, last = key.partition("-")
    since, until = parse_da(first), parse_da(last if dash else first)
    if (first and since is None) or (dash and last and until is None) or not (since or until):
        raise InvalidInput("The date key is no date and no range of dates", code="DATE_KEY")
    return since, until


def worklist_entry(step: ScheduledProcedureStep, *, called_ae_title: str) -> Dataset:
    """One entry of the worklist (PS3.4 §K.6.1.2.2)."""
    order, patient = step.order, step.order.patient
    scheduled = timezone.localtime(step.scheduled_at)
    entry = Dataset()
    entry.SpecificCharacterSet = UTF_8
    entry.AccessionNumber = order.accession_number
    entry.ReferringPhysicianName = order.referring_physician
    entry.PatientName = patient.person_name
    entry.PatientID = _patient_id(step)
    entry.IssuerOfPatientID = order.site.authority_namespace
    entry.PatientBirthDate = format_da(patient.birth_date) if patient.birth_date else ""
    entry.PatientSex = patient.sex if patient.sex in {"F", "M", "O"} else ""
    entry.StudyInstanceUID = order.study_instance_uid
    entry.RequestedProcedureID = order.requested_procedure_id
    entry.RequestedProcedureDescription = order.procedure_description[:64]
    entry.RequestedProcedurePriority = order.priority
    planned = Dataset()
    planned.Modality = step.modality
    planned.ScheduledStationAETitle = step.station_ae_title or called_ae_title
    planned.ScheduledProcedureStepStartDate = format_da(scheduled.date())
    planned.ScheduledProcedureStepStartTime = scheduled.strftime("%H%M%S")
    planned.ScheduledProcedureStepDescription = (step.description or order.procedure_description)[:64]
    planned.ScheduledProcedureStepID = step.scheduled_procedure_step_id
    entry.ScheduledProcedureStepSequence = [planned]
    return entry


def _patient_id(step: ScheduledProcedureStep) -> str:
    """The identifier the order's site issued; else the first known."""
    held = {
        identifier.authority_namespace: identifier.value
        for identifier in step.order.patient.identifiers.order_by("-pk")
    }
    return held.get(step.order.site.authority_namespace) or next(iter(held.values()), "")
