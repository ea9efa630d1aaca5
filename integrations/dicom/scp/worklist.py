"""The modality worklist: C-FIND over scheduled procedure steps.

Reference  PS3.4 §K.4.1 (behaviour), §K.6.1 (attributes and matching), IHE RAD-5
"""

from __future__ import annotations

import contextlib

import structlog
from django.conf import settings

from archive.orders.worklist import search_worklist
from common.errors import ServiceError
from integrations.dicom.models import AERole
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.encoding import UTF_8, AnswerWriter
from integrations.dicom.scp.identifier import keys_in
from integrations.dicom.scp.peers import acting, known_node
from integrations.dicom.scp.trail import query_trail
from integrations.dicom.status import CANCELLED, PENDING, SUCCESS, find_status

log = structlog.get_logger(__name__)

PENDING_UNSUPPORTED = 0xFF01


def handle_worklist(talk: Conversation) -> None:
    """Answer with one Pending response a matching step, of the calling AE's own site only.

    0xFF01 instead of 0xFF00 where an optional key is not supported, 0xA900 for an identifier that cannot be
    matched, 0x0124 for an AE that may not read the worklist, 0xFE00 if the peer cancels.
    """
    try:
        node = known_node(talk.assoc, role=AERole.WORKLIST_SCU)
        _level, keys = keys_in(talk.identifier, talk.transfer_syntax_uid)
        answers = search_worklist(keys, site=node.site, called_ae_title=settings.DICOM_AE_TITLE)
    except ServiceError as error:
        log.warning("dicom.find_refused", code=error.code)
        talk.finish(find_status(error), error.message)
        return
    writer = AnswerWriter(
        answers.columns,
        transfer_syntax_uid=talk.transfer_syntax_uid,
        character_set=node.character_set or UTF_8,
        constants={},
    )
    status = PENDING_UNSUPPORTED if answers.unsupported else PENDING
    final, count = SUCCESS, 0
    with contextlib.closing(answers.rows):
        for row in answers.rows:
            if talk.is_cancelled:
                final = CANCELLED
                break
            talk.answer(writer.identifier(row), status=status)
            count += 1
    query_trail.note(
        acting(node), "worklist.queried", object_kind="application_entity", object_uid=node.ae_title,
        answers=count, status=f"0x{final:04X}",
    )  # fmt: skip
    talk.finish(final)
