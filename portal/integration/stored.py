"""What stands still of stored bytes and of corrections: four kinds, asked for in one statement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, F, QuerySet, Value, When
from django.db.models.functions import Cast, Concat, Upper

from accounts.models import Person, Site
from accounts.privileges import Privilege
from archive.lifecycle.selectors import segments_left_open, unrepaired_findings
from archive.lifecycle.stuck import copies_standing_still
from archive.studies.corrections.access import corrections_standing_still

SEGMENT, FINDING, COPY, CORRECTION = (
    "segment_open", "finding_unrepaired", "copy_stuck", "correction_planned",
)  # fmt: skip
_COLUMNS = ("what", "subject", "place", "since", "told", "standing")


@dataclass(frozen=True, slots=True)
class Stored:
    """One of them: its kind, what it is, where, since when, the code of what went wrong, and its state."""

    what: str
    subject: str
    site: Site | None
    since: dt.datetime
    code: str
    state: str


def stored_standing_still(
    person: Person, privileges: frozenset[Privilege], *, limit: int
) -> dict[str, list[Stored]]:
    """By kind, the longest first, at most `limit` of each. Two statements."""
    asked: list[QuerySet[Any, Any]] = []
    if Privilege.MANAGE_STORAGE in privileges:
        asked += [_segments()[:limit], _findings()[:limit], _copies()[:limit]]
    if Privilege.CORRECT_STUDIES in privileges:
        asked.append(_corrections(person)[:limit])
    if not asked:
        return {}
    rows = list(asked[0].union(*asked[1:], all=True) if asked[1:] else asked[0])
    sites = Site.objects.in_bulk({place for _what, _subject, place, *_rest in rows if place is not None})
    found: dict[str, list[Stored]] = {}
    for what, subject, place, since, told, standing in sorted(rows, key=lambda row: row[3]):
        found.setdefault(what, []).append(Stored(what, subject, sites.get(place), since, told, standing))
    return found


def _segments() -> QuerySet[Any, Any]:
    return _as(SEGMENT, segments_left_open(), subject=F("key"), place=F("site_id"), since=F("created_at"))


def _findings() -> QuerySet[Any, Any]:
    subject = Case(When(sop_instance_uid="", then=F("storage_key")), default=F("sop_instance_uid"))
    return _as(
        FINDING, unrepaired_findings(), subject=subject, place=F("segment__site_id"), since=F("found_at"),
        told=F("code"), standing=F("state"),
    )  # fmt: skip


def _copies() -> QuerySet[Any, Any]:
    told = Case(When(problem="", then=Value("VOLUME_NOT_ONLINE")), default=F("problem"))
    subject = Concat("segment__key", Value(" → "), "volume__name", output_field=CharField())
    return _as(
        COPY, copies_standing_still(), subject=subject,
        place=F("segment__site_id"), since=F("changed_at"), told=told, standing=F("state"),
    )  # fmt: skip


def _corrections(person: Person) -> QuerySet[Any, Any]:
    told = Concat(Value("CORRECTION_"), Upper("kind"), output_field=CharField())
    return _as(
        CORRECTION, corrections_standing_still(person), subject=F("study_instance_uid"),
        place=F("study__site_id"), since=F("made_at"), told=told,
    )  # fmt: skip


def _as(what: str, found: QuerySet[Any, Any], **columns: Any) -> QuerySet[Any, Any]:
    """The rows of a kind in the columns that all kinds have."""
    texts = {"told": Value(""), "standing": Value("")} | columns
    for name in ("subject", "told", "standing"):
        texts[name] = Cast(texts[name], CharField())
    rows: QuerySet[Any, Any] = found.annotate(what=Value(what, CharField()), **texts).values_list(*_COLUMNS)
    return rows
