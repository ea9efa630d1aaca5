"""Signing in and out leaves its line in the audit trail, and so does each refusal.

What was typed as a name is kept only where it names an account: people type passwords there by mistake.

Reference  PS3.15 §A.5.3.6, IHE ITI-19
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.actors import SystemActor
from accounts.audit import record_audit
from accounts.models import AuditEvent, Person
from accounts.signing import SIGNED_IN_AT
from common import clock

DOOR = SystemActor("sign-in")


def note_sign_in(*, user: Person, request: HttpRequest, **_: Any) -> None:
    """Keep when it was, too: who has no password signs by having signed in just now."""
    request.session[SIGNED_IN_AT] = clock.now().isoformat()
    record_audit(user, "person.signed_in", object_kind="person", object_uid=str(user.uid))


def note_sign_out(*, user: Person | None, **_: Any) -> None:
    if user is not None:
        record_audit(user, "person.signed_out", object_kind="person", object_uid=str(user.uid))


def note_refusal(*, credentials: dict[str, Any], **_: Any) -> None:
    _refuse("person.sign_in_failed", credentials.get("username"))


def note_lock_out(*, username: str | None = None, **_: Any) -> None:
    _refuse("person.locked_out", username)


def _refuse(action: str, username: str | None) -> None:
    person = Person.objects.filter(username=username or "").first()
    record_audit(
        DOOR,
        action,
        object_kind="person",
        object_uid=str(person.uid) if person else "",
        outcome=AuditEvent.Outcome.REFUSED,
    )
