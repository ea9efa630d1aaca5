"""What the path of a request names, among what the actor may see.

Reference  PS3.18 §10.1.1 (resources), §8.2 (URIs)
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actors import Actor, SystemActor
from accounts.models import Person
from accounts.sessions import RowsOfSession
from archive.studies.models import Instance, Series, Study
from archive.studies.outgoing import Identity, identities_of
from archive.studies.selectors import visible_series, visible_studies
from common.errors import InvalidInput, NotFound
from common.lean import Row
from common.prepared import LeanRows, Slot
from common.uids import is_uid_lenient
from integrations.dicomweb.credentials import is_by_session, person_asking, rows_asked

_SUBJECT = (
    "pk", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid", "storage_key", "size_bytes",
    "number_of_frames", "series__series_instance_uid", "series__study__study_instance_uid",
    "series__study__site__code",
)  # fmt: skip
_CORRECTION = ("series__study_id", "series__study__corrected_at")


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
    slots = {name: uid for name, uid in (("series", series), ("instance", instance)) if uid}
    who = None if isinstance(actor, SystemActor) else actor.pk
    found = _visible_instances(actor, frozenset(slots)).all(person=who, study=study, **slots)
    return _made_of(found)


def instance_asked(request: HttpRequest, *, study: str, series: str, instance: str) -> tuple[Person, Subject]:
    """Who asks, and the instance: one statement for both where a session speaks for the person.

    Raises  as `person_asking` and `subjects`.
    """
    if is_by_session(request) and all(map(is_uid_lenient, (study, series, instance))):
        slots = {"study": study, "series": series, "instance": instance}
        person, found = rows_asked(request, _INSTANCE_OF_SESSION, **slots)
        return person, _made_of(found)[0]
    person = person_asking(request)
    return person, subjects(person, study=study, series=series, instance=instance)[0]


def _made_of(found: list[Row]) -> list[Subject]:
    if not found:
        raise NotFound("There is no such resource that you may see")
    corrected = {study_id for *_, study_id, corrected_at in found if corrected_at is not None}
    if not corrected:
        return [Subject(*row[: len(_SUBJECT)]) for row in found]
    identities = identities_of(corrected)
    return [Subject(*row, identity=identities.get(study_id)) for *row, study_id, _corrected_at in found]


def _visible_instances(actor: Actor, named: frozenset[str]) -> LeanRows:
    """The statement, put together once: that took longer than to answer it."""
    return _every_instance(named) if isinstance(actor, SystemActor) else _instances_of(named)


@functools.cache
def _instances_of(named: frozenset[str]) -> LeanRows:
    """For whoever asks: sites, roles and grants of the actor are a part of the statement."""
    return LeanRows(lambda: _instances(visible_studies(Slot("person")), named))


@functools.cache
def _every_instance(named: frozenset[str]) -> LeanRows:
    return LeanRows(lambda: _instances(Study.objects.all(), named))


def _instances(within: QuerySet[Study], named: frozenset[str]) -> QuerySet[Instance, Any]:
    rows = Instance.objects.filter(
        series__withdrawn_at=None,
        series__study__in=within.filter(study_instance_uid=Slot("study")),
    )
    if "series" in named:
        rows = rows.filter(series__series_instance_uid=Slot("series"))
    if "instance" in named:
        rows = rows.filter(sop_instance_uid=Slot("instance"))
    return rows.order_by("series_id", "instance_number", "pk").values_list(*_SUBJECT, *_CORRECTION)


_INSTANCE_OF_SESSION = RowsOfSession(
    lambda: _instances(visible_studies(Slot("person")), frozenset({"series", "instance"}))
)


def series_named(actor: Actor, *, study: str, series: str = "") -> QuerySet[Series]:
    """The series a path names, as far as the actor may see them. Raises InvalidInput."""
    check_uids(study, series)
    named = visible_series(actor).filter(study__study_instance_uid=study)
    return named.filter(series_instance_uid=series) if series else named


def check_uids(*uids: str) -> None:
    """Raises InvalidInput for what is no UID; an empty text is none that was named."""
    if not all(is_uid_lenient(uid) for uid in uids if uid):
        raise InvalidInput("The path names something that is no UID", code="UID_MALFORMED")
