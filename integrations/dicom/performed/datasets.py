"""What an N-CREATE or N-SET of a performed procedure step says, checked and in our words.

Peers send anything: every value is looked at before it is used, and what is wrong is named by its keyword.

Reference  PS3.4 Table F.7.2-1 (attributes of N-CREATE, N-SET and the final state)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from archive.orders.models import PerformedProcedureStep
from archive.orders.performed import Performed, PerformedSeries, Scheduled
from common.clock import parse_da, parse_tm
from common.data_sets import DATA_SET_FAILURES
from common.errors import InvalidInput
from common.uids import is_uid_lenient

MOST_SERIES = 2_000
MOST_INSTANCES = 200_000
_NEEDED = (
    "ScheduledStepAttributesSequence", "PerformedProcedureStepID", "PerformedStationAETitle",
    "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", "PerformedProcedureStepStatus",
    "Modality",
)  # fmt: skip
_NEEDED_AT_THE_END = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime")
_FIXED = (*_NEEDED[:5], "Modality", "PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID")
_REFERENCES = ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence")
Status = PerformedProcedureStep.Status


def created(attributes: Dataset) -> Performed:
    """The step an N-CREATE starts.

    Raises  InvalidInput FIELD_MISSING, VALUE_MISSING or VALUE_INVALID with the keyword in `fields`.
    """
    performed = _read(attributes)
    if performed.status != Status.IN_PROGRESS:
        raise _invalid("PerformedProcedureStepStatus", "a step begins IN PROGRESS")
    return performed


def updated(known: dict[str, Any], changes: Dataset) -> Performed:
    """The step as it is after an N-SET; what a step began with does not change.

    Raises  InvalidInput as `created`.
    """
    whole = Dataset.from_json(known)
    for keyword in _FIXED:
        if (
            keyword in changes
            and changes[keyword].value
            and changes[keyword] != whole.get(keyword and changes[keyword].tag)
        ):
            raise _invalid(keyword, "it does not change once the step has begun")
    for element in changes:
        if element.keyword not in _FIXED:
            whole[element.tag] = element
    performed = _read(whole)
    if performed.status == Status.IN_PROGRESS:
        return performed
    for keyword in _NEEDED_AT_THE_END:
        _text(whole, keyword)
    if performed.status == Status.COMPLETED:
        _present(whole, "PerformedSeriesSequence")
        if not performed.series:
            raise _missing("PerformedSeriesSequence", "VALUE_MISSING")
    return performed


def _differs(whole: Dataset, changes: Dataset, keyword: str) -> bool:
    """Whether a change says something else; an empty value says nothing."""
    element = changes[keyword]
    return not element.is_empty and (keyword not in whole or whole[keyword].value != element.value)


def _read(attributes: Dataset) -> Performed:
    for keyword in _NEEDED:
        _present(attributes, keyword)
    status = _text(attributes, "PerformedProcedureStepStatus")
    if status not in Status.values:
        raise _invalid("PerformedProcedureStepStatus", "no such state")
    return Performed(
        performed_procedure_step_id=_text(attributes, "PerformedProcedureStepID", longest=16),
        station_ae_title=_text(attributes, "PerformedStationAETitle", longest=16),
        modality=_text(attributes, "Modality", longest=16),
        status=Status(status),
        started_at=_moment(attributes, "PerformedProcedureStepStart"),
        ended_at=_moment(attributes, "PerformedProcedureStepEnd") if _has_ended(attributes) else None,
        scheduled=tuple(_scheduled(attributes)),
        discontinuation_code=_discontinued_for(attributes),
        series=tuple(_series(attributes)),
        attributes=_as_json(attributes),
    )


def _scheduled(attributes: Dataset) -> Iterator[Scheduled]:
    items = _items(attributes, "ScheduledStepAttributesSequence")
    if not items:
        raise _missing("ScheduledStepAttributesSequence", "VALUE_MISSING")
    for item in items:
        yield Scheduled(
            study_instance_uid=_uid(item, "StudyInstanceUID"),
            accession_number=_optional(item, "AccessionNumber", 16),
            scheduled_procedure_step_id=_optional(item, "ScheduledProcedureStepID", 16),
            requested_procedure_id=_optional(item, "RequestedProcedureID", 16),
        )


def _series(attributes: Dataset) -> Iterator[PerformedSeries]:
    items = _items(attributes, "PerformedSeriesSequence")
    if len(items) > MOST_SERIES:
        raise _invalid("PerformedSeriesSequence", f"more than {MOST_SERIES} series")
    left = MOST_INSTANCES
    for item in items:
        uids = list(
            dict.fromkeys(
                _uid(reference, "ReferencedSOPInstanceUID")
                for keyword in _REFERENCES
                for reference in _items(item, keyword)
            )
        )
        left -= len(uids)
        if left < 0:
            raise _invalid("ReferencedImageSequence", f"more than {MOST_INSTANCES} instances")
        description = _optional(item, "SeriesDescription", 64)
        yield PerformedSeries(_uid(item, "SeriesInstanceUID"), tuple(uids), description)


def _discontinued_for(attributes: Dataset) -> str:
    items = _items(attributes, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    return _optional(items[0], "CodeValue", 16) if items else ""


def _has_ended(attributes: Dataset) -> bool:
    return bool(_optional(attributes, "PerformedProcedureStepEndDate", 16))


def _moment(attributes: Dataset, stem: str) -> dt.datetime:
    """A date and a time of ours, which is what a modality's clock shows."""
    day = parse_da(_text(attributes, f"{stem}Date"))
    if day is None:
        raise _invalid(f"{stem}Date", "not a date")
    time = parse_tm(_text(attributes, f"{stem}Time"))
    if time is None:
        raise _invalid(f"{stem}Time", "not a time")
    return timezone.make_aware(dt.datetime.combine(day, time))


