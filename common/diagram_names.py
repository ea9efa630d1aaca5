"""Names drawn in a diagram, in the reader's language."""

from __future__ import annotations

from django.utils.translation import pgettext

CONTEXT = "diagram"  # a designer's word is not the page's word, however alike they are written


def name_in_words(name: str) -> str:
    """The name of a process, lane or element; as drawn where it has no translation."""
    return pgettext(CONTEXT, name) if name else ""
