"""Processes begun by news: a message, a signal, or the clock. What the start event says decides where and whether.

Reference  BPMN 2.0.2 §10.5.2
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from accounts.actors import SystemActor
from accounts.models import Site
from workflows import expressions
from workflows.deployment import bundles
from workflows.instances import start_process
from workflows.models import ProcessDefinition, ProcessInstance

log = structlog.get_logger(__name__)

WORKFLOW = SystemActor("workflow")


def beginning_with(message: str) -> list[ProcessDefinition]:
    """The active definitions whose start event waits for a message."""
    return list(
        ProcessDefinition.objects.filter(is_active=True, start_messages__contains=[message]).only("pk", "key")
    )


def begin(
    definition: ProcessDefinition, *, data: Mapping[str, Any], subjects: Mapping[str, str], key: str
) -> ProcessInstance | None:
    """The instance that news begins, once for its key; None where the start event is not meant.

    `consilium:start` may say `when` it is meant, at which `site`, and what its `key` is instead of the news' own.
    """
    start = bundles.model_of(definition.pk).diagram.start
    if start is None:
        return None
    site_code = _value(start.extension("start", "site") or "site_code", data)
    when = start.extension("start", "when")
    if when and not _value(when, data):
        return None
    site = Site.objects.filter(code=site_code).first()
    if site is None:
        log.error("process.start_without_site", process=definition.key, news=key)
        return None
    own_key = _value(start.extension("start", "key"), data)
    return start_process(
        definition.key,
        data=data,
        site=site,
        subjects=subjects,
        start_key=f"{definition.key}:{own_key or key}"[:120],
        actor=WORKFLOW,
        priority=str(data.get("priority") or "ROUTINE"),
    )


def _value(text: str, data: Mapping[str, Any]) -> Any:
    return expressions.evaluate(text, data) if text else None
