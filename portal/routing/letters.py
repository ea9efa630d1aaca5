"""Dead letters: objects that were given up, and sending them once more."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages as told
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Person
from accounts.privileges import Privilege
from integrations.routing.models import Delivery
from integrations.routing.selectors import dead_letters
from integrations.routing.services import resend
from portal.gate import opened_by
from portal.listing import page_of
from portal.routing.reasons import reason_in_words
from portal.shell.person import person_of


@dataclass(frozen=True, slots=True)
class Letter:
    """An object that was given up, and why in words."""

    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A destination with how many objects were given up on the way to it."""

    key: str
    name: str
    count: int


@opened_by(Privilege.MANAGE_ROUTING)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Objects that were given up, newest first, with the reason of the last attempt."""
    person = person_of(request)
    key = _key(request.GET.get("destination", ""))
    found = _found(person, key).select_related("destination", "lane", "decision")
    page = page_of(request, found)
    context = {
        "page": page,
        "letters": [Letter(one, reason_in_words(one.error_code)) for one in page.rows],
        "chosen": key,
        "destinations": _destinations(person),
    }
    return render(request, "portal/routing/dead_letters.html", context)


@opened_by(Privilege.MANAGE_ROUTING)
@require_POST
def send_again(request: HttpRequest) -> HttpResponse:
    """Send the objects named again, or all of a destination."""
    person = person_of(request)
    key = _key(request.POST.get("destination", ""))
    if "all" in request.POST:
        count = resend(_found(person, key), actor=person)
    else:
        named = [
            int(text) for text in request.POST.getlist("delivery") if text.isdecimal() and len(text) < 19
        ]
        count = resend(named, actor=person)
    if count:
        told.success(
            request,
            ngettext("%(count)s object is sent again.", "%(count)s objects are sent again.", count)
            % {"count": count},
        )
    else:
        told.warning(request, _("Nothing was chosen that could be sent again."))
    return redirect(f"{reverse('dead-letters')}?destination={key}" if key else "dead-letters")


def _found(person: Person, key: str) -> QuerySet[Delivery]:
    found = dead_letters(person)
    return found.filter(destination__key=key) if key else found


def _destinations(person: Person) -> list[Chosen]:
    counted = (
        dead_letters(person)
        .order_by("destination__key")
        .values_list("destination__key", "destination__name")
        .annotate(count=Count("pk"))
    )
    return [Chosen(key, name, count) for key, name, count in counted]


def _key(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum() or letter in "-_")[:64]
