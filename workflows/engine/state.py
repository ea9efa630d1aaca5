"""An instance's state as compressed bytes: Spiff's task tree without the specification.

Tasks are a list with parents before children, data as differences from the parent. Order is carried by
lists, never by the order of keys, so nothing breaks if a store re-orders an object.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow, BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.model import ProcessModel

VERSION = 1


def dump(workflow: BpmnWorkflow) -> bytes:
    """The state of a workflow and its subprocesses."""
    body = {
        "version": VERSION,
        "process": _dump_workflow(workflow),
        "subprocesses": [
            [parent.hex, subprocess.spec.name, _dump_workflow(subprocess)]
            for parent, subprocess in workflow.subprocesses.items()
        ],
    }
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode())


def restore(model: ProcessModel, state: bytes, script_engine: Any) -> BpmnWorkflow:
    """The workflow a state was taken from, on the specification of its definition."""
    body = json.loads(zlib.decompress(state))
    workflow = BpmnWorkflow(
        model.spec, model.subprocess_specs, script_engine=script_engine, deserializing=True
    )
    _restore_workflow(workflow, body["process"])
    for parent, name, dumped in body["subprocesses"]:
        _restore_subprocess(workflow, uuid.UUID(parent), name, dumped)
    return workflow


def _dump_workflow(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    positions = {task_id: position for position, task_id in enumerate(workflow.tasks)}
    return {
        "data": workflow.data,
        "success": workflow.success,
        "completed": workflow.completed,
        "last_task": positions.get(workflow.last_task.id) if workflow.last_task else None,
        "tasks": [_dump_task(task, positions) for task in workflow.tasks.values()],
    }


def _dump_task(task: Task, positions: dict[uuid.UUID, int]) -> list[Any]:
    parent = task.parent
    inherited = parent.data if parent is not None else {}
    return [
        task.id.hex,
        positions[parent.id] if parent is not None else None,
        task.task_spec.name,
        task.state,
        round(task.last_state_change, 6),
        int(task.triggered),
        {key: value for key, value in task.data.items() if key not in inherited or inherited[key] != value},
        [key for key in inherited if key not in task.data],
        # What an event-based gateway has seen is used up within the step that saw it.
        {key: value for key, value in task.internal_data.items() if key != "seen_events"},
    ]


def _restore_workflow(workflow: BpmnBaseWorkflow, dumped: dict[str, Any]) -> None:
    tasks = list(_restore_tasks(workflow, dumped["tasks"]))
    workflow.task_tree = tasks[0]
    workflow.data = dumped["data"]
    workflow.success = dumped["success"]
    workflow.completed = dumped["completed"]
    if dumped["last_task"] is not None:
        workflow.last_task = tasks[dumped["last_task"]]


def _restore_tasks(workflow: BpmnBaseWorkflow, dumped: list[list[Any]]) -> Iterator[Task]:
    tasks: list[Task] = []
    for key, parent_position, name, state, changed, triggered, updates, deletions, internal in dumped:
        parent = tasks[parent_position] if parent_position is not None else None
        spec = workflow.spec.task_specs[name]
        task = Task(workflow, spec, parent=parent, state=state, id=uuid.UUID(key))
        task.last_state_change = changed
        task.triggered = bool(triggered)
        task.internal_data = internal
        inherited = parent.data if parent is not None else {}
        kept = {key: value for key, value in inherited.items() if key not in deletions}
        task.data = json.loads(json.dumps({**kept, **updates})) if kept else updates
        if isinstance(spec, CatchingEvent) and task.has_state(TaskState.WAITING):
            workflow.top_workflow.event_manager.add_task(task)
        tasks.append(task)
        yield task


def _restore_subprocess(
    workflow: BpmnWorkflow, parent_id: uuid.UUID, name: str, dumped: dict[str, Any]
) -> None:
    parent = workflow.get_task_from_id(parent_id)
    subprocess = BpmnSubWorkflow(workflow.subprocess_specs[name], parent_id, workflow, deserializing=True)
    _restore_workflow(subprocess, dumped)
    workflow.subprocesses[parent_id] = subprocess
    subprocess.completed_event.connect(parent.task_spec._on_subworkflow_completed, parent)
