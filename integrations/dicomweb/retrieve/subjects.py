"""What the path of a request names, among what the actor may see.

Reference  PS3.18 §10.1.1 (resources), §8.2 (URIs)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from accounts.actors import Actor
from archive.studies.models import Instance, Series
from archive.studies.outgoing import Identity, identities_of
from archive.studies.selectors import visible_series, visible_studies
from common.errors import InvalidInput, NotFound
from common.uids import is_uid_lenient

_FIELDS = (
    "pk", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "storage_key", "size_bytes",
    "number_of_frames", "series__series_instance_uid", "series__study__study_instance_uid",
    "series__study__site__code",
)  # fmt: skip
_FILING = ("series__study__corrected_at", "series__study_id")


@dataclass(frozen=True, slots=True)
class Subject:
    """An instance to be given, under another identity than its bytes have where its study was corrected."""

    pk: int
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    storage_key: str
    size_bytes: int
    number_of_frames: int
    series_instance_uid: str
    study_instance_uid: str
    site_code: str
    identity: Identity | None = field(default=None, kw_only=True)

    @property
    def path(self) -> str:
        """Where it is to be had, below the base URI."""
        series = f"studies/{self.study_instance_uid}/series/{self.series_instance_uid}"
        return f"{series}/instances/{self.sop_instance_uid}"


def subjects(actor: Actor, *, study: str, series: str = "", instance: str = "") -> list[Subject]:
    """The instances of a study, of one of its series, or the one instance; series after series in their order.

    One statement; two more where the study was corrected.
    Raises  InvalidInput for what is no UID; NotFound if there is nothing of it that the actor may see.
    """
    check_uids(study, series, instance)
    rows = Instance.objects.filter(
        series__withdrawn_at=None,
        series__study__in=visible_studies(actor).filter(study_instance_uid=study),
    )
    if series:
        rows = rows.filter(series__series_instance_uid=series)
    if instance:
        rows = rows.filter(sop_instance_uid=instance)
    found: list[tuple[Any, ...]] = list(
        rows.order_by("series_id", "instance_number", "pk").values_list(*_FIELDS, *_FILING)
    )
    if not found:
        raise NotFound("There is no such resource that you may see")
    identities = identities_of({row[-1] for row in found if row[-2] is not None})
    return [Subject(*row[:-2], identity=identities.get(row[-1])) for row in found]


def series_named(actor: Actor, *, study: str, series: str = "") -> QuerySet[Series]:
    """The series a path names, as far as the actor may see them. Raises InvalidInput."""
    check_uids(study, series)
    named = visible_series(actor).filter(study__study_instance_uid=study)
    return named.filter(series_instance_uid=series) if series else named


def check_uids(*uids: str) -> None:
    """Raises InvalidInput for what is no UID; an empty text is none that was named."""
    if not all(is_uid_lenient(uid) for uid in uids if uid):
        raise InvalidInput("The path names something that is no UID", code="UID_MALFORMED")
