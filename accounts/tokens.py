"""Access tokens: how programs act as a person, for as long as the person lets them.

A token is shown once, when it is made. It opens what its person may see and do, neither more nor less, and
nothing from the moment it expires, is taken back, or the account is closed.

Reference  RFC 6750 §2.1 (Bearer), RFC 7617 (Basic, with the token in the place of a password)
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import AccessToken, Person
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from common.prepared import LeanQuery, PreparedUpdate, Slot

PREFIX = "cst_"  # lets scanners for leaked secrets know one
LONGEST = dt.timedelta(days=366)
AT_MOST = 20
LONGEST_LABEL = 60
USE_IS_NOTED_EVERY = dt.timedelta(minutes=1)
_LENGTH = len(PREFIX) + 43


def issue_token(person: Person, *, label: str, lasts: dt.timedelta) -> tuple[AccessToken, str]:
    """A new token of the person, and its secret, which nobody can be shown again.

    Raises  InvalidInput for a missing label or a time no token lasts; Conflict for one too many.
    """
    label = " ".join(label.split())
    if not label or len(label) > LONGEST_LABEL:
        sentence = _("Say what the token is for, in 60 characters at most.")
        raise InvalidInput(sentence, fields={"label": sentence})
    if not dt.timedelta(0) < lasts <= LONGEST:
        sentence = _("A token lasts a year at most.")
        raise InvalidInput(sentence, fields={"lasts": sentence})
    secret = PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    with transaction.atomic():
        Person.objects.select_for_update().get(pk=person.pk)
        if tokens_of(person).filter(revoked_at=None, expires_at__gt=now).count() >= AT_MOST:
            raise Conflict(_("You have 20 tokens. Take one back first."), code="TOO_MANY_TOKENS")
        token = AccessToken.objects.create(
            person=person, label=label, digest=digest_of(secret), created_at=now, expires_at=now + lasts
        )
        record_audit(person, "token.issued", object_kind="token", object_uid=str(token.uid))
    return token, secret


def revoke_token(person: Person, uid: uuid.UUID) -> None:
    """Take a token of the person back; one that was taken back already stays so. Raises NotFound."""
    with transaction.atomic():
        token = tokens_of(person).select_for_update().filter(uid=uid).first()
        if token is None:
            raise NotFound(_("You have no such token."), code="TOKEN_UNKNOWN")
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            token.save(update_fields=["revoked_at"])
            record_audit(person, "token.revoked", object_kind="token", object_uid=str(token.uid))


def tokens_of(person: Person) -> QuerySet[AccessToken]:
    """The tokens a person has made, newest first."""
    return AccessToken.objects.filter(person=person).order_by("-id")


def actor_of_token(secret: str, *, username: str | None = None) -> Person | None:
    """Who acts with this token; None for a token that opens nothing, or is not of this user name.

    One statement; one more a minute, which notes that the token is in use.
    """
    if len(secret) != _LENGTH or not secret.startswith(PREFIX):
        return None
    now = clock.now()
    token = _IN_FORCE.first(digest=digest_of(secret), now=now)
    if token is None or (username is not None and username != token.person.username):
        return None
    if token.last_used_at is None or now - token.last_used_at >= USE_IS_NOTED_EVERY:
        _USED.run(pk=token.pk, now=now, before=now - USE_IS_NOTED_EVERY)
    return token.person


def digest_of(secret: str) -> str:
    """What is kept of a secret: 256 random bits need neither salt nor stretching."""
    return hashlib.sha256(secret.encode()).hexdigest()


_IN_FORCE = LeanQuery(
    lambda: AccessToken.objects.filter(
        digest=Slot("digest"), revoked_at=None, expires_at__gt=Slot("now"), person__is_active=True
    ).select_related("person")
)
_USED = PreparedUpdate(
    lambda: AccessToken.objects.filter(
        Q(last_used_at=None) | Q(last_used_at__lte=Slot("before")), pk=Slot("pk")
    ),
    last_used_at=Slot("now"),
)
