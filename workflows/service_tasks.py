"""The steps a diagram can name: packages register them here, and `workflows` never learns who did."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from accounts.actors import SystemActor

EXTERNAL = "external"  # the operator of steps that workers elsewhere fetch by their topic


@dataclass(frozen=True, slots=True)
class Pending:
    """The answer of a step that outlives its worker: it is done when `complete_service_task` says so.

    `reference` names what is waited for (a job, a message), for people who look for it.
    """

    reference: str


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a step may know beside its arguments. `run_uid` is its idempotency key: a repeated attempt of
    the same step has the same one."""

    instance_uid: uuid.UUID
    run_uid: uuid.UUID
    element_id: str
    trace_id: uuid.UUID
    site_code: str
    subjects: dict[str, str]
    attempt: int
    actor: SystemActor


Handler = Callable[..., dict[str, Any] | Pending]
H = TypeVar("H", bound=Handler)


@dataclass(frozen=True, slots=True)
class Operator:
    """A registered step: how it is called, where it runs, how often and how long it may try."""

    name: str
    handler: Handler
    queue: str
    retries: int
    timeout_s: int


_operators: dict[str, Operator] = {}


def service_task(
    name: str, *, queue: str = "default", retries: int = 4, timeout_s: int = 60
) -> Callable[[H], H]:
    """Register a function as the step `name` (`package.verb_noun`).

    The function is called as `fn(context, **arguments)` outside any lock, at least once, and must be
    safe to run twice. It returns small JSON for the process data, or `Pending`. A `ServiceError` with
    `permanent` becomes a BPMN error event; anything else is tried again `retries` times with back-off.
    `timeout_s` is the age from which a step that is not done counts as overdue.
    """

    def register(handler: H) -> H:
        _operators[name] = Operator(name, handler, queue, retries, timeout_s)
        return handler

    return register


def find_operator(name: str) -> Operator | None:
    """The step of this name; None where no package registered one."""
    return _operators.get(name)


def operator_names() -> list[str]:
    """Every registered step, for checks and for the designer."""
    return sorted(_operators)
