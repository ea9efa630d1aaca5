"""Query: C-FIND in the Patient Root and Study Root models.

Reference  PS3.4 §C.4.1 (behaviour and statuses), §C.5.1 (extended negotiation)
"""

from __future__ import annotations

import contextlib
import functools

import structlog
from django.conf import settings
from pydicom.uid import UID
from pynetdicom.events import Event
from pynetdicom.sop_class import PatientRootQueryRetrieveInformationModelFind  # type: ignore[attr-defined]

from accounts.models import Site
from archive.studies.queries.catalogue import RETRIEVE_AE_TITLE
from archive.studies.queries.matching import Condition
from archive.studies.queries.requests import Query
from archive.studies.queries.search import Answers, search
from archive.studies.queries.statement import scope_of
from archive.studies.selectors import studies_of_site
from common.errors import ServiceError
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.encoding import UTF_8, AnswerWriter
from integrations.dicom.scp.identifier import QUERY_RETRIEVE_LEVEL, query_in
from integrations.dicom.scp.peers import acting, known_node
from integrations.dicom.scp.trail import query_trail
from integrations.dicom.status import CANCELLED, OUT_OF_RESOURCES, PENDING, SUCCESS, find_status

log = structlog.get_logger(__name__)

PENDING_UNSUPPORTED = 0xFF01
RELATIONAL, COMBINED = 0, 1  # bytes of the extended negotiation (PS3.4 Table C.5.1-1)


def handle_find(talk: Conversation) -> None:
    """Answer with one Pending response a match, of what the calling node's site may see.

    0xFF01 instead of 0xFF00 where an optional key is not supported; 0xA900 for an identifier that breaks the rules
    of the model, 0x0124 for a node that may not query, 0xFE00 if the peer cancels, 0xA700 once the most
    answers there may be to one query have been given, or when the index cannot be reached.
    """
    try:
        node = known_node(talk.assoc, role=AERole.QUERY_SCU)
        query = _query(talk)
        answers = search(query, within=_scope(node.site_id))
    except ServiceError as error:
        log.warning("dicom.find_refused", code=error.code)
        talk.finish(find_status(error), error.message)
        return
    with contextlib.closing(answers.rows):
        status, count = _answer(talk, node, query, answers)
    query_trail.note(
        acting(node), "studies.queried", object_kind="application_entity", object_uid=node.ae_title,
        level=query.level.name, answers=count, status=f"0x{status:04X}",
    )  # fmt: skip
    talk.finish(status)


@functools.lru_cache(maxsize=1024)
def _scope(site_pk: int) -> Condition:
    return scope_of(studies_of_site(Site(pk=site_pk)))


def _query(talk: Conversation) -> Query:
    sop_class_uid = str(talk.context.abstract_syntax)
    negotiated = talk.assoc.requestor.sop_class_extended.get(UID(sop_class_uid), b"")
    return query_in(
        talk.identifier,
        transfer_syntax_uid=talk.transfer_syntax_uid,
        is_patient_root=sop_class_uid == PatientRootQueryRetrieveInformationModelFind,
        is_relational=negotiated[RELATIONAL : RELATIONAL + 1] == b"\1",
        is_datetime_combined=negotiated[COMBINED : COMBINED + 1] == b"\1",
    )


def _answer(talk: Conversation, node: ApplicationEntity, query: Query, answers: Answers) -> tuple[int, int]:
    """Send what was found; the final status, and how many answers there were."""
    constants = {QUERY_RETRIEVE_LEVEL: ("CS", query.level.name)}
    if query.key(RETRIEVE_AE_TITLE) is not None:
        constants[RETRIEVE_AE_TITLE] = ("AE", settings.DICOM_AE_TITLE)
    writer = AnswerWriter(
        answers.columns,
        transfer_syntax_uid=talk.transfer_syntax_uid,
        character_set=node.character_set or UTF_8,
        constants=constants,
    )
    status = PENDING_UNSUPPORTED if answers.unsupported else PENDING
    most, count = settings.DICOM_FIND_AT_MOST, 0
    for row in answers.rows:
        if talk.is_cancelled:
            return CANCELLED, count
        if count >= most:
            return OUT_OF_RESOURCES, count
        talk.answer(writer.identifier(row), status=status)
        count += 1
    return SUCCESS, count


def handle_negotiation(event: Event) -> dict[str, bytes]:
    """Of the options a peer asks for, relational queries and combined date and time ranges are granted.

    Reference  PS3.4 §C.5.1.1
    """
    return {
        str(uid): bytes([*asked[: COMBINED + 1], *(0 for _ in asked[COMBINED + 1 :])])
        for uid, asked in event.app_info.items()  # type: ignore[attr-defined]
    }
