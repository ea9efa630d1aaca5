"""Rows that are tried until something outside takes them: which are in nobody's hands, who takes one, when again.

Such a row has `attempts` and `lease_until`. Whoever takes it calls outside any transaction; a lease that runs out
tells that they died.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model, Q, QuerySet

from common import clock

M = TypeVar("M", bound=Model)
_ENOUGH = 32  # doubled more often, any first wait is longer than any longest one


def back_off(attempts: int, *, longest_s: float, unit_s: float = 1) -> dt.timedelta:
    """How long to wait after so many failures: twice the unit, then four times ... up to the longest."""
    return dt.timedelta(seconds=min(unit_s * 2 ** min(attempts, _ENOUGH), longest_s))


def in_nobodys_hands() -> Q:
    """Rows that were never taken, or whose lease is over."""
    return Q(lease_until=None) | Q(lease_until__lte=clock.now())


def take(rows: QuerySet[M], *, lease: dt.timedelta) -> M | None:
    """The oldest of these rows that nobody is taking just now, its attempt counted, under our lease."""
    with transaction.atomic():
        row: Any = rows.select_for_update(skip_locked=True, of=("self",)).order_by("pk").first()
        if row is not None:
            row.attempts += 1
            row.lease_until = clock.now() + lease
            row.save(update_fields=["attempts", "lease_until"])
        return row  # type: ignore[no-any-return]
