"""Made by hand what the workflow engine would make: a case and a step that waits in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from accounts.models import Person, Site
from archive.mpi.models import Patient
from archive.studies.models import Study
from common import clock
from common.uids import new_uid
from events.services import Event
from tests.personas import Cast
from workflows.models import ProcessDefinition, ProcessInstance, UserTask

MakeTask = Callable[..., UserTask]


DIAGRAM = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="Made" isExecutable="true">
  <startEvent id="start"/><userTask id="read" name="Read study"/>
  <intermediateCatchEvent id="images" name="Images complete"/>
</process></definitions>"""


@pytest.fixture
def case(cast: Cast) -> ProcessInstance:
    definition = ProcessDefinition.objects.create(
        key="Made",
        version=1,
        name="Made by hand",
        digest="0",
        files={"made.bpmn": DIAGRAM},
        imported_at=clock.now(),
    )
    return ProcessInstance.objects.create(
        definition=definition, site=cast.county, start_key="made", state=b"", trace_id=uuid.uuid4(),
        started_at=clock.now(), changed_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def make_task(cast: Cast, case: ProcessInstance) -> MakeTask:
    def make(role: str = "radiologist", assignee: Person | None = None, name: str = "Read study") -> UserTask:
        return UserTask.objects.create(
            uid=uuid.uuid4(), instance=case, element_id="read", name=name, form="report", role=role,
            site=cast.provincial, assignee=assignee, offered_at=clock.now(),
        )  # fmt: skip

    return make


@pytest.fixture
def news_of(case: ProcessInstance) -> Callable[[str, UserTask], Event]:
    """The event the engine publishes when a step is offered or closed."""

    def news(name: str, task: UserTask) -> Event:
        payload = {
            "task_uid": str(task.uid),
            "element_id": task.element_id,
            "name": task.name,
            "role": task.role,
            "site_code": task.site.code,
            "assignee": task.assignee.username if task.assignee else "",
            "status": task.status,
            "subjects": {"case": str(case.uid), "study": "2.25.11"},
        }
        return Event(uuid.uuid4(), name, payload, case.trace_id)

    return news


@pytest.fixture
def make_study(cast: Cast) -> Callable[[Site], str]:
    """The UID of a study a site received."""

    def make(site: Site) -> str:
        patient = Patient.objects.create(family_name="Bai", given_name="An", registered_at=clock.now())
        study = Study.objects.create(
            study_instance_uid=new_uid(), site=site, patient=patient, received_at=clock.now(),
            trace_id=uuid.uuid4(),
        )  # fmt: skip
        return study.study_instance_uid

    return make
