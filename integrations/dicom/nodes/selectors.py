"""Which nodes an actor may look at."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from common import clock
from integrations.dicom.models import ApplicationEntity, NodeCheck


def visible_nodes(actor: Actor) -> QuerySet[ApplicationEntity]:
    """Nodes of the sites where the actor manages nodes."""
    return ApplicationEntity.objects.filter(
        site__in=sites_where(actor, Privilege.MANAGE_NODES)
    ).select_related("site", "health")


def visible_checks(actor: Actor) -> QuerySet[NodeCheck]:
    """Checks of those nodes."""
    return NodeCheck.objects.filter(node__site__in=sites_where(actor, Privilege.MANAGE_NODES))


def nodes_left_alone_too_long(actor: Actor) -> QuerySet[ApplicationEntity]:
    """Nodes in use whose breaker opened longer ago than is normal, the longest first."""
    limit = clock.now() - dt.timedelta(minutes=settings.STANDSTILL_NODE_MINUTES)
    return (
        visible_nodes(actor)
        .filter(is_enabled=True, health__opened_at__lt=limit)
        .order_by("health__opened_at")
    )
