from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_required
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/cases/cases.html")


@login_required
def page(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    return render(request, "portal/cases/case.html")
