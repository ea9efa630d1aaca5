"""An instance's state as bytes: Spiff's task tree without the specification.

Tasks are a list with parents before children, data as differences from the parent. Order is carried by
lists, never by the order of keys, so nothing breaks if a store re-orders an object. A state is JSON; a long one
is compressed.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.mixins.events.event_types import CatchingEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.model import ProcessModel
from workflows.engine.state_1 import from_version_1
from workflows.engine.tree import ProcessTree, SubprocessTree, TreeTask

VERSION = 2
LONG = 1024
"""From this length on compressing costs less than the bytes it saves; below it is the other way round."""

_AHEAD = TaskState.PREDICTED_MASK | TaskState.FUTURE
_JSON = json.JSONEncoder(separators=(",", ":"), check_circular=False)
_OURS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def dump(workflow: ProcessTree) -> bytes:
    """The state of a workflow and its subprocesses."""
    body = {
        "version": VERSION,
        "process": _dump_workflow(workflow),
        "subprocesses": [
            [parent.hex, subprocess.spec.name, _dump_workflow(subprocess)]
            for parent, subprocess in workflow.subprocesses.items()
        ],
    }
    text = _as_json(body, nulls=1 + len(workflow.subprocesses))
    return text if len(text) < LONG else zlib.compress(text, 1)


def _as_json(body: dict[str, Any], *, nulls: int) -> bytes:
    """A state as JSON; `nulls` is how many it has at least: the root of every tree has no parent.

    What is no number comes out as `null` of the quicker encoder: where there are more, the standard one has the last
    word.
    """
    try:
        quickly = orjson.dumps(body, option=_OURS)
    except TypeError:  # keys that are no texts, numbers beyond 64 bits, half a surrogate pair
        return _JSON.encode(body).encode()
    return quickly if quickly.count(b"null") == nulls else _JSON.encode(body).encode()


def read(state: bytes) -> dict[str, Any]:
    """What a state says."""
    body: dict[str, Any] = json.loads(state if state.startswith(b"{") else zlib.decompress(state))
    return body


def restore(model: ProcessModel, state: bytes, script_engine: Any) -> ProcessTree:
    """The workflow a state was taken from, on the specification of its definition."""
    body = read(state)
    if body["version"] == 1:
        body = from_version_1(body, model.joins)
    workflow = ProcessTree(model.spec, model.subprocess_specs, script_engine, is_restored=True)
    _restore_workflow(workflow, body["process"])
    for parent, name, dumped in body["subprocesses"]:
        _restore_subprocess(workflow, uuid.UUID(parent), name, dumped)
    return workflow


def _dump_workflow(workflow: BpmnBaseWorkflow) -> dict[str, Any]:
    positions = {task_id: position for position, task_id in enumerate(workflow.tasks)}
    last = workflow.last_task
    return {
        "data": workflow.data,
        "success": workflow.success,
        "completed": workflow.completed,
        "last_task": positions.get(last.id) if last is not None else None,
        "tasks": [_dump_task(task, positions) for task in workflow.tasks.values()],
    }


def _dump_task(task: Task, positions: dict[uuid.UUID, int]) -> list[Any]:
    """Parent, name and state; for a task that was reached also its key, times, data and Spiff's own notes."""
    where = [positions.get(task._parent), task.task_spec.name, task._state]
    if task._state & _AHEAD and not task.triggered and not task.data and not task.internal_data:
        return where
    parent = task.parent
    inherited = parent.data if parent is not None else {}
    data = task.data
    return [
        *where,
        task.id.hex,
        task.last_state_change,
        int(task.triggered),
        {key: value for key, value in data.items() if key not in inherited or inherited[key] != value},
        [key for key in inherited if key not in data],
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
    specs = workflow.spec.task_specs
    events = workflow.top_workflow.event_manager
    for position, name, state, *reached in dumped:
        parent = tasks[position] if position is not None else None
        spec = specs[name]
        if reached:
            task = TreeTask(workflow, spec, parent, state, uuid.UUID(reached[0]))
            _fill(task, parent.data if parent is not None else {}, reached)
        else:
            task = TreeTask(workflow, spec, parent, state)
        if state == TaskState.WAITING and isinstance(spec, CatchingEvent):
            events.add_task(task)
        tasks.append(task)
        yield task


def _fill(task: Task, inherited: dict[str, Any], reached: list[Any]) -> None:
    _key, changed, triggered, updates, deletions, internal = reached
    task.last_state_change = changed
    task.triggered = bool(triggered)
    task.internal_data = internal
    gone = {*deletions, *updates}
    kept = {key: _copied(value) for key, value in inherited.items() if key not in gone}
    task.data = {**kept, **updates}


def _copied(value: Any) -> Any:
    """A copy of JSON that shares nothing that can change."""
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    return [_copied(each) for each in value] if isinstance(value, list) else value


def _restore_subprocess(
    workflow: ProcessTree, parent_id: uuid.UUID, name: str, dumped: dict[str, Any]
) -> None:
    parent = workflow.get_task_from_id(parent_id)
    subprocess = SubprocessTree(workflow.subprocess_specs[name], parent_id, workflow)
    _restore_workflow(subprocess, dumped)
    workflow.subprocesses[parent_id] = subprocess
    subprocess.completed_event.connect(parent.task_spec._on_subworkflow_completed, parent)
