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


def begin_by(
    definition: ProcessDefinition,
    kind: str,
    name: str,
    *,
    data: Mapping[str, Any],
    subjects: Mapping[str, str],
    key: str,
) -> list[ProcessInstance]:
    """The instances that a message or signal begins: one for each start event that waits for it and is meant."""
    starts = bundles.model_of(definition.pk).diagram.starts_by(kind, name)
    begun = [begin_at(definition, each.id, data=data, subjects=subjects, key=key) for each in starts]
    return [each for each in begun if each is not None]


def begin_at(
    definition: ProcessDefinition,
    element_id: str,
    *,
    data: Mapping[str, Any],
    subjects: Mapping[str, str],
    key: str,
) -> ProcessInstance | None:
    """The instance that news begins at a start event, once for its key; None where the start event is not meant.

    `consilium:start` may say `when` it is meant, at which `site`, and what its `key` is instead of the news' own.
    Start events that name the same key begin one case between them, whichever comes first.
    """
    diagram = bundles.model_of(definition.pk).diagram
    start = diagram.elements[element_id]
    if len(diagram.starts) > 1:
        key = f"{start.id}:{key}"
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
        start=start.id,
    )


def _value(text: str, data: Mapping[str, Any]) -> Any:
    return expressions.evaluate(text, data) if text else None
