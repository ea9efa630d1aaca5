"""What is known of a series' completeness: the word of modalities and peers, kept and compared with what is here.

Their word may come before, during or after the images. A complete series of which something new is said is
judged anew.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Count, Max

from archive.orders.performed import is_under_way
from archive.studies.completeness import Evidence, Named, Verdict
from archive.studies.geometry import Geometry
from archive.studies.models import Instance, Series, SeriesEvidence, WithdrawnInstance
from common import clock

Kind = SeriesEvidence.Kind
_STRONGEST_FIRST = (Kind.MPPS, Kind.AVAILABILITY, Kind.COMMITMENT)


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


def gather_evidence(series: Series, *, measure: Callable[[], Geometry]) -> Evidence:
    """Everything that bears on a series, in a handful of statements whatever its size."""
    facts = series.instances.aggregate(count=Count("pk"), latest=Max("received_at"))
    withdrawn = WithdrawnInstance.objects.filter(series=series).count()
    named = _named(series, facts["count"])
    return Evidence(
        instances=facts["count"] + withdrawn,
        expected=series.expected_instances,
        quiet=clock.now() - max(facts["latest"] or series.last_received_at, series.last_received_at),
        quiet_needed=dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS),
        measure=cache(measure),
        is_sending=series.is_sending,
        is_under_way=not named and is_under_way(series.study.study_instance_uid),
        named=named,
    )


def as_json(evidence: Evidence, verdict: Verdict) -> dict[str, Any]:
    """The numbers a verdict rests on, as they are kept with the series."""
    return {
        "decided_by": verdict.decided_by,
        "here": evidence.instances,
        "announced": evidence.expected,
        "quiet_s": round(evidence.quiet.total_seconds(), 1) if verdict.is_complete else None,
        "is_sending": evidence.is_sending,
        "is_under_way": evidence.is_under_way,
        "named": [
            {"by": one.kind, "total": one.total, "missing": one.missing, "unnamed": one.unnamed}
            for one in evidence.named
        ],
    }


def _named(series: Series, here: int) -> tuple[Named, ...]:
    """The lists there are, each kind's taken together, the strongest first; lists that may still grow are left out."""
    lists: dict[str, set[str]] = defaultdict(set)
    said = SeriesEvidence.objects.filter(series_instance_uid=series.series_instance_uid, is_final=True)
    for kind, uids in said.values_list("kind", "instance_uids"):
        lists[kind].update(uids)
    return tuple(_compared(series, kind, lists[kind], here) for kind in _STRONGEST_FIRST if lists.get(kind))


def _compared(series: Series, kind: str, uids: set[str], here: int) -> Named:
    held = Instance.objects.filter(series=series, sop_instance_uid__in=uids).count()
    withdrawn = 0
    if held < len(uids):
        withdrawn = WithdrawnInstance.objects.filter(sop_instance_uid__in=uids).count()
    return Named(kind, len(uids), missing=len(uids) - held - withdrawn, unnamed=here - held)
