"""The way into the diagnostic viewer, where it is installed."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from portal.diagnostic.site import installed_site

register = template.Library()


@register.inclusion_tag("portal/diagnostic/_open.html")
def diagnostic_viewer(study_instance_uid: str, *, beside: str = "", is_small: bool = False) -> dict[str, Any]:
    """A link that opens a study, or `beside` it the earlier one named; nothing without a study or a viewer.

    Every link uses one window of that name, so that two patients are not open in viewers side by side. `ahead` are
    the files the browser may fetch while the page is read.
    """
    site = installed_site() if study_instance_uid else None
    names = [*site.styles, *site.scripts] if site else []
    ahead = [reverse("diagnostic-viewer-file", args=[site.release, name]) for name in names] if site else []
    return {
        "uid": study_instance_uid,
        "beside": beside,
        "is_small": is_small,
        "is_offered": site is not None,
        "ahead": " ".join(ahead),
    }
