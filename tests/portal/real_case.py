"""The remote consultation run by the engine itself, up to the step where the expert reads."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from accounts.models import Person
from accounts.signing import Signature
from archive.orders.models import Order
from archive.studies.models import Series
from common import clock
from events.services import Event
from tests.personas import Cast
from tests.portal.stored_images import store_ct
from workflows.models import ProcessInstance, ServiceTaskRun, UserTask
from workflows.services import (
    complete_service_task,
    complete_user_task,
    import_bundle,
    receive_event,
)

BUNDLE = Path(__file__).resolve().parents[2] / "bpmn" / "remote_consultation"


def case_to_assign(cast: Cast, order: Order) -> ProcessInstance:
    """The case of an order whose images are there and whose overview is made: a coordinator is next."""
    import_bundle(BUNDLE)
    subjects = {"order": str(order.uid), "patient": str(order.patient.uid), "study": order.study_instance_uid}
    receive_event(
        _event(
            "OrderReceived",
            {
                "site_code": order.site.code,
                "expert_site_code": cast.provincial.code,
                "accession_number": order.accession_number,
                "procedure_code": order.procedure_code,
                "modality": "CT",
                "service": "remote_consultation",
                "priority": order.priority,
            },
            subjects,
        )
    )
    series = _images(cast, order)
    receive_event(
        _event(
            "SeriesComplete",
            {
                "site_code": order.site.code,
                "modality": "CT",
                "instance_count": 3,
                "is_thin_slice": True,
                "spacing_mm": 1.0,
                "is_derived": False,
                "reason": "QUIET",
            },
            {**subjects, "series": series.series_instance_uid},
        )
    )
    case = ProcessInstance.objects.latest("pk")
    for run in ServiceTaskRun.objects.filter(instance=case, operator="compute.run_template"):
        complete_service_task(run.uid, result={})
    return ProcessInstance.objects.get(pk=case.pk)


def case_to_read(cast: Cast, order: Order) -> tuple[ProcessInstance, UserTask]:
    """The same case, assigned to Rosa: it waits for her report."""
    case = case_to_assign(cast, order)
    waiting = UserTask.objects.get(instance=case, status="ready")
    complete_user_task(waiting, actor=cast.carla, outcome="assign", data={"expert": cast.rosa.username})
    return case, UserTask.objects.get(instance=case, status="ready")


def read(case: ProcessInstance, person: Person, **answer: Any) -> None:
    """The person signs a report of these words."""
    task = UserTask.objects.get(instance=case, element_id="ReadAndReport", status__in=["ready", "claimed"])
    signature = Signature(person.pk, clock.now())
    complete_user_task(task, actor=person, outcome="sign", data=answer, signature=signature)


def _images(cast: Cast, order: Order) -> Series:
    return store_ct(
        cast.county,
        study=order.study_instance_uid,
        series=f"{order.study_instance_uid}.1",
        AccessionNumber=order.accession_number,
        PatientID=order.patient.identifiers.get().value,
    )


def _event(name: str, payload: dict[str, object], subjects: dict[str, str]) -> Event:
    return Event(uuid.uuid4(), name, {**payload, "subjects": subjects}, uuid.uuid4())
