"""Notices, commitments and performed steps as callers may see them."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from common import clock
from integrations.dicom.models import ApplicationEntity, Commitment, Notice


def visible_notices(actor: Actor) -> QuerySet[Notice]:
    """Notices to the nodes of the sites where the actor manages nodes."""
    return Notice.objects.filter(node__site__in=sites_where(actor, Privilege.MANAGE_NODES))


def dead_notices(actor: Actor) -> QuerySet[Notice]:
    """Notices that were given up."""
    return visible_notices(actor).filter(failed_at__isnull=False)


def visible_commitments(actor: Actor) -> QuerySet[Commitment]:
    """Commitments with the nodes of the sites where the actor manages nodes or corrects studies."""
    sites = sites_where(actor, Privilege.MANAGE_NODES) | sites_where(actor, Privilege.CORRECT_STUDIES)
    return Commitment.objects.filter(node__site__in=sites.values("pk"))


def nodes_with_waiting_notices(actor: Actor) -> QuerySet[ApplicationEntity]:
    """Nodes that something waits for longer than is normal, with `waiting_since`; the longest wait first.

    What is not to leave before a later time does not wait until then.
    """
    limit = clock.now() - dt.timedelta(hours=settings.STANDSTILL_WAITING_HOURS)
    was_due = Q(attempts__gt=0) | Q(next_attempt_at__lt=limit)
    waiting = Notice.objects.filter(
        was_due, node=OuterRef("pk"), delivered_at=None, failed_at=None, queued_at__lt=limit
    ).order_by("queued_at")
    return (
        ApplicationEntity.objects.filter(site__in=sites_where(actor, Privilege.MANAGE_NODES))
        .select_related("site")
        .annotate(waiting_since=Subquery(waiting.values("queued_at")[:1]))
        .filter(waiting_since__isnull=False)
        .order_by("waiting_since")
    )
