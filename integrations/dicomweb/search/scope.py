"""The studies a person may see as SQL, put together once: Django takes longer to write it than to run it.

Who asks is a place left open in it; sites, roles and grants are asked for anew each time it is run.
"""

from __future__ import annotations

import functools

from accounts.models import Person
from archive.studies.queries.matching import Condition
from archive.studies.queries.statement import scope_of
from archive.studies.selectors import visible_studies
from common.prepared import Slot


def visible_scope(person: Person) -> Condition:
    """`visible_studies` as queries take it."""
    scope = _scope()
    return Condition(
        scope.sql, tuple(person.pk if isinstance(one, Slot) else one for one in scope.parameters)
    )


@functools.cache
def _scope() -> Condition:
    return scope_of(visible_studies(Slot("actor")))
