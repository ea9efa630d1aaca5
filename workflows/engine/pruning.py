"""Forgets what no token can need any more, so that a step costs the same with a thousand behind it as with one.

What is over stays only as long as something open refers to it: the task it came from, whose data it may take again,
where branches parted that may meet again, and the split that the join of boundary events looks back to. What is
kept hangs from its nearest ancestor that is.
"""

from __future__ import annotations

import uuid

from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.tree import ProcessTree

Parents = dict[Task, Task | None]
"""Each task of a tree and where it hangs; keys in the order they were made, parents before their children."""


def prune(tree: ProcessTree) -> None:
    """Leave of the process and its subprocesses what its tokens need."""
    _forget_subprocesses(tree)
    _prune(tree)
    for subprocess in tree.subprocesses.values():
        _prune(subprocess)


def _forget_subprocesses(tree: ProcessTree) -> None:
    """A subprocess is over with the task it belongs to; those within it go with it."""
    for uid, subprocess in list(tree.subprocesses.items()):
        owner = subprocess.parent_workflow.tasks.get(uid) if _has_owner(tree, uid) else None
        if owner is None or owner._state & TaskState.FINISHED_MASK:
            del tree.subprocesses[uid]


def _has_owner(tree: ProcessTree, uid: uuid.UUID) -> bool:
    return uid in tree.tasks or any(uid in each.tasks for each in tree.subprocesses.values())


def _prune(workflow: BpmnBaseWorkflow) -> None:
    tasks: dict[uuid.UUID, Task] = workflow.tasks
    parents = {task: tasks.get(task._parent) for task in tasks.values()}
    needed = _needed(workflow, parents)
    if len(needed) == len(tasks):
        return
    nearest: dict[Task | None, Task | None] = {None: None}
    for task, parent in parents.items():  # parents come before their children
        nearest[task] = task if task in needed else nearest[parent]
    workflow.tasks = {uid: task for uid, task in tasks.items() if task in needed}
    for task in workflow.tasks.values():
        task._children = [uid for uid in task._children if uid in workflow.tasks]
    for uid, task in workflow.tasks.items():
        parent = parents[task]
        adopter = nearest[parent]
        if adopter is not None and adopter is not parent:
            task._parent = adopter.id
            adopter._children.append(uid)


def _needed(workflow: BpmnBaseWorkflow, parents: Parents) -> set[Task]:
    needed, splits = {workflow.task_tree}, set()
    if workflow.last_task is not None:
        needed.add(workflow.last_task)
    for task, parent in parents.items():
        if task._state & TaskState.FINISHED_MASK:
            continue
        needed.add(task)
        if parent is not None:
            needed.add(parent)
        split = _split_of(task, parents)
        if split is not None and split not in splits:
            splits.add(split)
            needed.update(child for child in split.children if not _is_past(child))
    return needed | splits | _between(parents, needed, splits)


def _between(parents: Parents, needed: set[Task], splits: set[Task]) -> set[Task]:
    """What is kept for its place in the tree.

    Where ways to needed tasks part; and the first task of each way that leads away from a split or an open task, as
    those look at their children, and would take others for them.
    """
    led_from: set[Task] = set()
    kept: set[Task] = set()
    for task in reversed(parents):  # children come after their parents
        parent = parents[task]
        if parent is None or (task not in needed and task not in led_from):
            continue
        if parent in led_from:
            kept.add(parent)
        led_from.add(parent)
        if parent in splits or not parent._state & TaskState.FINISHED_MASK:
            kept.add(task)
    return kept


def _is_past(task: Task) -> bool:
    """Whether a task is a boundary event that has happened or no longer can."""
    return isinstance(task.task_spec, BoundaryEvent) and bool(task._state & TaskState.FINISHED_MASK)


def _split_of(task: Task, parents: Parents) -> Task | None:
    """Where the branches began that this task joins, if it joins those of boundary events."""
    name = getattr(task.task_spec, "split_task", None)
    if name is None:
        return None
    ancestor = parents[task]
    while ancestor is not None and ancestor.task_spec.name != name:
        ancestor = parents[ancestor]
    return ancestor
