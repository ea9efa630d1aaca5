"""The process data of an instance, for those who look after its cases."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from workflows.deployment import bundles
from workflows.engine import ProcessRun
from workflows.locks import read_state
from workflows.models import ProcessInstance


def cases_with_visible_data(actor: Actor) -> QuerySet[ProcessInstance]:
    """Cases whose data the actor may read: a task in a case alone does not open what the case knows."""
    return ProcessInstance.objects.filter(
        Q(site__in=sites_where(actor, Privilege.VIEW_CASES))
        | Q(site__in=sites_where(actor, Privilege.OPERATE_CASES))
    )


def data_of(instance: ProcessInstance) -> dict[str, Any]:
    """What the process knows, as its last step left it: identifiers and codes."""
    run = ProcessRun.restore(bundles.model_of(instance.definition_id), read_state(instance.pk))
    return run.data
