"""The access tokens of the person in front of the page: made, shown once, taken back."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import AccessToken
from accounts.tokens import issue_token, revoke_token, tokens_of
from common import clock
from common.errors import InvalidInput, NotFound, ServiceError
from portal.listing import page_of
from portal.shell.person import person_of

DAYS = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class TokenRow:
    token: AccessToken
    is_in_force: bool


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """What programs may act as the person; a new token is shown in the answer to its making, and never again."""
    person = person_of(request)
    label = request.POST.get("label", "").replace("\0", "").strip()[:80]
    days = request.POST.get("days", "")
    secret, refusal = "", None
    if request.method == "POST":
        try:
            _token, secret = issue_token(person, label=label, lasts=_lasting(days))
        except ServiceError as error:
            refusal = error
    page = page_of(request, tokens_of(person))
    now = clock.now()
    context = {
        "page": page,
        "rows": [TokenRow(row, row.revoked_at is None and row.expires_at > now) for row in page.rows],
        "secret": secret,
        "label": "" if secret else label,
        "days": days or str(DAYS[1]),
        "choices": [(str(number), _("%(days)d days") % {"days": number}) for number in DAYS],
        "refusal": refusal.message if refusal else "",
        "errors": refusal.fields if isinstance(refusal, InvalidInput) else {},
        "address": request.build_absolute_uri("/dicomweb"),
    }
    status = 200 if refusal is None else 422 if isinstance(refusal, InvalidInput) else 409
    return render(request, "portal/tokens/page.html", context, status=status)


@login_required
@require_POST
def revoke(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Take a token back."""
    try:
        revoke_token(person_of(request), uid)
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("The token is taken back: it opens nothing any more."))
    return redirect("access-tokens")


def _lasting(days: str) -> dt.timedelta:
    if days not in {str(number) for number in DAYS}:
        sentence = _("Choose how long the token lasts.")
        raise InvalidInput(sentence, fields={"days": sentence})
    return dt.timedelta(days=int(days))
