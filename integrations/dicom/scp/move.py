"""Retrieve by C-MOVE: instances go to a node we know, over an association of our own.

Reference  PS3.4 §C.4.2 (C-MOVE), PS3.7 §9.1.4
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from accounts.audit import record_audit
from archive.studies.selectors import studies_of_site
from common.errors import NotFound, NotPermitted, ServiceError
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.retrieval import Progress, Wanted
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.naming import instances_named
from integrations.dicom.scp.peers import acting, calling_node
from integrations.dicom.scp.suboperations import Reporter
from integrations.dicom.scu.store import Originator
from integrations.dicom.sending import send_to
from integrations.dicom.status import MOVE_DESTINATION_UNKNOWN, find_status

log = structlog.get_logger(__name__)


def handle_move(talk: Conversation) -> None:
    """Send what is asked for to the destination, with Pending responses that count the sub-operations.

    0xA801 for a destination that is no node of ours or takes no images, 0x0124 where the calling node may not
    retrieve or the destination's site may not see the study, 0xA900 for an identifier without its unique
    keys, 0xA702 if nothing could be sent, 0xB000 with the list of failed instances if some could not,
    0xFE00 with that list when the peer cancels.
    """
    try:
        node = calling_node(talk.assoc, role=AERole.QUERY_SCU)
        destination = _destination(talk)
        wanted = _wanted(talk, node, destination)
    except NotFound as error:
        log.warning("dicom.move_refused", code=error.code)
        talk.finish(MOVE_DESTINATION_UNKNOWN, error.message)
        return
    except ServiceError as error:
        log.warning("dicom.move_refused", code=error.code)
        talk.finish(find_status(error), error.message)
        return
    reporter = Reporter(talk, Progress(len(wanted)))
    reporter.begin()
    originator = Originator(str(talk.assoc.requestor.ae_title).strip(), int(talk.request.MessageID))
    status = reporter.run(send_to(destination, wanted, originator=originator), wanted)
    _record(node, destination, wanted, reporter.progress, status)


def _destination(talk: Conversation) -> ApplicationEntity:
    """Raises NotFound for a title that is no node which takes images and has an address."""
    title = str(talk.request.MoveDestination or "").strip()
    node = (
        ApplicationEntity.objects.select_related("site").filter(ae_title=title, is_enabled=True).first()
        if title.isprintable()
        else None
    )
    if node is None or not node.may(AERole.STORAGE_SCP) or not node.host or not node.port:
        raise NotFound("The move destination is not known", code="MOVE_DESTINATION_UNKNOWN")
    return node


def _wanted(talk: Conversation, node: ApplicationEntity, destination: ApplicationEntity) -> list[Wanted]:
    wanted = instances_named(talk, node)
    if destination.site_id != node.site_id:
        studies = {one.study_instance_uid for one in wanted}
        seen = studies_of_site(destination.site).filter(study_instance_uid__in=studies)
        if set(seen.values_list("study_instance_uid", flat=True)) != studies:
            raise NotPermitted("The destination may not have this study", code="DESTINATION_MAY_NOT")
    return wanted


def _record(
    node: ApplicationEntity, destination: ApplicationEntity, wanted: Sequence[Wanted], progress: Progress,
    status: int,
) -> None:  # fmt: skip
    for study_instance_uid in sorted({one.study_instance_uid for one in wanted}):
        record_audit(
            acting(node), "study.moved", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, destination=destination.ae_title,
            completed=progress.completed, failed=progress.failed, status=f"0x{status:04X}",
        )  # fmt: skip
