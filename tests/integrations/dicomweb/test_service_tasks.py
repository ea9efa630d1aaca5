"""The step that puts work on a study on the worklist."""

from __future__ import annotations

import uuid

import pytest

from accounts.actors import SystemActor
from accounts.models import AuditEvent
from archive.workitems import on_studies
from archive.workitems.models import Workitem
from common.errors import InvalidInput, NotFound
from tests.conformance.workitems import change_state, claim, held, tag, value
from tests.integrations.dicomweb.storing import multipart, slices
from workflows.service_tasks import TaskContext, find_operator

STUDY = "1.2.3"


@pytest.fixture
def context(cast, theo):
    assert theo(multipart(*slices(3))).status_code == 200
    return TaskContext(
        uuid.uuid4(),
        uuid.uuid4(),
        "Ask",
        uuid.uuid4(),
        "county",
        {"study": STUDY},
        1,
        SystemActor("workflow"),
    )


def schedule(context, **arguments):
    operator = find_operator("dicomweb.schedule_workitem")
    assert operator is not None
    return operator.handler(context, **{"study_instance_uid": STUDY, "label": "Find nodules", **arguments})


def test_a_diagram_puts_work_on_a_study_on_the_worklist_of_its_site(context, cast, program_of):
    said = schedule(context, worklist_label="CAD", priority="HIGH", station="CT1")

    program = program_of(cast.theo)
    found = held(program, said["workitem"])
    assert value(found, "WorklistLabel") == "CAD"
    assert value(found, "StudyInstanceUID") == STUDY
    assert value(value(found, "ScheduledStationNameCodeSequence"), "CodeValue") == "CT1"
    (series,) = found[tag("InputInformationSequence")]["Value"]
    assert len(series[tag("ReferencedSOPSequence")]["Value"]) == 3
    assert found[tag("PatientName")]["Value"]
    claim(program, said["workitem"])
    assert change_state(program, "CANCELED", uid=said["workitem"]).status_code == 200


def test_a_repeated_step_makes_one_workitem(context):
    assert schedule(context) == schedule(context)

    assert Workitem.objects.get().site.code == "county"
    assert AuditEvent.objects.get(action="workitem.created").actor == "workflow"


def test_a_study_of_too_many_images_is_named_without_them(context, monkeypatch):
    monkeypatch.setattr(on_studies, "MOST_REFERENCED", 2)

    schedule(context)

    assert Workitem.objects.get().attributes[tag("InputInformationSequence")] == {"vr": "SQ"}


def test_what_cannot_be_scheduled_is_refused_for_good(context):
    with pytest.raises(NotFound):
        schedule(context, study_instance_uid="1.2.404")
    with pytest.raises(InvalidInput):
        schedule(context, priority="STAT")
    with pytest.raises(InvalidInput):
        schedule(context, label="")
