"""Where branches parted that meet again: their changes are told from what they had in common."""

from __future__ import annotations

from collections.abc import Iterator

from SpiffWorkflow.task import Task


def parting_of(tasks: list[Task]) -> Task:
    """Where the branches parted that end here: the nearest task all of them come from."""
    first, *others = (list(_ancestors(each)) for each in tasks)
    shared = set(map(id, first)).intersection(*(map(id, other) for other in others))
    return next(task for task in first if id(task) in shared)


def _ancestors(task: Task) -> Iterator[Task]:
    ancestor = task.parent
    while ancestor is not None:
        yield ancestor
        ancestor = ancestor.parent
