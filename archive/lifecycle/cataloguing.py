"""Reading the optional query keys of series that came before the keys were known, from one stored header each.

A series tells by `catalogue_version` which keys its row was written with; those of an earlier version are a
partial index, so that the duty costs one look at an empty index when it is through. A series whose bytes cannot be had
now is passed by until the round begins again.

Reference  PS3.4 §C.6 (optional keys)
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import QuerySet

from archive.lifecycle.models import Bookmark
from archive.mpi.models import Patient
from archive.storage.objects import open_object
from archive.studies.attributes import CATALOGUE_VERSION
from archive.studies.elements import WANTED, PatientFacts, patient_facts, series_facts, study_facts
from archive.studies.header import Header, read_header, read_staged
from archive.studies.models import Instance, Series, Study
from archive.studies.received import split_part10
from common import clock
from common.errors import InvalidInput, NotFound, Unavailable

log = structlog.get_logger(__name__)

BOOKMARK = "catalogue.series"
_HEAD = 8 * 1024 * 1024
_PASS = dt.timedelta(seconds=3)
_NAME_PARTS = ("middle_name", "name_prefix", "name_suffix")


@dataclass(frozen=True, slots=True)
class CatalogueState:
    """How many series wait to have their optional keys read, and how many there are."""

    version: int
    series: int
    waiting: int

    @property
    def percent(self) -> int:
        return 100 if not self.waiting else 100 * (self.series - self.waiting) // max(self.series, 1)


def series_waiting() -> QuerySet[Series]:
    """Series in sight whose row was written before some of the optional keys were known."""
    return Series.objects.filter(catalogue_version__lt=CATALOGUE_VERSION)


def catalogue_state() -> CatalogueState:
    """How far reading has got. All series are only counted while there is something to read."""
    waiting = series_waiting().count()
    return CatalogueState(CATALOGUE_VERSION, Series.objects.count() if waiting else 0, waiting)


def catalogue_series(*, limit: int = 200) -> int:
    """Read one header for each of the next series that wait; how many were read."""
    if not series_waiting().exists():
        return 0
    bookmark, _made = Bookmark.objects.get_or_create(name=BOOKMARK, defaults={"moved_at": clock.now()})
    end, position, done = clock.now() + _PASS, bookmark.position, 0
    for _turn in range(limit):
        following = _next(position)
        if following is None:
            position = 0  # those passed by have their turn in the next round
            break
        position = following
        done += _catalogue(following)
        if clock.now() > end:
            break
    Bookmark.objects.filter(pk=bookmark.pk).update(position=position, moved_at=clock.now())
    if done:
        log.info("catalogue.series_read", series=done, version=CATALOGUE_VERSION)
    return done


def _next(position: int) -> int | None:
    return series_waiting().filter(pk__gt=position).order_by("pk").values_list("pk", flat=True).first()


def _catalogue(series_pk: int) -> bool:
    """Read the keys of one series, unless somebody else is about to; whether it is done with."""
    with transaction.atomic():
        series = (
            series_waiting().select_for_update(skip_locked=True, of=("self",))
            .select_related("study").filter(pk=series_pk).first()
        )  # fmt: skip
        instance = Instance.objects.filter(series_id=series_pk).order_by("pk").first()
        if series is None or instance is None:
            return False
        try:
            header = _header_of(instance)
        except Unavailable as error:
            log.warning("catalogue.not_read", series=series.series_instance_uid, code=error.code)
            return False
        except (InvalidInput, NotFound) as error:  # nothing is to be read from it, now or later
            log.warning("catalogue.unreadable", series=series.series_instance_uid, code=error.code)
        else:
            _fill(series, header)
        series.catalogue_version = CATALOGUE_VERSION
        series.save(update_fields=["attributes", "catalogue_version"])
    return True


def _header_of(instance: Instance) -> Header:
    """The header of a stored object; a large one is read beside memory."""
    with open_object(instance.storage_key) as file:
        head = file.read(_HEAD)
        syntax, offset = split_part10(head)
        if instance.size_bytes <= _HEAD:
            return read_header(head, offset=offset, transfer_syntax_uid=syntax, wanted=WANTED)
        with tempfile.NamedTemporaryFile(prefix="consilium-header-") as copy:
            copy.write(head)
            shutil.copyfileobj(file, copy, _HEAD)
            copy.flush()
            return read_staged(Path(copy.name), offset=offset, transfer_syntax_uid=syntax, wanted=WANTED)


def _fill(series: Series, header: Header) -> None:
    """Add what the rows lack; what they say already stays."""
    series.attributes = series_facts(header).attributes | series.attributes
    study = Study.all_objects.select_for_update().get(pk=series.study_id)
    if study.corrected_at is not None:  # the object may tell of another patient or order
        return
    attributes = study_facts(header).attributes | study.attributes
    if attributes != study.attributes:
        Study.all_objects.filter(pk=study.pk).update(attributes=attributes)
    _complete_name(study.patient_id, patient_facts(header))


def _complete_name(patient_pk: int, facts: PatientFacts) -> None:
    """Give a patient known by family and given name alone the other components of the same name."""
    if not any(getattr(facts, part) for part in _NAME_PARTS):
        return
    patient = Patient.objects.select_for_update().get(pk=patient_pk)
    same = (patient.family_name, patient.given_name) == (facts.family_name, facts.given_name)
    if same and not any(getattr(patient, part) for part in _NAME_PARTS):
        for part in _NAME_PARTS:
            setattr(patient, part, getattr(facts, part))
        patient.save(update_fields=_NAME_PARTS)
