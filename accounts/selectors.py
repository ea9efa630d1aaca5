"""People by role, and the part of the audit trail a person may read."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.actors import Actor, SystemActor
from accounts.models import AuditEvent, Membership, Person, Role, Site
from accounts.privileges import Privilege, sites_where


def people_with_role(site: Site, role: Role | str) -> QuerySet[Person]:
    """Everyone with an account in use who holds the role at the site, by name."""
    return Person.objects.filter(
        is_active=True, memberships__site=site, memberships__role=role
    ).order_by("display_name", "username")  # fmt: skip


def visible_audit_events(actor: Actor) -> QuerySet[AuditEvent]:
    """The lines of the trail about the sites whose audit the actor keeps, newest first.

    Lines that belong to no site, such as a sign-in, are shown where the person they name works.
    """
    events = AuditEvent.objects.order_by("-id")
    if isinstance(actor, SystemActor):
        return events
    sites = sites_where(actor, Privilege.VIEW_AUDIT)
    staff = Membership.objects.filter(site__in=sites)
    return events.filter(
        Q(site_code__in=sites.values("code")) | Q(site_code="", person__in=staff.values("person_id"))
    )
