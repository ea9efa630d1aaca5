"""Signing: a person shows once more that it is them, at the moment of the act that needs it.

Who signed in by a password signs by it. Where a site signs people in otherwise, by its directory's page or by a card,
there is no password to ask for: they sign by having signed in anew, in this session, within the last minutes.

A signature is good for one act. What it means is told by the form that asks for it, and is kept with the answer.

Reference  21 CFR 11.50 (meaning of a signature), 11.200 (a), PS3.3 §C.12.1.1.3.1.2
"""

from __future__ import annotations

import datetime as dt
import inspect
from dataclasses import dataclass

from django.contrib.auth import BACKEND_SESSION_KEY, authenticate, load_backend
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record_audit
from accounts.models import AuditEvent, Person
from common import clock
from common.errors import InvalidInput

SIGNED_IN_AT = "signed_in_at"
"""Where a session keeps when its person signed in."""
FRESH = dt.timedelta(minutes=5)
"""How long after signing in a person who has no password signs without doing so again."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Proof that a person showed just now who they are. Only `sign` makes one."""

    person_id: int
    signed_at: dt.datetime


def sign(person: Person, password: str, *, request: HttpRequest, object_uid: str) -> Signature:
    """The signature of a person for an act on an object.

    A wrong password is written to the trail and counted as at signing in, so that nobody may go on guessing.

    Raises  InvalidInput SIGNATURE_REFUSED with a sentence for the field `password`.
    """
    if not signs_by_password(request):
        if not is_fresh(request):
            raise _refused(_sign_in_again())
    elif not password:
        raise _refused(_("Sign with your password."))
    elif not _is_theirs(person, password, request):
        record_audit(
            person, "signature.refused", object_kind="task", object_uid=object_uid,
            outcome=AuditEvent.Outcome.REFUSED,
        )  # fmt: skip
        raise _refused(
            _("This is not your password, or it was wrong too often; wait a quarter of an hour then.")
        )
    return Signature(person.pk, clock.now())


def signs_by_password(request: HttpRequest) -> bool:
    """Whether what signed this session's person in asks for a password: that of an account here, or of a directory.

    A program that shows a token has no session, and gives its person's password.
    """
    path = request.session.get(BACKEND_SESSION_KEY)
    if path is None:
        return True
    try:
        inspect.signature(load_backend(path).authenticate).bind(request, username="", password="")
    except TypeError:  # as Django itself finds out which backends a password is for
        return False
    return True


def is_fresh(request: HttpRequest) -> bool:
    """Whether this session's person signed in within the last minutes."""
    since = request.session.get(SIGNED_IN_AT)
    return since is not None and clock.now() - dt.datetime.fromisoformat(since) <= FRESH


def check_signature(signature: Signature | None, person: Person) -> Signature:
    """The signature, if the person who acts has signed. Raises InvalidInput SIGNATURE_REFUSED."""
    if signature is None or signature.person_id != person.pk:
        raise _refused(_("Sign with your password."))
    return signature


def _is_theirs(person: Person, password: str, request: HttpRequest) -> bool:
    known = authenticate(request, username=person.username, password=password)
    return known is not None and known.pk == person.pk


def _sign_in_again() -> str:
    minutes = int(FRESH.total_seconds() // 60)
    return ngettext(
        "You sign in without a password here. Sign in again, and sign within %(n)s minute.",
        "You sign in without a password here. Sign in again, and sign within %(n)s minutes.",
        minutes,
    ) % {"n": minutes}


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="SIGNATURE_REFUSED", fields={"password": sentence})
