"""Cases for page tests, written as rows: who works the engine is tested elsewhere."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path

from accounts.models import Person, Role, Site
from accounts.services import grant_studies
from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.orders.services import receive_order
from common import clock
from tests.archive.orders.orders import HIS, make_patient
from tests.personas import Cast
from workflows.models import (
    ProcessDefinition,
    ProcessEvent,
    ProcessInstance,
    ProcessSubject,
    UserTask,
    list_order,
)

DIAGRAM = Path(__file__).resolve().parents[2] / "bpmn/remote_consultation/remote_consultation.bpmn"
FORMS = {
    "report": {
        "title": {"en": "Report", "zh-hans": "报告"},
        "outcomes": {
            "sign": {
                "label": {"en": "Sign report", "zh-hans": "签发报告"},
                "style": "primary",
                "submission": "reports.sign",
                "signature": {"meaning": {"en": "I have read these images.", "zh-hans": "本人已阅片。"}},
                "schema": {
                    "type": "object",
                    "properties": {
                        "findings": {"type": "string", "title": "Findings", "minLength": 1},
                        "impression": {"type": "string", "title": "Impression", "minLength": 1},
                        "is_critical": {"type": "boolean", "title": "Critical finding"},
                    },
                    "required": ["findings", "impression"],
                    "additionalProperties": False,
                },
                "x-i18n": {
                    "zh-hans": {
                        "properties": {
                            "findings": {"title": "影像所见"},
                            "impression": {"title": "诊断意见"},
                            "is_critical": {"title": "危急值"},
                        }
                    }
                },
                "widgets": {"findings": "textarea", "impression": "textarea"},
            },
            "decline": {
                "label": {"en": "Decline", "zh-hans": "谢绝"},
                "style": "danger",
                "schema": {
                    "type": "object",
                    "properties": {"reason": {"type": "string", "title": "Reason", "minLength": 1}},
                    "required": ["reason"],
                },
                "x-i18n": {"zh-hans": {"properties": {"reason": {"title": "原因"}}}},
                "widgets": {"reason": "textarea"},
            },
        },
    },
}


def make_definition() -> ProcessDefinition:
    """The remote consultation as drawn, with a report form of these tests' own."""
    found = ProcessDefinition.objects.filter(key="RemoteConsultation", is_active=True).first()
    if found:
        return found
    files = {f"forms/{name}.json": json.dumps(form) for name, form in FORMS.items()}
    return ProcessDefinition.objects.create(
        key="RemoteConsultation",
        version=1,
        name="Remote consultation",
        digest="0" * 64,
        files=files | {DIAGRAM.name: DIAGRAM.read_text()},
        imported_at=clock.now(),
    )


def make_order(cast: Cast, number: int = 1, *, priority: str = "ROUTINE", **patient: object) -> Order:
    someone: Patient = make_patient(cast, f"C-{1000 + number}", **patient)
    return receive_order(
        site=cast.county,
        patient=someone,
        placer_order_number=f"PO-{number}",
        procedure_code="CONSULT-CT-CHEST",
        procedure_description="CT chest, second opinion",
        service="imaging",
        priority=priority,
        modality="CT",
        scheduled_at=clock.now(),
        ordered_at=clock.now(),
        referring_physician="Dr Rafael",
        reason="Cough for three weeks, nodule on X-ray",
        actor=HIS,
    )


def make_case(order: Order, *, study: str = "", status: str = "running") -> ProcessInstance:
    """A case about an order, running at the order's site."""
    case = ProcessInstance.objects.create(
        definition=make_definition(),
        site=order.site,
        start_key=f"test:{uuid.uuid4()}",
        status=status,
        priority=order.priority,
        state=b"",
        started_at=clock.now(),
        changed_at=clock.now(),
        trace_id=order.trace_id,
    )
    about = {
        "order": str(order.uid),
        "patient": str(order.patient.uid),
        "study": study or order.study_instance_uid,
    }
    ProcessSubject.objects.bulk_create(
        ProcessSubject(instance=case, kind=kind, uid=uid) for kind, uid in about.items()
    )
    ProcessEvent.objects.create(
        instance=case, at=clock.now(), kind="case.started", name="Consultation ordered"
    )
    return case


def offer_task(
    case: ProcessInstance,
    *,
    site: Site,
    role: Role = Role.RADIOLOGIST,
    assignee: Person | None = None,
    due_at: dt.datetime | None = None,
    element_id: str = "ReadAndReport",
    name: str = "Read and report",
) -> UserTask:
    """A step that waits, with the study granted to those it waits for."""
    uids = case.subjects.filter(kind="study").values_list("uid", flat=True)
    if assignee:
        grant_studies(uids, cause=f"case:{case.uid}", person=assignee)
    else:
        grant_studies(uids, cause=f"case:{case.uid}", site=site, role=role)
    return UserTask.objects.create(
        uid=uuid.uuid4(),
        instance=case,
        element_id=element_id,
        name=name,
        form="report",
        role=role,
        site=site,
        assignee=assignee,
        is_personal=assignee is not None,
        priority=case.priority,
        offered_at=clock.now(),
        due_at=due_at,
        **list_order(case.priority, due_at),
    )
