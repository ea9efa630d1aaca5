"""Who may do what: roles grant privileges, memberships say where.

Packages build their one queryset filter a privilege on `sites_where` and `granted_studies`; whether an
actor may act on an object is membership of the object in that queryset.
"""

from __future__ import annotations

from enum import StrEnum

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts.actors import Actor, SystemActor
from accounts.models import AccessGrant, Membership, Person, Role, Site
from common.prepared import Slot

Asker = Actor | Slot  # a slot stands for the person who is known only when a prepared query is asked


class Privilege(StrEnum):
    VIEW_STUDIES = "view_studies"
    STORE_STUDIES = "store_studies"
    VIEW_ORDERS = "view_orders"
    PERFORM_WORKITEMS = "perform_workitems"
    VIEW_CASES = "view_cases"
    OPERATE_CASES = "operate_cases"
    PERFORM_STEPS = "perform_steps"
    MANAGE_WEBHOOKS = "manage_webhooks"
    ASSIGN_TASKS = "assign_tasks"
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
        {_P.VIEW_STUDIES, _P.VIEW_ORDERS, _P.VIEW_CASES, _P.STORE_STUDIES, _P.REPORT, _P.PERFORM_WORKITEMS}
    ),
    Role.TECHNOLOGIST: frozenset(
        {_P.VIEW_STUDIES, _P.STORE_STUDIES, _P.VIEW_ORDERS, _P.CORRECT_STUDIES, _P.PERFORM_WORKITEMS}
    ),
    Role.COORDINATOR: frozenset(
        {
            _P.VIEW_STUDIES,
            _P.VIEW_ORDERS,
            _P.VIEW_CASES,
            _P.OPERATE_CASES,
            _P.ASSIGN_TASKS,
            _P.PERFORM_WORKITEMS,
        }
    ),
    Role.DESIGNER: frozenset({_P.DESIGN_PROCESSES}),
    Role.INTEGRATOR: frozenset(
        {
            _P.VIEW_MESSAGES,
            _P.OPERATE_CASES,
            _P.PERFORM_STEPS,
            _P.MANAGE_WEBHOOKS,
            _P.MANAGE_NODES,
            _P.MANAGE_ROUTING,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            _P.MANAGE_SITE,
            _P.VIEW_AUDIT,
            _P.VIEW_MESSAGES,
            _P.OPERATE_CASES,
            _P.MANAGE_WEBHOOKS,
            _P.ASSIGN_TASKS,
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


def sites_where(actor: Asker, privilege: Privilege) -> QuerySet[Site]:
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


def is_granted(actor: Asker) -> Q:
    """Of rows with a `study_instance_uid`: whether a grant in force on that study reaches the actor.

    As `granted_studies`, in one statement and without a look at the actor's roles before. Each of the two ways
    to hold a grant has its index; the planner may look up study by study or read all grants of the actor once.
    """
    if isinstance(actor, SystemActor):
        return Q(pk__in=[])
    on_the_study = {"study_instance_uid": OuterRef("study_instance_uid")}
    in_person, by_role = _grants_in_force(actor)
    return Q(Exists(in_person.filter(**on_the_study))) | Q(Exists(by_role.filter(**on_the_study)))


def granted_to(actor: Slot) -> QuerySet[AccessGrant]:
    """As `granted_studies`, for a person who is known only when a prepared query is asked."""
    in_person, by_role = _grants_in_force(actor)
    return in_person.union(by_role)


def _grants_in_force(actor: Person | Slot) -> tuple[QuerySet[AccessGrant], QuerySet[AccessGrant]]:
    """Those given in person, and those given to a role that the person holds."""
    in_force = AccessGrant.objects.filter(revoked_at=None).order_by()
    in_person = in_force.filter(person=actor, person__is_active=True)
    by_role = in_force.filter(
        site__memberships__person=actor, site__memberships__role=F("role"),
        site__memberships__person__is_active=True,
    )  # fmt: skip
    return in_person, by_role
