"""Workitems as callers may see them and work on them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.actors import Actor, SystemActor
from accounts.privileges import Privilege, granted_studies, has_privilege, sites_where
from archive.studies.queries.requests import Key
from archive.workitems.matching import Matched, matched
from archive.workitems.models import Workitem
from common.errors import NotFound


def visible_workitems(actor: Actor) -> QuerySet[Workitem]:
    """Workitems of the sites where the actor may see orders, and those on studies granted to the actor by a case."""
    present = Workitem.objects.filter(removed_at=None)
    if isinstance(actor, SystemActor):
        return present
    granted = granted_studies(actor).values("study_instance_uid")
    of_sites = Q(site__in=sites_where(actor, Privilege.VIEW_ORDERS))
    return present.filter(of_sites | Q(study_instance_uid__in=granted) & ~Q(study_instance_uid=""))


def workable_workitems(actor: Actor) -> QuerySet[Workitem]:
    """Of those, the ones the actor may create, change, perform and cancel."""
    visible = visible_workitems(actor)
    if isinstance(actor, SystemActor):
        return visible
    of_sites = Q(site__in=sites_where(actor, Privilege.PERFORM_WORKITEMS))
    if not has_privilege(actor, Privilege.PERFORM_WORKITEMS):
        return visible.none()
    granted = granted_studies(actor).values("study_instance_uid")
    return visible.filter(of_sites | Q(study_instance_uid__in=granted))


def workitem_to_see(actor: Actor, sop_instance_uid: str) -> Workitem:
    """Raises  NotFound for a workitem that is not there or not the actor's to see; by its code, for one removed."""
    workitem = (
        visible_workitems(actor).filter(sop_instance_uid=sop_instance_uid).select_related("site").first()
    )
    if workitem is None and _was_removed(actor, sop_instance_uid):
        raise NotFound("The workitem was removed", code="WORKITEM_REMOVED")
    if workitem is None:
        raise NotFound("There is no such workitem", code="WORKITEM_UNKNOWN")
    return workitem


def _was_removed(actor: Actor, sop_instance_uid: str) -> bool:
    """Whether there was such a workitem, at a site where the actor may see them."""
    return Workitem.objects.filter(
        sop_instance_uid=sop_instance_uid, removed_at__isnull=False,
        site__in=sites_where(actor, Privilege.VIEW_ORDERS),
    ).exists()  # fmt: skip


def matching_workitems(
    workitems: QuerySet[Workitem], keys: Sequence[Key], *, is_fuzzy: bool = False
) -> tuple[QuerySet[Workitem], Matched]:
    """Those of the workitems that match every key, and which keys were matched by.

    Raises  InvalidInput for a key whose value cannot be one.
    """
    found = matched(keys, is_fuzzy=is_fuzzy)
    if found.condition is not None:
        sql = RawSQL(found.condition.sql, found.condition.parameters, output_field=BooleanField())  # noqa: S611
        workitems = workitems.filter(sql)
    return workitems, found