def _present(attributes: Dataset, keyword: str) -> None:
    if keyword not in attributes:
        raise _missing(keyword, "FIELD_MISSING")


def _items(attributes: Dataset, keyword: str) -> list[Dataset]:
    if keyword not in attributes:
        return []
    value = attributes[keyword].value
    if value is None or value == "":
        return []
    if not isinstance(value, Sequence):
        raise _invalid(keyword, "not a sequence")
    return list(value)


def _uid(attributes: Dataset, keyword: str) -> str:
    value = _text(attributes, keyword)
    if not is_uid_lenient(value):
        raise _invalid(keyword, "not a UID")
    return value


def _text(attributes: Dataset, keyword: str, *, longest: int = 64) -> str:
    """A value that must be there."""
    _present(attributes, keyword)
    value = _optional(attributes, keyword, longest)
    if not value:
        raise _missing(keyword, "VALUE_MISSING")
    return value


def _optional(attributes: Dataset, keyword: str, longest: int) -> str:
    value = attributes.get(keyword)
    text = "" if value is None else str(value).strip(" \0")
    if len(text) > longest or "\0" in text:
        raise _invalid(keyword, "too long or not text")
    return text


def _as_json(attributes: Dataset) -> dict[str, Any]:
    """Everything that was said, as DICOM JSON. Raises InvalidInput for values that no VR allows."""
    try:
        said: dict[str, Any] = _without_nul(attributes.to_json_dict())
    except DATA_SET_FAILURES as error:
        raise _invalid("AttributeList", "a value that cannot be read") from error
    return said


def _without_nul(value: Any) -> Any:
    """PostgreSQL keeps no NUL in JSON."""
    if isinstance(value, dict):
        return {key: _without_nul(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    return value.replace("\0", "") if isinstance(value, str) else value


def _missing(keyword: str, code: str) -> InvalidInput:
    return InvalidInput(f"{keyword} is missing", code=code, fields={keyword: "is missing"})


def _invalid(keyword: str, problem: str) -> InvalidInput:
    return InvalidInput(f"{keyword}: {problem}", code="VALUE_INVALID", fields={keyword: problem})
