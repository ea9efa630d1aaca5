"""What a button does: act, say so or say why not, and go back to a page."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from common.errors import ServiceError


def act(
    request: HttpRequest,
    deed: Callable[[], object],
    sentence: str,
    back: str,
    *,
    in_words: Callable[[ServiceError], str] = attrgetter("message"),
    **where: Any,
) -> HttpResponse:
    """Do it and say so, or say why not; back to the page `back` of `where` either way."""
    try:
        deed()
    except ServiceError as refusal:
        messages.error(request, in_words(refusal))
    else:
        messages.success(request, sentence)
    return HttpResponseRedirect(resolve_url(back, **where))
