"""What a retrieve request names, and how far it has come.

Reference  PS3.4 §C.4.2.1 (C-MOVE), §C.4.3.1 (C-GET): unique keys, statuses, counts of sub-operations
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from archive.studies.models import Instance, Study
from archive.studies.outgoing import Identity, identities_of
from archive.studies.queries.requests import UNIQUE_KEYS, Key, Level, Query
from archive.studies.queries.search import search
from common.errors import InvalidInput
from integrations.dicom import dimse

_WARNINGS = range(0xB000, 0xC000)
_FIELDS = (
    "pk", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "storage_key", "size_bytes",
    "series__study__study_instance_uid",
)  # fmt: skip
_FILING = ("series__study__corrected_at", "series__study_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instance to be sent, under another identity than its bytes have where its study was corrected."""

    pk: int
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    storage_key: str
    size_bytes: int
    study_instance_uid: str
    identity: Identity | None = None


@dataclass(slots=True)
class Progress:
    """How far the sub-operations have come."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed_uids: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return len(self.failed_uids)

    def note(self, wanted: Wanted, status: int) -> None:
        self.remaining -= 1
        if status == 0:
            self.completed += 1
        elif status in _WARNINGS:
            self.warning += 1
        else:
            self.failed_uids.append(wanted.sop_instance_uid)

    def counts(self, *, is_last: bool = False) -> dict[int, int]:
        """The numbers of a response. Those that remain are told in the last one only if it was cancelled."""
        remaining = {} if is_last and not self.remaining else {dimse.REMAINING: self.remaining}
        return remaining | {
            dimse.COMPLETED: self.completed, dimse.FAILED: self.failed, dimse.WARNING: self.warning,
        }  # fmt: skip


def wanted_instances(query: Query, *, within: QuerySet[Study], at_most: int) -> list[Wanted]:
    """The instances a retrieve identifier names by its unique keys, series after series in their order.

    Raises  InvalidInput if a unique key is missing or holds wild cards, or too much is asked for at once.
    """
    named = _unique_keys(query)
    instances = Instance.objects.filter(series__withdrawn_at=None)
    if Level.PATIENT in named and Level.STUDY not in named:
        studies = search(
            Query(
                Level.STUDY,
                (named[Level.PATIENT], Key(0x0020000D, "UI")),
                is_patient_root=True,
                is_relational=True,
            ),
            within=within,
        )
        uids = [row[-1] for row in studies.rows]
        instances = instances.filter(series__study__in=within.filter(study_instance_uid__in=uids))
    else:
        instances = instances.filter(
            series__study__in=within.filter(study_instance_uid__in=named[Level.STUDY].values)
        )
    if Level.SERIES in named:
        instances = instances.filter(series__series_instance_uid__in=named[Level.SERIES].values)
    if Level.IMAGE in named:
        instances = instances.filter(sop_instance_uid__in=named[Level.IMAGE].values)
    return _wanted(instances, at_most=at_most)


def instances_of_study(study: Study) -> list[Wanted]:
    """Every instance of a study, series after series in their order."""
    instances = Instance.objects.filter(series__study=study, series__withdrawn_at=None)
    return _wanted(instances)


def _wanted(instances: QuerySet[Instance], *, at_most: int | None = None) -> list[Wanted]:
    """One statement; two more where some of the studies were corrected, however many instances they have."""
    rows: list[tuple[Any, ...]] = list(
        instances.order_by("series_id", "instance_number", "id").values_list(*_FIELDS, *_FILING)[
            : at_most + 1 if at_most is not None else None
        ]
    )
    if at_most is not None and len(rows) > at_most:
        raise InvalidInput("Too many instances for one retrieval", code="RETRIEVAL_TOO_LARGE")
    identities = identities_of({row[-1] for row in rows if row[-2] is not None})
    return [Wanted(*(*row[:-2], identities.get(row[-1]))) for row in rows]


def _unique_keys(query: Query) -> dict[Level, Key]:
    top = Level.PATIENT if query.is_patient_root else Level.STUDY
    found: dict[Level, Key] = {}
    if query.level < top:
        raise InvalidInput("The Study Root model has no PATIENT level", code="QUERY_LEVEL")
    for level in range(top, query.level + 1):
        tag, keyword = UNIQUE_KEYS[Level(level)]
        key = query.key(tag)
        is_optional = level == Level.PATIENT and query.level > Level.PATIENT  # the study names its patient
        if key is None or key.is_universal:
            if is_optional:
                continue
            raise InvalidInput(
                f"{keyword} is needed at the {query.level.name} level",
                code="UNIQUE_KEY_MISSING",
                fields={keyword: "is missing"},
            )
        if any("*" in value or "?" in value for value in key.values):
            raise InvalidInput(f"{keyword} holds wild cards", code="UNIQUE_KEY_MISSING")
        found[Level(level)] = key
    return found
