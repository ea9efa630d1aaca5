"""Signing: a person shows once more that it is them, at the moment of the act that needs it.

A signature is good for one act. What it means is told by the form that asks for it, and goes into the trail.

Reference  21 CFR 11.50 (meaning of a signature), 11.200 (a), PS3.3 §C.12.1.1.3.1.2
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import AuditEvent, Person
from common import clock
from common.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Signature:
    """Proof that a person gave their password just now. Only `sign` makes one."""

    person_id: int
    signed_at: dt.datetime


def sign(person: Person, password: str, *, request: HttpRequest, object_uid: str) -> Signature:
    """The signature of a person for an act on an object.

    A wrong password is written to the trail and counted as at signing in, so that nobody may go on guessing.

    Raises  InvalidInput SIGNATURE_REFUSED with a sentence for the field `password`.
    """
    if not password:
        raise _refused(_("Sign with your password."))
    known = authenticate(request, username=person.username, password=password)
    if known is None or known.pk != person.pk:
        record_audit(
            person, "signature.refused", object_kind="task", object_uid=object_uid,
            outcome=AuditEvent.Outcome.REFUSED,
        )  # fmt: skip
        raise _refused(
            _("This is not your password, or it was wrong too often; wait a quarter of an hour then.")
        )
    return Signature(person.pk, clock.now())


def check_signature(signature: Signature | None, person: Person) -> Signature:
    """The signature, if the person who acts has signed. Raises InvalidInput SIGNATURE_REFUSED."""
    if signature is None or signature.person_id != person.pk:
        raise _refused(_("Sign with your password."))
    return signature


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="SIGNATURE_REFUSED", fields={"password": sentence})
