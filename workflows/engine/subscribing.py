"""Messages and signals a process waits for. Who sends them is found by rows, outside the instance.

Reference  BPMN 2.0.2 §10.5.5 (Message, Signal), §8.4.2 (Correlation)
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from SpiffWorkflow.task import Task

from common.sentences import sentence as _
from workflows.diagram import Element, EventTrigger, snake_case
from workflows.engine.catching import Awaited


class CorrelationError(Exception):
    """The expression that says which message is meant gives nothing."""


class AwaitedMessage(Awaited):
    """A message. With a correlation it is one particular message: the key is fixed when the wait begins."""

    kind = "message"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(
            element, trigger, into=element.extension("message", "into") or snake_case(trigger.name)
        )
        self.correlating = element.correlating

    def key(self, my_task: Task) -> str:
        """The correlation key waited for; "" where the case's subjects tell which message is meant."""
        if not self.correlating:
            return ""
        keys: dict[str, str] = my_task.internal_data.setdefault("keys", {})
        if self.mark not in keys:
            evaluate = my_task.workflow.script_engine.evaluate
            keys[self.mark] = key_text(
                [evaluate(my_task, text) for text in self.correlating], self.element_id
            )
        return keys[self.mark]

    def uid(self, my_task: Task) -> uuid.UUID:
        return uuid.uuid5(my_task.id, self.mark if self.correlating else self.name)


class AwaitedSignal(Awaited):
    """A signal: everybody who listens when it is thrown catches it."""

    kind = "signal"

    def __init__(self, element: Element, trigger: EventTrigger) -> None:
        super().__init__(
            element, trigger, into=element.extension("signal", "into") or snake_case(trigger.name)
        )


def key_text(values: Iterable[Any], element_id: str) -> str:
    """A correlation key as both ends write it."""
    known = list(values)
    if any(value is None or value == "" or isinstance(value, dict | list) for value in known):
        raise CorrelationError(_("%(element)s: the correlation gives no value") % {"element": element_id})
    return "|".join(map(str, known))[:200]
