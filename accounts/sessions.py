"""Who a session speaks for, by one statement: what programs pay for with every request.

Django reads the session and then the person, each by a statement it writes anew. Here both are read at once; what is
kept from request to request is only whose session a key was, which the statement checks, and what a text means
that was read. So who is signed out, shut out or has another password is nobody from that moment on.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Subquery
from django.utils.crypto import constant_time_compare

from accounts.models import Person
from common import clock
from common.prepared import LeanQuery, Slot

_KEPT = 4096
_LONGEST_KEY = 40


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a session says of itself: whose it is, and that it was opened with this person's password of then."""

    person: int
    digest: str


def person_of_session(key: str | None) -> Person | None:
    """The active person of a session in force; None if there is none. One statement, two the first time."""
    if not key or len(key) > _LONGEST_KEY or not key.isascii():
        return None
    pk = _holders.get(key)
    if pk is None:
        pk = _holder_of(key)
    for _ in range(2):  # a key whose holder has changed since is asked for once more
        if pk is None:
            return None
        person = _IN_FORCE.first(key=key, person=pk, now=clock.now())
        claim = _claim_of(person.session_data) if person and person.session_data else None  # type: ignore[attr-defined]
        if person is None or claim is None:
            _holders.pop(key, None)
            return None
        if claim.person == person.pk:
            return person if _is_of_this_password(person, claim) else None
        pk = _keep(key, claim)
    return None


_holders: OrderedDict[str, int] = OrderedDict()
_IN_FORCE = LeanQuery(
    lambda: Person.objects.filter(pk=Slot("person"), is_active=True).annotate(
        session_data=Subquery(
            Session.objects.filter(session_key=Slot("key"), expire_date__gt=Slot("now")).values(
                "session_data"
            )[:1]
        )
    )
)


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
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(claim.digest, one) for one in hashes)
