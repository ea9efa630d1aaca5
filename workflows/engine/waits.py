"""What a process waits for at rest, and what has happened in it: the engine's words to the services."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CALL_OPERATOR = "workflow.call"
"""The step a call activity is: it starts the called process, and is done when that one ends."""


@dataclass(frozen=True, slots=True)
class UserTaskWait:
    """A person is waited for. `site_code` and `person` are what the lane's expressions gave.

    `candidates` are people and `roles` roles that the step is offered to instead of its lane's role.
    """

    uid: uuid.UUID
    element_id: str
    name: str
    form: str
    role: str
    site_code: str
    person: str
    due_at: dt.datetime | None
    lane: str = ""
    candidates: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceTaskWait:
    """A machine is waited for: one of ours, or a worker elsewhere that takes steps of this topic."""

    uid: uuid.UUID
    element_id: str
    name: str
    operator: str
    arguments: Mapping[str, Any]
    topic: str = ""


@dataclass(frozen=True, slots=True)
class TimerWait:
    uid: uuid.UUID
    element_id: str
    name: str
    due_at: dt.datetime


@dataclass(frozen=True, slots=True)
class MessageWait:
    """A message, a signal or a condition is waited for, as `kind` tells.

    `message` is the name of the message or signal, or the condition; `key` the correlation key waited for,
    "" where the subjects of the case tell which message is meant.
    """

    uid: uuid.UUID
    element_id: str
    message: str
    kind: str = "message"
    key: str = ""


@dataclass(slots=True)
class Waits:
    """Everything an instance waits for at rest, by the keys of our rows."""

    user_tasks: dict[uuid.UUID, UserTaskWait] = field(default_factory=dict)
    service_tasks: dict[uuid.UUID, ServiceTaskWait] = field(default_factory=dict)
    timers: dict[uuid.UUID, TimerWait] = field(default_factory=dict)
    messages: dict[uuid.UUID, MessageWait] = field(default_factory=dict)

    @property
    def are_for_people(self) -> bool:
        """Whether nothing but people is waited for, or nothing at all."""
        return not (self.service_tasks or self.timers or self.messages)


@dataclass(frozen=True, slots=True)
class Thrown:
    """A message, signal or escalation, as `kind` tells, that the process sends out of itself.

    The key of an escalation is its number among those of the process.
    """

    kind: str
    name: str
    element_id: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    """An element of the diagram that is done."""

    element_id: str
    name: str
    kind: str
