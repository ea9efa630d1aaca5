"""Words about images for templates."""

from __future__ import annotations

from django import template

from portal.viewer.presets import presets_for
from portal.viewer.reasons import reworded
from portal.viewer.strip import series_title, strip_items

register = template.Library()
register.filter("strip_items", strip_items)
register.filter("series_title", series_title)
register.filter("reworded", reworded)
register.filter("presets", presets_for)
