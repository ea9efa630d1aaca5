"""Marks: what was completed and can be undone.

An activity that has a compensation handler leaves a mark when it completes: what it was, where, and the data as they
were. Of a repeated activity each instance leaves one, because each is a completion of its own.

Marks of a completed subprocess belong to the scope around it, unless it has a handler of its own, which then stands
for all of it. A handler that is drawn inside the subprocess, as an event subprocess, is given its marks and its data
objects of then, so that it may undo its activities one by one. A subprocess that was interrupted has not completed,
and nothing of it is compensated from outside.

Reference  BPMN 2.0.2 §10.7, §13.5.5
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from functools import partial
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.mixins import SubWorkflowTaskMixin
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow, BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task

from workflows.diagram import Diagram
from workflows.engine.event_subprocesses import is_begun_by_event
from workflows.engine.loops import LoopTask
from workflows.engine.names import OBJECTS, STANDS_FOR, element_id_of, handler_process
from workflows.engine.scopes import owner_of

Mark = dict[str, Any]
_MARKS = "_completed"


def watch_completions(diagram: Diagram, specs: Iterable[BpmnProcessSpec]) -> None:
    """Have activities that can be compensated leave their marks."""
    handlers = diagram.compensation_handlers
    if not handlers:
        return
    from_within = {each.id for each in diagram.undoing_subprocesses}
    for spec in specs:
        for task_spec in spec.task_specs.values():
            if isinstance(task_spec, LoopTask):
                continue  # its instances are what is completed
            handler = handlers.get(task_spec.bpmn_id or "", "")
            if handler:
                leave = _leave_whole if handler in from_within else _leave
                task_spec.completed_event.connect(partial(leave, handler))
            elif isinstance(task_spec, SubWorkflowTaskMixin):
                task_spec.completed_event.connect(_pass_on)


def take_marks(task: Task, activity: str) -> list[Mark]:
    """The marks of a task's scope, in the order of completion; of one activity only where one is named."""
    scopes = _scopes_undone_by(task)
    return _parted(
        _marks_of(task.workflow.top_workflow),
        lambda mark: mark["scope"] in scopes and activity in ("", mark["activity"], *mark["within"]),
    )


def hand_over(mark: Mark, handler: BpmnSubWorkflow) -> None:
    """Give a handler that is part of the subprocess it undoes what that one had left; nothing to any other."""
    if "inner" not in mark:
        return
    handler.data[STANDS_FOR] = mark["activity"]
    handler.data[OBJECTS] = mark["objects"]
    scope = _scope(handler)
    _marks_of(handler.top_workflow).extend({**each, "scope": scope} for each in mark["inner"])


def forget_marks(top: BpmnWorkflow, owner: Task) -> list[Mark]:
    """What was done in a task's own scope is not undone by itself any more; it is given back."""
    scope = owner.id.hex
    return _parted(_marks_of(top), lambda mark: bool(mark["scope"] == scope))


def forget_lost_marks(workflow: BpmnWorkflow) -> None:
    """What a scope has done that was taken away is undone by nobody any more."""
    marks: list[Mark] = workflow.data.get(_MARKS, [])
    if marks:
        alive = {"", *(owner.hex for owner in workflow.subprocesses)}
        marks[:] = [mark for mark in marks if mark["scope"] in alive]


def _leave(handler: str, workflow: BpmnBaseWorkflow, task: Task) -> None:
    """An activity is completed; its handler knows of nothing that was done within it."""
    top = workflow.top_workflow
    forget_marks(top, task)
    _marks_of(top).append(_mark(handler, workflow, task))


def _leave_whole(handler: str, workflow: BpmnBaseWorkflow, task: Task) -> None:
    """A subprocess is completed that has its handler inside: the mark keeps what that may undo and see."""
    top = workflow.top_workflow
    mark = _mark(handler, workflow, task)
    mark["inner"] = forget_marks(top, task)
    mark["objects"] = deepcopy(top.subprocesses[task.id].data.get(OBJECTS, {}))
    _marks_of(top).append(mark)


def _pass_on(workflow: BpmnBaseWorkflow, task: Task) -> None:
    """A subprocess is completed: what was done in it belongs to the scope around it."""
    for mark in _marks_of(workflow.top_workflow):
        if mark["scope"] == task.id.hex:
            mark["scope"] = _scope(workflow)
            mark["within"].append(element_id_of(task))


def _mark(handler: str, workflow: BpmnBaseWorkflow, task: Task) -> Mark:
    return {
        "activity": element_id_of(task),
        "within": [],
        "handler": handler,
        "scope": _scope(workflow),
        "data": deepcopy(task.data),
    }


def _marks_of(top: BpmnWorkflow) -> list[Mark]:
    marks: list[Mark] = top.data.setdefault(_MARKS, [])
    return marks


def _parted(marks: list[Mark], is_meant: Callable[[Mark], bool]) -> list[Mark]:
    """Take out of the marks those that are meant, in their order."""
    taken: list[Mark] = []
    left: list[Mark] = []
    for mark in marks:
        (taken if is_meant(mark) else left).append(mark)
    marks[:] = left
    return taken


def _scopes_undone_by(task: Task) -> set[str]:
    """The scope of a throw; from within an event subprocess also the scope that one stands in, or stood in."""
    scopes = {_scope(task.workflow)}
    owner = owner_of(task)
    while owner is not None and (is_begun_by_event(owner) or _is_handler(owner)):
        scopes.add(_scope(owner.workflow))
        owner = owner_of(owner)
    return scopes


def _is_handler(task: Task) -> bool:
    return bool(task.workflow.spec.name == handler_process(task.task_spec.name))


def _scope(workflow: BpmnBaseWorkflow) -> str:
    parent_id = workflow.parent_task_id
    return "" if parent_id is None else parent_id.hex
