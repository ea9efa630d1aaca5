"""The studies a person may see as SQL, kept from request to request: Django takes longer to write it than to run it.

What is kept asks for the person's sites and grants anew each time it is run. The one thing written into it are
the roles the person holds, which are read with every request and are part of what it is kept by.
"""

from __future__ import annotations

from collections import OrderedDict

from django.db.models import prefetch_related_objects

from accounts.models import Person
from archive.studies.queries.matching import Condition
from archive.studies.queries.statement import scope_of
from archive.studies.selectors import visible_studies

_AT_MOST = 1024
_Held = tuple[int, bool, frozenset[tuple[int, str]]]
_kept: OrderedDict[_Held, Condition] = OrderedDict()


def visible_scope(person: Person) -> Condition:
    """`visible_studies` as queries take it; one statement reads the person's roles."""
    prefetch_related_objects([person], "memberships")
    held = person.pk, person.is_active, frozenset((one.site_id, one.role) for one in person.memberships.all())
    scope = _kept.get(held)
    if scope is None:
        scope = _kept[held] = scope_of(visible_studies(person))
        while len(_kept) > _AT_MOST:
            _kept.popitem(last=False)
    return scope
