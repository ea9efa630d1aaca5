"""What a person has typed into a form of a page, or asks for by its address."""

from __future__ import annotations

import uuid

from django.http import HttpRequest


def typed(request: HttpRequest, name: str) -> str:
    """The posted text of a field, without the NULs that no store of ours takes; "" where it was left out."""
    return request.POST.get(name, "").replace("\0", "")


def typed_uuid(request: HttpRequest, name: str) -> uuid.UUID | None:
    """The posted UUID of a field; None where it was left out or is none."""
    try:
        return uuid.UUID(request.POST.get(name, ""))
    except ValueError:
        return None


def in_address(request: HttpRequest, name: str, *, most: int | None = None) -> str:
    """The text of a parameter of the address, without NULs and the space around it, and no longer than `most`."""
    return request.GET.get(name, "").replace("\0", "").strip()[:most]
