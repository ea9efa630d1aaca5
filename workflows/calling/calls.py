"""Call activities: the called process is a case of its own, with its own state, history and version.

The call is a step of the caller with an operator of ours. It starts the called case under a key of its own, waits,
and is queued again when that case ends; asked again, it answers with how it ended. Caller and called case are
never locked in one transaction: they tell each other through the step's row.

Reference  BPMN 2.0.2 §10.3.6, §13.3.4
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

import structlog
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from common.errors import Conflict, NotFound, ServiceError
from workflows.calling import escalations
from workflows.deployment import bundles
from workflows.engine import CALL_OPERATOR, ProcessRun
from workflows.instances import cancel_process, start_called_process
from workflows.locks import read_state
from workflows.models import ProcessDefinition, ProcessInstance, ServiceTaskRun
from workflows.service_tasks import Pending, TaskContext, service_task
from workflows.stepping import WORKFLOW, requeue_call

log = structlog.get_logger(__name__)

DEEPEST = 20
HUNDRED_YEARS_S = 3_155_760_000
WITHDRAWN = "CALL_WITHDRAWN"
Status = ProcessInstance.Status


class CallFailed(ServiceError):
    """The called process could not begin, or did not end well; its code is thrown at the call."""

    default_code = "CALL_FAILED"


@service_task(CALL_OPERATOR, timeout_s=HUNDRED_YEARS_S)
def call_process(context: TaskContext, *, process: str, data: dict[str, Any]) -> dict[str, Any] | Pending:
    """Start the called process, once a call, and wait for its end; then answer with its data and `outcome`.

    Raises  CallFailed with the code of the error the process ended with, or CALL_CANCELLED if it was stopped.
    """
    case = ProcessInstance.objects.filter(call=context.run_uid).defer("state").order_by("-started_at").first()
    is_retried = (
        context.attempt == 1 and case is not None and case.status in {Status.FAILED, Status.CANCELLED}
    )
    if case is None or is_retried:
        case = _begin(context, process, data)
    return _answer(case)


def cancel_called(run_uids: Iterable[uuid.UUID]) -> int:
    """Stop the cases that were begun by calls their caller has left; how many."""
    left = ProcessInstance.objects.filter(call__in=list(run_uids), status=Status.RUNNING).defer("state")
    return sum(_stop(case) for case in left)


def settle_calls(*, limit: int = 100) -> int:
    """What a lost message left: calls whose case has ended are queued, cases whose call was left are stopped.

    How many there were.
    """
    begun = ProcessInstance.objects.filter(call=OuterRef("pk"))
    waiting = ServiceTaskRun.objects.filter(
        Exists(begun), ~Exists(begun.filter(status=Status.RUNNING)),
        operator=CALL_OPERATOR, status=ServiceTaskRun.Status.PENDING,
    )  # fmt: skip
    answered = list(waiting.values_list("pk", flat=True)[:limit])
    for run_uid in answered:
        requeue_call(run_uid)
    left = ProcessInstance.objects.filter(
        status=Status.RUNNING, call__status=ServiceTaskRun.Status.CANCELLED
    ).values_list("call", flat=True)[:limit]
    return len(answered) + cancel_called(left)


def _begin(context: TaskContext, process: str, data: dict[str, Any]) -> ProcessInstance:
    caller = ProcessInstance.objects.select_related("site").defer("state").get(uid=context.instance_uid)
    if _depth(caller) >= DEEPEST:
        raise CallFailed(_("Processes call each other too deeply."), code="CALL_TOO_DEEP")
    definition = _pinned(caller, process)
    inputs = bundles.model_of(definition).diagram.inputs
    earlier = ProcessInstance.objects.filter(call=context.run_uid).count()
    return start_called_process(
        definition,
        data={name: data.get(name) for name in inputs} if inputs else data,
        caller=caller,
        subjects=context.subjects,
        call=context.run_uid,
        start_key=f"call:{context.run_uid}:{earlier}",
    )


def _pinned(caller: ProcessInstance, process: str) -> int:
    calls = ProcessDefinition.objects.filter(pk=caller.definition_id).values_list("calls", flat=True)
    version = calls[0].get(process)
    found = (
        ProcessDefinition.objects.filter(key=process, version=version).values_list("pk", flat=True).first()
    )
    if found is None:
        raise NotFound(_("There is no such process."), code="PROCESS_UNKNOWN")
    return found


def _depth(instance: ProcessInstance) -> int:
    depth, call = 0, instance.call_id
    while call is not None:
        depth += 1
        call = ProcessInstance.objects.filter(service_task_runs=call).values_list("call", flat=True).first()
    return depth


def _answer(case: ProcessInstance) -> dict[str, Any] | Pending:
    if case.status == Status.RUNNING:
        return Pending(str(case.uid))
    run = ProcessRun.restore(bundles.model_of(case.definition_id), read_state(case.pk))
    escalations.deliver_all(case, run)
    if case.status == Status.COMPLETED:
        return {**run.end_data, "outcome": case.outcome}
    code = case.outcome if case.status == Status.FAILED else "CALL_CANCELLED"
    raise CallFailed(_("The called process did not end well."), code=code or None)


def _stop(case: ProcessInstance) -> bool:
    try:
        cancel_process(case, actor=WORKFLOW, reason=WITHDRAWN)
    except (Conflict, NotFound):
        return False  # it has ended meanwhile
    log.info("call.withdrawn", case=str(case.uid))
    return True
