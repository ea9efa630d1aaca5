"""What waits to be read, and what came lately."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import Person
from notifications.models import Notification


def recent(person: Person) -> QuerySet[Notification]:
    """Everything the person was told, newest first."""
    return Notification.objects.filter(person=person).select_related("person").order_by("-created_at", "-id")


def unread(person: Person) -> QuerySet[Notification]:
    """What the person was told and has not read, newest first."""
    return recent(person).filter(read_at=None)
