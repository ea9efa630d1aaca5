"""The number on the bell."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext


def badge_of(count: int) -> SafeString | str:
    """How many notifications wait; nothing where none does."""
    if not count:
        return ""
    words = ngettext("%(n)s unread notification", "%(n)s unread notifications", count) % {"n": count}
    shown = str(count) if count < 100 else "99+"
    return format_html('<span class="badge" role="img" aria-label="{}">{}</span>', words, shown)
