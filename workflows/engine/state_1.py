"""States written before version 2 of their form: cases that were running then go on.

All tasks were written in full, and a token that waited at a joining gateway for a later one was marked cancelled.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from SpiffWorkflow.util.task import TaskState

_NAME, _STATE, _CHANGED = 2, 3, 4


def from_version_1(body: dict[str, Any], joins: AbstractSet[str]) -> dict[str, Any]:
    """The same state as version 2 says it; `joins` are the names of the gateways that join."""
    return {
        "version": 2,
        "process": _workflow(body["process"], joins),
        "subprocesses": [
            [parent, name, _workflow(dumped, joins)] for parent, name, dumped in body["subprocesses"]
        ],
    }


def _workflow(dumped: dict[str, Any], joins: AbstractSet[str]) -> dict[str, Any]:
    tasks = dumped["tasks"]
    passed: dict[str, float] = {}
    for task in tasks:
        if task[_NAME] in joins and task[_STATE] == TaskState.COMPLETED:
            passed[task[_NAME]] = max(task[_CHANGED], passed.get(task[_NAME], 0.0))
    for task in tasks:
        waits = task[_NAME] in joins and task[_STATE] == TaskState.CANCELLED
        if waits and task[_CHANGED] > passed.get(task[_NAME], 0.0):
            task[_STATE] = TaskState.WAITING
    rows = [[parent, name, state, key, *rest] for key, parent, name, state, *rest in tasks]
    return {**dumped, "tasks": rows}
