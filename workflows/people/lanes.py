"""The lanes people work in, as the diagrams that run now name them."""

from __future__ import annotations

from collections.abc import Collection

from common.errors import ServiceError
from workflows.deployment import bundles
from workflows.models import ProcessDefinition


def lanes_of_roles(roles: Collection[str]) -> set[str]:
    """The names of the lanes of active processes in which these roles work; one statement, diagrams are kept."""
    active = ProcessDefinition.objects.filter(is_active=True).values_list("pk", flat=True)
    return {name for pk in active for name, role in _lanes(pk) if role in roles}


def _lanes(definition: int) -> list[tuple[str, str]]:
    try:
        return [(lane.name, lane.role) for lane in bundles.model_of(definition).diagram.lanes if lane.name]
    except ServiceError:
        return []  # a version this installation cannot read any more narrows nothing
