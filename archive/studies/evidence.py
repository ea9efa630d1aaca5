"""Keeping what others say a series has: the word of modalities and peers, before or after the images.

What is said of a series that is complete is compared when it is judged again; it does not reopen it by itself
unless somebody names instances that are not here.
"""

from __future__ import annotations

from collections.abc import Iterable

from archive.studies.models import Series, SeriesEvidence
from common import clock

Kind = SeriesEvidence.Kind


def note_named(
    kind: SeriesEvidence.Kind,
    *,
    reference: str,
    said_by: str,
    series: Iterable[tuple[str, Iterable[str]]],
    is_final: bool = True,
) -> int:
    """Keep which instances somebody names of each series; what the same reference said before is replaced."""
    now = clock.now()
    rows = [
        SeriesEvidence(
            series_instance_uid=series_instance_uid,
            kind=kind,
            reference=reference,
            said_by=said_by[:16],
            is_final=is_final,
            instance_uids=sorted(set(uids)),
            said_at=now,
        )
        for series_instance_uid, uids in series
    ]
    SeriesEvidence.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["series_instance_uid", "kind", "reference"],
        update_fields=["said_by", "is_final", "instance_uids", "said_at"],
    )
    _reopen(row.series_instance_uid for row in rows)
    return len(rows)


def _reopen(series_instance_uids: Iterable[str]) -> None:
    """Have complete series judged against what is said of them now."""
    Series.objects.filter(
        series_instance_uid__in=list(series_instance_uids), completeness=Series.Completeness.COMPLETE
    ).update(completeness=Series.Completeness.RECEIVING)
