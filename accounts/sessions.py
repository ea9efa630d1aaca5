"""Who a session speaks for, by one statement: what programs pay for with every request.

Django reads the session and then the person, each by a statement it writes anew. Here both are read at once; what is
kept from request to request is only whose session a key was, which the statement checks, and what a text means
that was read. So who is signed out, shut out or has another password is nobody from that moment on.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet, Subquery
from django.utils.crypto import constant_time_compare

from accounts.models import Person
from common import clock
from common.lean import Row
from common.prepared import LeanBeside, LeanQuery, Slot

_Found = tuple[Person, list[Row]] | None
_KEPT = 4096
_LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a session says of itself: whose it is, and that it was opened with this person's password of then."""

    person: int
    digest: str


def person_of_session(key: str | None) -> Person | None:
    """The active person of a session in force; None if there is none. One statement, two the first time."""
    found = _in_force(key, _alone)
    return found[0] if found else None


class RowsOfSession:
    """Rows that depend on who asks, found by the statement that tells whose session it is.

    In the queryset, a `values_list`, the person's key is `Slot("person")`.
    """

    def __init__(self, rows: Callable[[], QuerySet[Any, Any]]) -> None:
        self._both = LeanBeside(_persons, rows)

    def ask(self, key: str | None, **slots: Any) -> tuple[Person, list[Row]] | None:
        """As `person_of_session`, and the rows for these slots."""
        return _in_force(key, functools.partial(self._both.first, **slots))


def _in_force(key: str | None, ask: Callable[..., _Found]) -> _Found:
    """What `ask` finds for the holder of a session, once the session has proved to be the holder's."""
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or "\0" in key:
        return None
    pk = _holders.get(key)
    if pk is None:
        pk = _holder_of(key)
    for _ in range(2):  # a key whose holder has changed since is asked for once more
        if pk is None:
            return None
        found = ask(key=key, person=pk, now=clock.now())
        data = found[0].session_data if found else None  # type: ignore[attr-defined]
        claim = _claim_of(data) if data else None
        if found is None or claim is None:
            _holders.pop(key, None)
            return None
        if claim.person == found[0].pk:
            return found if _is_of_this_password(found[0], claim) else None
        pk = _keep(key, claim)
    return None


def _persons() -> QuerySet[Person]:
    of_the_key = Session.objects.filter(session_key=Slot("key"), expire_date__gt=Slot("now"))
    return Person.objects.filter(pk=Slot("person"), is_active=True).annotate(
        session_data=Subquery(of_the_key.values("session_data")[:1])
    )


def _alone(**slots: Any) -> _Found:
    person = _PERSON.first(**slots)
    return (person, []) if person else None


_holders: OrderedDict[str, int] = OrderedDict()
_PERSON = LeanQuery(_persons)


def _holder_of(key: str) -> int | None:
    data = Session.objects.filter(session_key=key).values_list("session_data", flat=True).first()
    claim = _claim_of(data) if data else None
    return _keep(key, claim) if claim else None


def _keep(key: str, claim: _Claim) -> int:
    _holders[key] = claim.person
    while len(_holders) > _KEPT:
        _holders.popitem(last=False)
    return claim.person


@functools.lru_cache(_KEPT)
def _claim_of(session_data: str) -> _Claim | None:
    """What the text of a session says, if it is one that signing in has written; None for any other."""
    said = SessionStore().decode(session_data)
    if said.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    try:
        return _Claim(int(said[SESSION_KEY]), str(said[HASH_SESSION_KEY]))
    except (KeyError, ValueError):
        return None


def _is_of_this_password(person: Person, claim: _Claim) -> bool:
    return any(constant_time_compare(claim.digest, one) for one in _digests(person.password))


@functools.lru_cache(_KEPT)
def _digests(password: str) -> tuple[str, ...]:
    """What sessions opened with a password, hashed as it is stored, carry; of older keys of this system too."""
    person = Person(password=password)
    return (person.get_session_auth_hash(), *person.get_session_auth_fallback_hash())
