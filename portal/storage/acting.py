"""What every button of the storage pages does: act, say so or say why not, and go back to the page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.privileges import Privilege
from portal import acting
from portal.gate import opened_by
from portal.storage.words import refusal_in_words

managing = opened_by(Privilege.MANAGE_STORAGE)


def act(request: HttpRequest, deed: Callable[[], object], sentence: str, back: str) -> HttpResponse:
    """Do it and say so, or say why not; back to the page either way."""
    return acting.act(request, deed, sentence, back, in_words=refusal_in_words)
