"""Storing instances over HTTP (STOW-RS).

Reference  PS3.18 §10.5 (store transaction)
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.audit import record_audit
from accounts.models import AuditEvent, Person
from common.errors import InvalidInput
from common.uids import is_uid_lenient
from integrations.dicomweb.door import dicomweb_view
from integrations.dicomweb.errors import MediaTypeRefused
from integrations.dicomweb.media_types import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    JSON,
    MULTIPART_DICOM,
    MULTIPART_DICOM_XML,
    OCTET_STREAM,
    MediaType,
    negotiate,
    parse_media_type,
    related,
)
from integrations.dicomweb.multipart_reading import IncomingPart, boundary_of, read_parts
from integrations.dicomweb.store.admission import Admission
from integrations.dicomweb.store.answer import Outcomes, response
from integrations.dicomweb.store.body import Body
from integrations.dicomweb.store.intake import Intake
from integrations.dicomweb.store.metadata import store_metadata

_ANSWERS = (DICOM_JSON, JSON, DICOM_XML)
_METADATA = frozenset([DICOM_JSON.type, DICOM_XML.type])


@dicomweb_view("POST")
def store_instances(request: HttpRequest, actor: Person, study: str = "") -> HttpResponse:
    """Store the instances of the request, each for itself: one that fails is told of, and spares the others.

    An instance that is told as stored is durable and indexed. A message that breaks off is answered with 400,
    one that does not come with 408, though what came whole before is stored: to send all of it again does no harm.
    """
    sent = _media_type(request)
    answer_in = negotiate(request, _ANSWERS)
    if study and not is_uid_lenient(study):
        raise InvalidInput("The Study Instance UID in the path is none", code="UID_UNUSABLE")
    admission = Admission(actor, study_instance_uid=study, site_code=request.GET.get("site", "")[:32])
    outcomes = Outcomes()
    try:
        with Body(request) as body, Intake(admission, outcomes.add) as intake:
            _take(body, sent, intake)
        if not (outcomes.stored or outcomes.failed):
            raise InvalidInput("The message holds no object", code="NO_OBJECTS")
    finally:
        _note(actor, outcomes, study)
    return response(outcomes, answer_in, studies_url=_studies_url(request))


def _media_type(request: HttpRequest) -> MediaType:
    """What is sent. Raises  MediaTypeRefused, also for a content coding (RFC 9110 §15.5.16); InvalidInput."""
    if request.headers.get("Content-Encoding", "").strip().lower() not in {"", "identity"}:
        raise MediaTypeRefused("Objects are taken without a content coding", code="CONTENT_CODING")
    sent = parse_media_type(request.headers.get("Content-Type") or OCTET_STREAM.type)
    if sent.part_type not in {DICOM.type, *_METADATA}:
        taken = ", ".join(map(str, (MULTIPART_DICOM, related(DICOM_JSON), MULTIPART_DICOM_XML)))
        raise MediaTypeRefused(f"Objects are taken as {taken}")
    if sent.type in _METADATA:
        raise MediaTypeRefused("Metadata are taken with their bulk data, in a multipart message")
    return sent


def _take(body: Body, sent: MediaType, intake: Intake) -> None:
    if sent.type == DICOM.type:
        intake.store(body.pieces())
        return
    parts = read_parts(
        body,
        boundary_of(sent),
        largest_part=(settings.DICOM_LARGEST_OBJECT_MIB + 1) << 20,
        most_parts=settings.STOW_MOST_PARTS,
    )
    if sent.part_type in _METADATA:
        store_metadata(parts, intake)
    else:
        _take_files(parts, intake)


def _take_files(parts: Iterable[IncomingPart], intake: Intake) -> None:
    for part in parts:
        media = part.media_type
        if media is not None and media.type != DICOM.type:
            intake.refuse(InvalidInput("A part is no DICOM object", code="PART_UNEXPECTED"))
        else:
            intake.store(part.body)


def _note(actor: Person, outcomes: Outcomes, study: str) -> None:
    """One line a study, and one for what was refused; refusals by themselves are told where they are kept."""
    for uid, count in outcomes.studies.items():
        record_audit(
            actor, "study.stored", object_kind="study", object_uid=uid, study_instance_uid=uid,
            transaction="STOW-RS", instances=count, refused=len(outcomes.failed),
        )  # fmt: skip
    if outcomes.failed and not outcomes.stored:
        record_audit(
            actor, "study.stored", object_kind="study", object_uid=study, study_instance_uid=study,
            outcome=AuditEvent.Outcome.REFUSED, transaction="STOW-RS", refused=len(outcomes.failed),
        )  # fmt: skip


def _studies_url(request: HttpRequest) -> str:
    """The URL of the resource of all studies, as the client reached it."""
    base, _studies, _rest = request.path.partition("/studies")
    return request.build_absolute_uri(f"{base}/studies")
