"""The living page of components, in development. Its words are samples and stay English."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive.mpi.models import Patient
from common import clock
from portal.cases.task_form import ShownField
from portal.cases.words import CASE, TASK, URGENCY
from workflows.forms.views import FormField


@login_required
def page(request: HttpRequest) -> HttpResponse:
    context = {
        "patient": _patient(),
        "tags": list(URGENCY.values()),
        "states": [*CASE.values(), *TASK.values()],
        "fields": _fields(),
        "an_hour_ago": clock.now() - dt.timedelta(hours=1),
    }
    return render(request, "portal/components.html", context)


def _patient() -> Patient:
    return Patient(
        family_name="Zhang",
        given_name="Wei",
        ideographic_name="张伟",
        birth_date=dt.date(1958, 4, 12),
        sex="M",
        pk=0,
    )


def _fields() -> list[ShownField]:
    def one(name: str, title: str, widget: str, **more: object) -> FormField:
        facts: dict[str, object] = {
            "description": "", "type": "string", "is_required": True, "choices": (), "max_length": None,
            "default": None,
        }  # fmt: skip
        return FormField(name=name, title=title, widget=widget, **(facts | more))  # type: ignore[arg-type]

    experts = (("rosa", "Rosa (2 open tasks)"), ("li", "Li (no open tasks)"))
    return [
        ShownField(one("findings", "Findings", "textarea"), "Lungs clear.", "", "s-findings"),
        ShownField(
            one("impression", "Impression", "textarea"), "", "Impression is required.", "s-impression"
        ),
        ShownField(one("expert", "Expert", "select", choices=experts), "rosa", "", "s-expert"),
        ShownField(one("critical", "Critical finding", "checkbox", type="boolean"), True, "", "s-critical"),
    ]
