"""Asking whom a pseudonym stands for: the answer is shown once, and leaves a line in the audit trail only."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.privileges import Privilege
from archive.deidentification.keys import DEFAULT, key_names
from archive.deidentification.reidentification import Identity, Purpose, reidentify_pseudonym
from common.errors import InvalidInput, ServiceError, Unavailable
from portal.gate import opened_by
from portal.shell.person import person_of

FIELDS = ("pseudonym", "key", "purpose", "reference")


@opened_by(Privilege.REIDENTIFY)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reidentification(request: HttpRequest) -> HttpResponse:
    """The form, and below it whom the pseudonym that was asked about stands for."""
    asked = {field: request.POST.get(field, "").replace("\0", "").strip()[:80] for field in FIELDS}
    found: Identity | None = None
    refusal: ServiceError | None = None
    if request.method == "POST":
        try:
            found = reidentify_pseudonym(
                asked["pseudonym"], key_name=asked["key"] or DEFAULT, purpose=asked["purpose"],
                reference=asked["reference"], actor=person_of(request),
            )  # fmt: skip
        except ServiceError as error:
            refusal = error
    context = {
        "asked": asked,
        "found": found,
        "keys": _keys(),
        "has_folder": bool(settings.DEIDENTIFICATION_KEYS),
        "purposes": Purpose.choices,
        "refusal": in_words(refusal) if refusal else "",
        "errors": refusal.fields if isinstance(refusal, InvalidInput) else {},
    }
    return render(request, "portal/reidentification/page.html", context, status=_status(refusal))


def in_words(refusal: ServiceError) -> str:
    """Why there is no answer, in the reader's language."""
    known = {
        "KEY_MISSING": _("This key is not held here."),
        "KEY_TOO_SHORT": _("This key is too short to be used."),
        "KEY_UNREADABLE": _(
            "The keys cannot be read now. Whoever runs the machine must look at their folder."
        ),
    }
    return known.get(refusal.code, refusal.message)


def _keys() -> list[str]:
    """The keys to choose from; none where they cannot be read, which the page then says."""
    try:
        return key_names()
    except Unavailable:
        return []


def _status(refusal: ServiceError | None) -> int:
    if refusal is None:
        return 200
    return (
        422
        if isinstance(refusal, InvalidInput)
        else {"PSEUDONYM_UNKNOWN": 404, "NOT_PERMITTED": 403}.get(refusal.code, 503)
    )
