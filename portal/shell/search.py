"""Search: what the actor may see of patients, studies and cases."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/shell/search.html", {"query": request.GET.get("q", "").strip()})
