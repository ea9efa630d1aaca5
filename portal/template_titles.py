"""Names of post-processing templates for readers."""

from __future__ import annotations

from django.utils.translation import get_language

from common.errors import NotFound
from compute.templates.library import find_template


def template_title(key: str) -> str:
    """A template's title in the reader's language; its key where the template is gone."""
    try:
        return find_template(key).title_in(get_language() or "en")
    except NotFound:
        return key
