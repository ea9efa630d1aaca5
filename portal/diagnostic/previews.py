"""The picture that stands in the page until the viewer has drawn its own: the one the viewer will show first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from archive.studies.models import Instance, Series, Study
from archive.studies.selectors import series_instances_in_order

BASE = "/dicomweb"
LARGEST = 1024
SHOWN_OVER_OTHERS = ("SEG", "RTDOSE")  # objects with pixels that the viewer lays over images


@dataclass(frozen=True, slots=True)
class Preview:
    """A study on its way into the viewer, with the image it is opened with; None where it has no image."""

    study: Study
    first: Instance | None = None

    @property
    def picture(self) -> str:
        """The address of the first image, empty where there is none."""
        return _address(self.first)

    @property
    def ratio(self) -> str:
        """Width by height of the first image as it is in the patient: pixels need not be square (PS3.3 §10.7.1.3)."""
        if self.first is None or not self.first.rows:
            return ""
        spacing = self.first.pixel_spacing
        between_rows, between_columns = spacing if spacing and min(spacing) > 0 else (1, 1)
        width = (self.first.columns or self.first.rows) * between_columns
        return f"{width / (self.first.rows * between_rows):.4f}"


def previews_of(studies: Sequence[Study], uids: Sequence[str]) -> list[Preview]:
    """What to show of each study, in the order of `uids`."""
    by_uid = {study.study_instance_uid: study for study in studies}
    return [Preview(by_uid[uid], first_instance(by_uid[uid])) for uid in uids if uid in by_uid]


def first_instance(study: Study) -> Instance | None:
    """The image that OHIF opens a study with: of the series of the lowest number, where scrolling begins.

    It scrolls a volume against its slice normal, other series by number.
    """
    pictured = Instance.objects.filter(series=OuterRef("pk"), rows__gt=0)
    series = (
        Series.objects.filter(Exists(pictured), study=study)
        .exclude(modality__in=SHOWN_OVER_OTHERS)
        .order_by("series_number", "pk")
        .first()
    )
    if series is None:
        return None
    instances = [one for one in series_instances_in_order(series) if one.rows]
    has_places = len(instances) > 1 and all(one.image_position and one.image_orientation for one in instances)
    first = instances[-1] if has_places else instances[0]
    first.series, series.study = series, study
    return first


def _address(instance: Instance | None) -> str:
    if instance is None:
        return ""
    series = instance.series
    path = f"studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
    address = f"{BASE}/{path}/instances/{instance.sop_instance_uid}/frames/1/rendered?accept=image/jpeg"
    is_large = max(instance.rows or 0, instance.columns or 0) > LARGEST
    return f"{address}&viewport={LARGEST},{LARGEST}" if is_large else address
