"""The way into the diagnostic viewer, where it is installed."""

from __future__ import annotations

from typing import Any

from django import template

from portal.diagnostic.site import installed_site

register = template.Library()


@register.inclusion_tag("portal/diagnostic/_open.html")
def diagnostic_viewer(study_instance_uid: str, *, beside: str = "", is_small: bool = False) -> dict[str, Any]:
    """A link that opens a study, or `beside` it the earlier one named; nothing without a study or a viewer.

    Every link uses one window of that name, so that two patients are not open in viewers side by side.
    """
    is_offered = bool(study_instance_uid) and installed_site() is not None
    return {"uid": study_instance_uid, "beside": beside, "is_small": is_small, "is_offered": is_offered}
