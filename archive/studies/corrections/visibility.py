"""Series and studies out of sight once everything in them was withdrawn, and back with what comes again."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef

from archive.studies.models import Instance, Series, Study
from common import clock


def hide_what_is_empty(series: Iterable[Series], studies: Iterable[Study]) -> None:
    """Take the series that hold no instance any more out of sight, and the studies without a series in sight.

    The caller holds the rows locked, so that no instance is on its way into them.
    """
    now = clock.now()
    held = Instance.objects.filter(series=OuterRef("pk"))
    keys = [one.pk for one in series]
    Series.all_objects.filter(~Exists(held), pk__in=keys, withdrawn_at=None).update(withdrawn_at=now)
    present = Series.objects.filter(study=OuterRef("pk"))
    keys = [one.pk for one in studies]
    Study.all_objects.filter(~Exists(present), pk__in=keys, withdrawn_at=None).update(withdrawn_at=now)


def bring_back(series: Series) -> None:
    """A series gets instances again: it and its study are to be seen, and it is judged anew."""
    Series.all_objects.filter(pk=series.pk).update(
        withdrawn_at=None, completeness=Series.Completeness.RECEIVING
    )
    series.withdrawn_at = None
    bring_back_study(series.study)


def bring_back_study(study: Study) -> None:
    """A study gets a series again."""
    Study.all_objects.filter(pk=study.pk).update(withdrawn_at=None)
    study.withdrawn_at = None
