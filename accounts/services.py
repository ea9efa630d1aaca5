"""Grants that follow a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from accounts.models import AccessGrant, Person, Role, Site
from common import clock
from common.prepared import PreparedUpdate, Slot
from common.rows import Changes, Line, write_with


def grant_studies(
    study_instance_uids: Iterable[str],
    *,
    cause: str,
    person: Person | None = None,
    site: Site | None = None,
    role: Role | str = "",
    at: dt.datetime | None = None,
    into: Changes | None = None,
) -> None:
    """Let a person, or everyone with a role at a site, see these studies for as long as `cause` lasts.

    `at` is the moment of an act of more than one row, else it is now. With `into`, whoever holds these changes writes
    the grants along with them.
    """
    write_with(
        into,
        [
            Line(
                AccessGrant,
                study_instance_uid=uid,
                person_id=person.pk if person is not None else None,
                site_id=site.pk if site is not None else None,
                role=role,
                cause=cause,
                granted_at=at or clock.now(),
            )
            for uid in study_instance_uids
        ],
        ignore_conflicts=True,
    )


def revoke_grants(*, cause: str, person: Person | None = None) -> int:
    """Take back what was granted for `cause`, from everyone or from one person; how many grants ended."""
    if person is None:
        return _REVOKE.run(cause=cause, now=clock.now())
    return _REVOKE_FROM.run(cause=cause, person=person.pk, now=clock.now())


def revoke_grants_with(changes: Changes, *, cause: str, at: dt.datetime) -> None:
    """Have everything that was granted for `cause` taken back along with these changes."""
    changes.also(_REVOKE, cause=cause, now=at)


_REVOKE = PreparedUpdate(
    lambda: AccessGrant.objects.filter(cause=Slot("cause"), revoked_at=None), revoked_at=Slot("now")
)
_REVOKE_FROM = PreparedUpdate(
    lambda: AccessGrant.objects.filter(cause=Slot("cause"), revoked_at=None, person=Slot("person")),
    revoked_at=Slot("now"),
)
