"""What a person has typed into a form of a page."""

from __future__ import annotations

from django.http import HttpRequest


def typed(request: HttpRequest, name: str) -> str:
    """The posted text of a field, without the NULs that no store of ours takes; "" where it was left out."""
    return request.POST.get(name, "").replace("\0", "")
