"""Forgets what no token can need any more, so that a step costs the same with a thousand behind it as with one.

What is over stays only as long as something open refers to it: the task it came from, whose data it may take again,
where branches parted that may meet again, and the split that the join of boundary events looks back to. What is
kept hangs from its nearest ancestor that is.
"""

from __future__ import annotations

import uuid
from collections import Counter

from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent
from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from workflows.engine.tree import ProcessTree


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
    needed = _needed(workflow)
    if len(needed) == len(tasks):
        return
    nearest: dict[uuid.UUID | None, uuid.UUID | None] = {None: None}
    for uid, task in tasks.items():  # parents come before their children
        nearest[uid] = uid if uid in needed else nearest[task._parent]
    workflow.tasks = {uid: task for uid, task in tasks.items() if uid in needed}
    for task in workflow.tasks.values():
        task._children = [uid for uid in task._children if uid in needed]
    for uid, task in workflow.tasks.items():
        if nearest[task._parent] != task._parent:
            task._parent = nearest[task._parent]
            workflow.tasks[task._parent]._children.append(uid)


def _needed(workflow: BpmnBaseWorkflow) -> set[uuid.UUID]:
    tasks: dict[uuid.UUID, Task] = workflow.tasks
    needed, splits = {workflow.task_tree.id}, set()
    if workflow.last_task is not None:
        needed.add(workflow.last_task.id)
    for uid, task in tasks.items():
        if task._state & TaskState.FINISHED_MASK:
            continue
        needed.add(uid)
        if task._parent is not None:
            needed.add(task._parent)
        split = _split_of(task)
        if split is not None and split.id not in splits:
            splits.add(split.id)
            needed.update(child.id for child in split.children if not _is_past(child))
    return needed | splits | _between(tasks, needed, splits)


def _between(tasks: dict[uuid.UUID, Task], needed: set[uuid.UUID], splits: set[uuid.UUID]) -> set[uuid.UUID]:
    """What is kept for its place in the tree.

    Where ways to needed tasks part; and the first task of each way that leads away from a split or an open task, as
    those look at their children, and would take others for them.
    """
    ways: Counter[uuid.UUID] = Counter()
    kept = set()
    for uid in reversed(tasks):  # children come after their parents
        if uid not in needed and not ways[uid]:
            continue
        parent = tasks[uid].parent
        if parent is None:
            continue
        ways[parent.id] += 1
        if parent.id in splits or not parent._state & TaskState.FINISHED_MASK:
            kept.add(uid)
    return kept | {uid for uid, count in ways.items() if count > 1}


def _is_past(task: Task) -> bool:
    """Whether a task is a boundary event that has happened or no longer can."""
    return isinstance(task.task_spec, BoundaryEvent) and bool(task._state & TaskState.FINISHED_MASK)


def _split_of(task: Task) -> Task | None:
    """Where the branches began that this task joins, if it joins those of boundary events."""
    name = getattr(task.task_spec, "split_task", None)
    if name is None:
        return None
    ancestor = task.parent
    while ancestor is not None and ancestor.task_spec.name != name:
        ancestor = ancestor.parent
    return ancestor
