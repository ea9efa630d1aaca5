"""Who may do what: roles grant privileges, memberships say where.

Packages build their one queryset filter a privilege on `sites_where` and `granted_studies`; whether an
actor may act on an object is membership of the object in that queryset.
"""

from __future__ import annotations

from enum import StrEnum

from django.db.models import Q, QuerySet

from accounts.actors import Actor, SystemActor
from accounts.models import AccessGrant, Membership, Role, Site


class Privilege(StrEnum):
    VIEW_STUDIES = "view_studies"
    STORE_STUDIES = "store_studies"
    VIEW_ORDERS = "view_orders"
    VIEW_CASES = "view_cases"
    OPERATE_CASES = "operate_cases"
    VIEW_MESSAGES = "view_messages"
    VIEW_AUDIT = "view_audit"
    REPORT = "report"
    MANAGE_SITE = "manage_site"
    DESIGN_PROCESSES = "design_processes"
    MANAGE_NODES = "manage_nodes"
    MANAGE_ROUTING = "manage_routing"
    MANAGE_STORAGE = "manage_storage"
    CORRECT_STUDIES = "correct_studies"
    REIDENTIFY = "reidentify"


_P = Privilege
GRANTED: dict[Role, frozenset[Privilege]] = {
    Role.REFERRER: frozenset({_P.VIEW_STUDIES, _P.VIEW_ORDERS, _P.VIEW_CASES}),
    Role.RADIOLOGIST: frozenset(
        {_P.VIEW_STUDIES, _P.VIEW_ORDERS, _P.VIEW_CASES, _P.STORE_STUDIES, _P.REPORT}
    ),
    Role.TECHNOLOGIST: frozenset({_P.VIEW_STUDIES, _P.STORE_STUDIES, _P.VIEW_ORDERS, _P.CORRECT_STUDIES}),
    Role.COORDINATOR: frozenset({_P.VIEW_STUDIES, _P.VIEW_ORDERS, _P.VIEW_CASES, _P.OPERATE_CASES}),
    Role.DESIGNER: frozenset({_P.DESIGN_PROCESSES}),
    Role.INTEGRATOR: frozenset({_P.VIEW_MESSAGES, _P.OPERATE_CASES, _P.MANAGE_NODES, _P.MANAGE_ROUTING}),
    Role.ADMINISTRATOR: frozenset(
        {
            _P.MANAGE_SITE,
            _P.VIEW_AUDIT,
            _P.VIEW_MESSAGES,
            _P.OPERATE_CASES,
            _P.MANAGE_NODES,
            _P.MANAGE_ROUTING,
            _P.MANAGE_STORAGE,
            _P.CORRECT_STUDIES,
            _P.REIDENTIFY,
        }
    ),
}


def roles_with(privilege: Privilege) -> list[Role]:
    """The roles that grant a privilege."""
    return [role for role, privileges in GRANTED.items() if privilege in privileges]


def sites_where(actor: Actor, privilege: Privilege) -> QuerySet[Site]:
    """The sites at which the actor holds the privilege; every site for the system itself."""
    if isinstance(actor, SystemActor):
        return Site.objects.all()
    return Site.objects.filter(
        pk__in=Membership.objects.filter(
            person=actor, role__in=roles_with(privilege), person__is_active=True
        ).values("site_id")
    )


def has_privilege(actor: Actor, privilege: Privilege) -> bool:
    """Whether the actor holds the privilege anywhere."""
    return sites_where(actor, privilege).exists()


def granted_studies(actor: Actor) -> QuerySet[AccessGrant]:
    """Grants in force that reach the actor, in person or by a role held at a site."""
    if isinstance(actor, SystemActor) or not actor.is_active:
        return AccessGrant.objects.none()
    held = Q(person=actor)
    for membership in actor.memberships.all():  # read once a request where a page has prefetched them
        held |= Q(site_id=membership.site_id, role=membership.role)
    return AccessGrant.objects.filter(held, revoked_at=None)
