"""The bell: what a person has been told and has not read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST


@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/shell/notifications.html", {"notifications": []})


@login_required
def panel(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/shell/_notifications.html", {"notifications": []})


@login_required
def count(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


@login_required
@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    return redirect("notifications")
