"""The series of a study as a strip of thumbnails, results first, each with its measured facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from archive.studies.models import Series
from portal.viewer.reasons import reworded


@dataclass(frozen=True, slots=True)
class Fact:
    """A verdict in a word, with the icon and tone it is shown by and the reason behind it."""

    word: str
    icon_name: str
    tone: str
    why: str


@dataclass(frozen=True, slots=True)
class StripItem:
    """One series of the strip."""

    series: Series
    title: str
    slices: str
    spacing: str
    matrix: str
    completeness: Fact
    thinness: Fact | None

    @property
    def has_images(self) -> bool:
        return self.series.modality not in NO_PICTURES


NO_PICTURES = frozenset({"SR", "KO", "PR", "DOC", "RTSTRUCT", "RTPLAN", "REG"})


def strip_items(series: Iterable[Series]) -> list[StripItem]:
    """Items for series that come with `instance_count`: results first, then by number."""
    ordered = sorted(
        series,
        key=lambda one: (not one.is_derived, one.series_number is None, one.series_number or 0, one.pk),
    )
    return [strip_item(one) for one in ordered]


def strip_item(series: Series) -> StripItem:
    count = getattr(series, "instance_count", None)
    spacing = series.geometry.get("spacing_mm")
    in_plane = series.geometry.get("pixel_spacing_mm")
    return StripItem(
        series=series,
        title=series_title(series),
        slices="" if count is None else ngettext("%(n)s image", "%(n)s images", count) % {"n": count},
        spacing=_("every %(mm)s mm") % {"mm": _millimetres(spacing)} if spacing else "",
        matrix=" × ".join(_millimetres(value) for value in in_plane) + " mm" if in_plane else "",
        completeness=completeness_fact(series),
        thinness=None if series.is_derived else thinness_fact(series),
    )


def series_title(series: Series) -> str:
    """What people call the series: its description, else its modality and number."""
    if series.series_description:
        return series.series_description
    number = "" if series.series_number is None else f" {series.series_number}"
    return f"{series.modality or _('Series')}{number}"


def completeness_fact(series: Series) -> Fact:
    why = reworded(series.completeness_reason)
    if series.completeness == Series.Completeness.COMPLETE:
        return Fact(_("Complete"), "circle-check", "ok", why)
    return Fact(_("Receiving"), "loader", "info", why)


def thinness_fact(series: Series) -> Fact | None:
    """Thin or not, or that it cannot be told; None for a single image and before anybody has judged it."""
    why = reworded(series.thin_slice_reason) if series.geometry.get("slices", 0) > 1 else ""
    if series.is_thin_slice is None:
        return Fact(_("Thickness unknown"), "circle-help", "", why) if why else None
    if series.is_thin_slice:
        return Fact(_("Thin slices"), "layers", "ok", why)
    return Fact(_("Thick slices"), "layers", "warning", why)


def _millimetres(value: float) -> str:
    return number_format(f"{value:.2f}".rstrip("0").rstrip("."))
