"""The way into the diagnostic viewer, where it is installed."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html

from portal.diagnostic.site import installed_site

register = template.Library()


@register.inclusion_tag("portal/diagnostic/_open.html")
def diagnostic_viewer(study_instance_uid: str, *, beside: str = "", is_small: bool = False) -> dict[str, Any]:
    """A link that opens a study, or `beside` it the earlier one named; nothing without a study or a viewer.

    Every link uses one window of that name, so that two patients are not open in viewers side by side.
    """
    return {
        "uid": study_instance_uid,
        "beside": beside,
        "is_small": is_small,
        "is_offered": bool(study_instance_uid) and installed_site() is not None,
    }


@register.simple_tag
def viewer_ahead() -> str:
    """What the viewer starts with, for the browser to fetch while a page that leads there is read."""
    site = installed_site()
    if site is None:
        return ""
    names = [*site.styles, *site.scripts, *site.later]
    addresses = [reverse("diagnostic-viewer-file", args=[site.release, name]) for name in names]
    return format_html('<meta name="viewer-ahead" content="{}">', " ".join(addresses))
