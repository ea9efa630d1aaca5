"""Notices, commitments and performed steps as callers may see them."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from integrations.dicom.models import Commitment, Notice


def visible_notices(actor: Actor) -> QuerySet[Notice]:
    """Notices to the nodes of the sites where the actor manages nodes."""
    return Notice.objects.filter(node__site__in=sites_where(actor, Privilege.MANAGE_NODES))


def visible_commitments(actor: Actor) -> QuerySet[Commitment]:
    """Commitments with the nodes of the sites where the actor manages nodes or corrects studies."""
    sites = sites_where(actor, Privilege.MANAGE_NODES) | sites_where(actor, Privilege.CORRECT_STUDIES)
    return Commitment.objects.filter(node__site__in=sites.values("pk"))
