"""What every button of the storage pages does: act, say so or say why not, and go back to the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages as told
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.privileges import Privilege
from common.errors import ServiceError
from portal.gate import opened_by
from portal.storage.words import refusal_in_words

managing = opened_by(Privilege.MANAGE_STORAGE)


def act(request: HttpRequest, deed: Callable[[], Any], sentence: str, back: str) -> HttpResponse:
    """Do it and say so, or say why not; back to the page either way."""
    try:
        deed()
    except ServiceError as refusal:
        told.error(request, refusal_in_words(refusal))
    else:
        told.success(request, sentence)
    return redirect(back)
