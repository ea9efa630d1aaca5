"""Which nodes an actor may look at."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from integrations.dicom.models import ApplicationEntity, NodeCheck


def visible_nodes(actor: Actor) -> QuerySet[ApplicationEntity]:
    """Nodes of the sites where the actor manages nodes."""
    return ApplicationEntity.objects.filter(
        site__in=sites_where(actor, Privilege.MANAGE_NODES)
    ).select_related("site", "health")


def visible_checks(actor: Actor) -> QuerySet[NodeCheck]:
    """Checks of those nodes."""
    return NodeCheck.objects.filter(node__site__in=sites_where(actor, Privilege.MANAGE_NODES))
