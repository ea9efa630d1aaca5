"""Celery's entries to processes. A message is a nudge: losing one costs a moment, never a step."""

from __future__ import annotations

import uuid

from celery import shared_task

from workflows.machines.performing import perform_service_task
from workflows.service_tasks import find_operator


@shared_task(name="workflows.perform", acks_late=True)  # type: ignore[untyped-decorator]
def perform(run_uid: str) -> None:
    """Do one step of a process, if it is still to be done."""
    perform_service_task(uuid.UUID(run_uid))


def enqueue(run_uid: uuid.UUID, operator: str) -> None:
    """Send a nudge to the queue the step's operator asks for."""
    found = find_operator(operator)
    perform.apply_async(args=[str(run_uid)], queue=found.queue if found is not None else "default")
