"""How far a person sees, as values: for statements that differ from one time to the next and are planned each time.

`visible_studies` says it as a part of a statement, which costs the planner more than most searches cost altogether.
Here sites and grants are read first, with every request; what is planned then names them.
"""

from __future__ import annotations

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import QuerySet

from accounts.models import Person
from accounts.privileges import Privilege, granted_to, sites_where
from archive.studies.queries.matching import Condition
from archive.studies.queries.statement import scope_of
from archive.studies.selectors import visible_studies
from common.prepared import LeanRows, Slot

MOST_NAMED = 200
_BY_SITE = "SELECT * FROM studies_study WHERE withdrawn_at IS NULL AND site_id = ANY(%s::bigint[])"
_BY_SITE_OR_GRANT = (
    "SELECT * FROM studies_study WHERE withdrawn_at IS NULL "
    "AND (site_id = ANY(%s::bigint[]) OR study_instance_uid = ANY(%s::text[]))"
)


def scope_for(person: Person) -> Condition:
    """The studies of `visible_studies(person)` as queries take them. One statement."""
    rows = _REACH.all(actor=person.pk)
    if not rows:
        return Condition(_BY_SITE, ([],))
    sites, granted = rows[0]
    if not granted:
        return Condition(_BY_SITE, (sites,))
    if len(granted) <= MOST_NAMED:
        return Condition(_BY_SITE_OR_GRANT, (sites, granted))
    return scope_of(visible_studies(person))


def _reach() -> QuerySet[Person, tuple[list[int], list[str]]]:
    actor = Slot("actor")
    sites = sites_where(actor, Privilege.VIEW_STUDIES).values("pk")
    granted = granted_to(actor).values("study_instance_uid")[: MOST_NAMED + 1]
    return Person.objects.filter(pk=actor, is_active=True).values_list(
        ArraySubquery(sites), ArraySubquery(granted)
    )


_REACH = LeanRows(_reach)
