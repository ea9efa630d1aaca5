"""Tell people something, and see that it reaches them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import structlog
from django.db import transaction

from accounts.models import Person, Role, Site
from accounts.selectors import people_with_role
from common import clock
from common.attempts import back_off
from common.errors import InvalidInput
from common.nudges import Nudge
from events.tracing import current_trace
from notifications import live, texts
from notifications.models import DeliveryAttempt, Notification
from notifications.transports.base import DeliveryFailed, find_transport, transports_for

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 10
LEASE = dt.timedelta(seconds=5)

_nudge = Nudge[list[int]]()
"""Told of the attempts of committed notifications, so that none waits for a sweep."""
use_nudge = _nudge.use


def notify(
    *,
    kind: str,
    cause: str,
    persons: Iterable[Person] = (),
    site: Site | None = None,
    role: Role | str = "",
    subjects: Mapping[str, str],
    href: str,
    step: str = "",
    about: str = "",
) -> list[Notification]:
    """Tell people, or everyone who holds a role at a site, by every transport that reaches them.

    Returns  what was new: telling the same person for the same cause again has no effect.
    Raises   InvalidInput for a kind that has no sentences.
    """
    if not texts.is_known(kind):
        raise InvalidInput("There is no such kind of notification", code="UNKNOWN_KIND")
    audience = list(persons)
    if site is not None and role:
        audience += people_with_role(site, role)
    with transaction.atomic():
        made = [
            Notification(
                person=person,
                kind=kind,
                step=step,
                subjects=dict(subjects),
                about=about,
                cause=cause,
                href=href,
                created_at=clock.now(),
                trace_id=current_trace(),
            )
            for person in audience
        ]
        Notification.objects.bulk_create(made, ignore_conflicts=True)
        new = list(Notification.objects.filter(uid__in=[one.uid for one in made]).select_related("person"))
        _queue_attempts(new)
    return new


def mark_read(person: Person, *, uid: str | None = None) -> int:
    """Mark one of a person's notifications read, or all of them; how many were unread before."""
    unread = Notification.objects.filter(person=person, read_at=None)
    if uid is not None:
        unread = unread.filter(uid=uid)
    with transaction.atomic():
        count = unread.update(read_at=clock.now())
        if count:
            live.push_notifications_change(person.uid)
    return count


def mark_over(about: str) -> int:
    """Mark everything read that was about something that is over now, whoever it was for."""
    with transaction.atomic():
        rows = list(
            Notification.objects.select_for_update()
            .filter(about=about, read_at=None)
            .values_list("pk", "person__uid")
        )
        Notification.objects.filter(pk__in=[pk for pk, _ in rows]).update(read_at=clock.now())
        for person_uid in {person_uid for _, person_uid in rows}:
            live.push_notifications_change(person_uid)
    return len(rows)


def attempt_delivery(attempt_id: int) -> bool:
    """Send one notification by one transport; False when it is done, in other hands, or failed now."""
    with transaction.atomic():
        attempt = (
            DeliveryAttempt.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("notification__person")
            .filter(pk=attempt_id, status=DeliveryAttempt.Status.QUEUED)
            .first()
        )
        if attempt is None:
            return False
        attempt.attempts += 1
        try:
            _send(attempt)
        except DeliveryFailed as failure:
            _note_failure(attempt, failure)
        else:
            attempt.status = DeliveryAttempt.Status.DELIVERED
            attempt.delivered_at = clock.now()
            attempt.next_attempt_at = None
        attempt.save()
        return attempt.status == DeliveryAttempt.Status.DELIVERED


def attempt_due_deliveries(*, limit: int = 200) -> int:
    """Send what no nudge has sent; how many attempts were made."""
    keys = list(
        DeliveryAttempt.objects.filter(status=DeliveryAttempt.Status.QUEUED, next_attempt_at__lte=clock.now())
        .order_by("next_attempt_at")
        .values_list("pk", flat=True)[:limit]
    )
    for key in keys:
        attempt_delivery(key)
    return len(keys)


def _queue_attempts(notifications: list[Notification]) -> None:
    rows = DeliveryAttempt.objects.bulk_create(
        DeliveryAttempt(
            notification=notification,
            transport=transport.name,
            next_attempt_at=clock.now() + LEASE,
        )
        for notification in notifications
        for transport in transports_for(notification.person)
    )
    keys = [row.pk for row in rows]
    if keys:
        _nudge.after_commit(keys)


def _send(attempt: DeliveryAttempt) -> None:
    transport = find_transport(attempt.transport)
    if transport is None:
        raise DeliveryFailed("TRANSPORT_GONE", permanent=True)
    transport.send(attempt.notification, texts.text_of(attempt.notification))


def _note_failure(attempt: DeliveryAttempt, failure: DeliveryFailed) -> None:
    attempt.error_code = failure.code
    if failure.permanent or attempt.attempts >= MAX_ATTEMPTS:
        attempt.status = DeliveryAttempt.Status.FAILED
        attempt.next_attempt_at = None
    else:
        attempt.next_attempt_at = clock.now() + back_off(attempt.attempts, unit_s=5, longest_s=3600)
    log.warning(
        "notification.delivery_failed",
        transport=attempt.transport,
        code=failure.code,
        attempts=attempt.attempts,
        is_final=attempt.status == DeliveryAttempt.Status.FAILED,
    )
