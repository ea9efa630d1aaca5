"""Who sees versions of processes, and who changes them."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor, SystemActor
from accounts.privileges import Privilege, has_privilege
from workflows.models import ProcessDefinition

READERS = (Privilege.DESIGN_PROCESSES, Privilege.OPERATE_CASES)


def visible_definitions(actor: Actor) -> QuerySet[ProcessDefinition]:
    """Every version of every process, for those who design processes or operate cases anywhere."""
    is_reader = isinstance(actor, SystemActor) or any(has_privilege(actor, each) for each in READERS)
    return ProcessDefinition.objects.all() if is_reader else ProcessDefinition.objects.none()


def may_design(actor: Actor) -> bool:
    """Whether the actor uploads, deploys and retires versions."""
    return isinstance(actor, SystemActor) or has_privilege(actor, Privilege.DESIGN_PROCESSES)
