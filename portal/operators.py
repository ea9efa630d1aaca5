"""Who keeps cases moving: may try a failed step again at the site where the case runs."""

from __future__ import annotations

from accounts.models import Person
from accounts.privileges import Privilege, sites_where
from workflows.models import ProcessInstance


def may_operate(person: Person, case: ProcessInstance) -> bool:
    """Whether the person looks after cases of this case's site."""
    return sites_where(person, Privilege.OPERATE_CASES).filter(pk=case.site_id).exists()
