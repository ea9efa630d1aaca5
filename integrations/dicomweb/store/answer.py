"""What became of each instance, as the Store Instances Response module tells it.

Reference  PS3.18 §10.5.3 (response), §I.2 (module, warning and failure reasons), §F (JSON), PS3.19 §A.1 (XML)
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

from archive.studies.metadata.native_xml import native_xml
from common.errors import ServiceError
from integrations.dicom.status import DATA_SET_MISMATCH, storage_status
from integrations.dicomweb.errors import RETRY_AFTER_S
from integrations.dicomweb.media_types import DICOM_XML, MediaType
from integrations.dicomweb.store.intake import Failed, Stored

COERCED = 0xB000  # Coercion of Data Elements
_CLASS_UID, _INSTANCE_UID = "00081150", "00081155"
_URL, _WARNING, _FAILURE = "00081190", "00081196", "00081197"
_FAILED, _STORED, _OTHER = "00081198", "00081199", "0008119A"
_VRS = {
    _CLASS_UID: "UI", _INSTANCE_UID: "UI", _URL: "UR", _WARNING: "US", _FAILURE: "US",
    _FAILED: "SQ", _STORED: "SQ", _OTHER: "SQ",
}  # fmt: skip
Model = dict[str, Any]


@dataclass(slots=True)
class Outcomes:
    """What became of the instances of a request, in the order they came."""

    stored: list[Stored] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)

    def add(self, outcome: Stored | Failed) -> None:
        if isinstance(outcome, Stored):
            self.stored.append(outcome)
        else:
            self.failed.append(outcome)

    @property
    def status(self) -> int:
        """PS3.18 Table 10.5.3-1; 503 where nothing could be stored for want of something that may come back."""
        if not self.stored:
            is_for_later = bool(self.failed) and all(not one.error.permanent for one in self.failed)
            return 503 if is_for_later else 409
        is_plain = not self.failed and not any(one.is_coerced for one in self.stored)
        return 200 if is_plain else 202

    @property
    def studies(self) -> dict[str, int]:
        """How many instances were stored, by study."""
        counts: dict[str, int] = {}
        for one in self.stored:
            uid = one.outcome.study_instance_uid
            counts[uid] = counts.get(uid, 0) + 1
        return counts


def response(outcomes: Outcomes, media: MediaType, *, studies_url: str) -> HttpResponse:
    """The answer in the media type agreed on; `studies_url` is that of the resource of all studies."""
    body = module(outcomes, studies_url)
    text = native_xml(body) if media.type == DICOM_XML.type else json.dumps(body)
    answer = HttpResponse(text, status=outcomes.status, content_type=media.type)
    if outcomes.status == 503:
        answer["Retry-After"] = str(RETRY_AFTER_S)
    return answer


def module(outcomes: Outcomes, studies_url: str) -> Model:
    """The Store Instances Response, as DICOM JSON (PS3.18 Table I.2-1)."""
    body: Model = {}
    studies = outcomes.studies
    if len(studies) == 1:
        body |= _element(_URL, f"{studies_url}/{next(iter(studies))}")
    unnamed = [one for one in outcomes.failed if not one.sop_instance_uid]
    named = [one for one in outcomes.failed if one.sop_instance_uid]
    for tag, items in (
        (_FAILED, [_names(one.sop_class_uid, one.sop_instance_uid) | _reason(one.error) for one in named]),
        (_STORED, [_reference(one, studies_url) for one in outcomes.stored]),
        (_OTHER, [_reason(one.error) for one in unnamed]),
    ):
        if items:
            body |= _element(tag, *items)
    return body


def failure_reason(error: ServiceError) -> int:
    """PS3.18 Table I.2-2: 0xA7xx asks the client to try later, all others not to."""
    return DATA_SET_MISMATCH if error.code == "OTHER_STUDY" else storage_status(error)


def _reference(one: Stored, studies_url: str) -> Model:
    outcome = one.outcome
    url = (
        f"{studies_url}/{outcome.study_instance_uid}/series/{outcome.series_instance_uid}"
        f"/instances/{outcome.sop_instance_uid}"
    )
    item = _names(one.sop_class_uid, outcome.sop_instance_uid) | _element(_URL, url)
    return item | (_element(_WARNING, COERCED) if one.is_coerced else {})


def _names(sop_class_uid: str, sop_instance_uid: str) -> Model:
    return _element(_CLASS_UID, sop_class_uid) | _element(_INSTANCE_UID, sop_instance_uid)


def _reason(error: ServiceError) -> Model:
    return _element(_FAILURE, failure_reason(error))


def _element(tag: str, *values: Any) -> Model:
    return {tag: {"vr": _VRS[tag], "Value": list(values)}}
