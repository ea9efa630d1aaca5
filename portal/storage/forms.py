"""Forms of storage pages as values for services; what cannot be meant is refused beside its field."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Site
from common.errors import InvalidInput

GIGABYTE = 10**9
_THREE_WAYS = {"": None, "yes": True, "no": False}


def whole_number(text: str, field: str, *, default: int | None = None) -> int:
    """The number that was typed. Raises InvalidInput beside the field."""
    text = text.strip()
    if not text and default is not None:
        return default
    if not text.isdecimal() or len(text) > 9:
        sentence = _("A whole number is needed here.")
        raise InvalidInput(sentence, code="BAD_NUMBER", fields={field: sentence})
    return int(text)


def volume_values(form: QueryDict) -> dict[str, Any]:
    gigabytes = form.get("capacity_gb", "").strip()
    return {
        "name": form.get("name", "").replace("\0", "").strip(),
        "url": form.get("url", "").replace("\0", "").strip(),
        "tier": form.get("tier", ""),
        "capacity_bytes": whole_number(gigabytes, "capacity_gb") * GIGABYTE if gigabytes else None,
    }


def placement_values(form: QueryDict) -> dict[str, Any]:
    return {
        **_asked(form),
        "older_than_days": whole_number(form.get("older_than_days", ""), "older_than_days", default=0),
        "tier": form.get("tier", ""),
        "copies": whole_number(form.get("copies", ""), "copies", default=1),
    }


def retention_values(form: QueryDict) -> dict[str, Any]:
    return {**_asked(form), "keep_days": whole_number(form.get("keep_days", ""), "keep_days")}


def _asked(form: QueryDict) -> dict[str, Any]:
    """What a rule asks of a series."""
    code = form.get("site", "")
    return {
        "name": form.get("name", "").strip(),
        "position": whole_number(form.get("position", ""), "position", default=100),
        "site": Site.objects.filter(code=code).first() if code else None,
        "modality": form.get("modality", "").strip().upper(),
        "is_thin_slice": _THREE_WAYS.get(form.get("is_thin_slice", "")),
        "is_derived": _THREE_WAYS.get(form.get("is_derived", "")),
    }
