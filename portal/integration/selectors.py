"""What an integrator or operator may see of deliveries and incidents."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from events.models import Delivery
from workflows.models import Incident
from workflows.selectors import visible_cases


def visible_failed_deliveries(person: Person) -> QuerySet[Delivery]:
    """Events that a subscriber could not take, of the sites whose messages the person may see.

    An event that names no site is shown to whoever may see messages anywhere.
    """
    sites = sites_where(person, Privilege.VIEW_MESSAGES)
    of_sites = Q(payload__site_code__in=list(sites.values_list("code", flat=True)))
    nobodys = Q(payload__site_code=None) | Q(payload__site_code="") if sites.exists() else Q(pk__in=[])
    return Delivery.objects.filter(of_sites | nobodys).exclude(failed_at=None)


def visible_incidents(person: Person) -> QuerySet[Incident]:
    """Incidents of the cases the person may see, and of the sites whose messages they look after."""
    return Incident.objects.filter(
        Q(instance__in=visible_cases(person))
        | Q(instance__site__in=sites_where(person, Privilege.VIEW_MESSAGES))
    )
