"""When the clock begins a process: planned as a row when a version becomes the active one.

Reference  BPMN 2.0.2 §10.5.2 (Timer Start Event)
"""

from __future__ import annotations

from django.utils import timezone

from common import clock
from workflows.diagram import Diagram
from workflows.engine.schedules import parse_schedule
from workflows.models import ProcessDefinition, StartTimer


def plan_starts(definition: ProcessDefinition, diagram: Diagram) -> None:
    """Have the clock begin this version, and no other version of its process."""
    cancel_starts(definition.key)
    for start in diagram.starts:
        trigger = start.trigger("timer")
        schedule = parse_schedule(trigger.expression) if trigger is not None else None
        due = schedule.after(timezone.localtime(clock.now())) if schedule is not None else None
        if trigger is not None and schedule is not None and due is not None and schedule.times != 0:
            StartTimer.objects.create(
                definition=definition,
                element_id=start.id,
                schedule=trigger.expression,
                due_at=due,
                left=schedule.times,
            )


def cancel_starts(key: str) -> None:
    """Have the clock begin no version of a process."""
    StartTimer.objects.filter(definition__key=key).delete()
