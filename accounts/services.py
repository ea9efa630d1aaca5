"""Grants that follow a case."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import AccessGrant, Person, Role, Site
from common import clock


def grant_studies(
    study_instance_uids: Iterable[str],
    *,
    cause: str,
    person: Person | None = None,
    site: Site | None = None,
    role: Role | str = "",
) -> None:
    """Let a person, or everyone with a role at a site, see these studies for as long as `cause` lasts."""
    AccessGrant.objects.bulk_create(
        [
            AccessGrant(
                study_instance_uid=uid,
                person=person,
                site=site,
                role=role,
                cause=cause,
                granted_at=clock.now(),
            )
            for uid in study_instance_uids
        ],
        ignore_conflicts=True,
    )


def revoke_grants(*, cause: str, person: Person | None = None) -> int:
    """Take back what was granted for `cause`, from everyone or from one person; how many grants ended."""
    grants = AccessGrant.objects.filter(cause=cause, revoked_at=None)
    if person is not None:
        grants = grants.filter(person=person)
    return grants.update(revoked_at=clock.now())
