"""Messages and signals a process waits for. Who sends them is found by rows, outside the instance.

Reference  BPMN 2.0.2 §10.5.5 (Message, Signal), §8.4.2 (Correlation)
"""

from __future__ import annotations

import uuid
from typing import Any

from SpiffWorkflow.task import Task

from workflows.diagram import Element, EventTrigger, snake_case
from workflows.engine.catching import Awaited


class CorrelationError(Exception):
    """The expression that says which message is meant gives nothing."""


class AwaitedMessage(Awaited):
    """A message. With `correlate` it is one particular message: the key is fixed when the wait begins."""

    kind = "message"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(element, trigger, into=element.message_variable)
        self.correlate = element.extension("message", "correlate")

    def key(self, my_task: Task) -> str:
        """The correlation key waited for; "" where the case's subjects tell which message is meant."""
        if not self.correlate:
            return ""
        keys: dict[str, str] = my_task.internal_data.setdefault("keys", {})
        if self.element_id not in keys:
            value = my_task.workflow.script_engine.evaluate(my_task, self.correlate)
            keys[self.element_id] = key_text(value, self.element_id)
        return keys[self.element_id]

    def uid(self, my_task: Task) -> uuid.UUID:
        return uuid.uuid5(my_task.id, self.element_id if self.correlate else self.name)


class AwaitedSignal(Awaited):
    """A signal: everybody who listens when it is thrown catches it."""

    kind = "signal"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(
            element, trigger, into=element.extension("signal", "into") or snake_case(trigger.name)
        )


def key_text(value: Any, element_id: str) -> str:
    """A correlation key as both ends write it."""
    if value is None or value == "" or isinstance(value, dict | list):
        raise CorrelationError(f"{element_id}: the correlation gives no value")
    return str(value)[:200]
