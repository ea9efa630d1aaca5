"""A process that calls another, drawn; and the called cases, driven as people and workers do."""

from __future__ import annotations

from tests.workflows.conftest import chain, user
from tests.workflows.engine.drawing import END
from workflows import services
from workflows.engine import CALL_OPERATOR
from workflows.models import ProcessInstance, ServiceTaskRun

ASK = user("ask") + END + chain("start", "ask", "end")


def call(name="call", called="Inner", result="answer", arguments=""):
    return (
        f'<bpmn:callActivity id="{name}" name="{name}" calledElement="{called}"><bpmn:extensionElements>'
        f'<consilium:call result="{result}">{arguments}</consilium:call></bpmn:extensionElements></bpmn:callActivity>'
    )


OUTER = call() + user("after") + END + chain("start", "call", "after", "end")


def perform():
    """Do the call steps that are due, as a worker does."""
    done = True
    while done:
        queued = ServiceTaskRun.objects.filter(operator=CALL_OPERATOR, status="queued").values_list(
            "pk", flat=True
        )
        done = [services.perform_service_task(uid) for uid in queued].count(True) > 0


def called():
    return ProcessInstance.objects.get(definition__key="Inner")


def finish(case, name, person, **data):
    task = case.user_tasks.get(name=name, status="ready")
    services.claim_user_task(task, actor=person)
    return services.complete_user_task(task, actor=person, outcome="done", data=data)


def open_names(case):
    return sorted(case.user_tasks.filter(status="ready").values_list("name", flat=True))
