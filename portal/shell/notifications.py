"""The bell: what a person has been told, in their language, and has not read."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from notifications.models import Notification
from notifications.selectors import recent, unread
from notifications.services import mark_read as mark_notifications_read
from notifications.texts import Text, text_of
from portal.shell.badge import badge_of
from portal.shell.person import person_of
from portal.shell.posted import typed_uuid

PANEL_ROWS = 8
PAGE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Told:
    """A notification with its sentences."""

    notification: Notification
    text: Text


@login_required
def page(request: HttpRequest) -> HttpResponse:
    told = _told(list(recent(person_of(request))[:PAGE_ROWS]))
    return render(request, "portal/shell/notifications.html", {"told": told})


@login_required
def panel(request: HttpRequest) -> HttpResponse:
    """The bell's panel: what is unread."""
    told = _told(list(unread(person_of(request))[:PANEL_ROWS]))
    return render(request, "portal/shell/_notifications.html", {"told": told})


@login_required
def count(request: HttpRequest) -> HttpResponse:
    return HttpResponse(badge_of(unread(person_of(request)).count()))


@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark one notification, or all, as read; one that was named is opened."""
    person = person_of(request)
    uid = typed_uuid(request, "uid")
    if request.POST.get("uid") and uid is None:
        raise Http404
    mark_notifications_read(person, uid=None if uid is None else str(uid))
    if uid:
        opened = recent(person).filter(uid=uid).first()
        return redirect(opened.href if opened else "notifications")
    if request.headers.get("HX-Request"):
        return panel(request)
    return redirect("notifications")


def _told(notifications: list[Notification]) -> list[Told]:
    return [Told(notification, text_of(notification)) for notification in notifications]
