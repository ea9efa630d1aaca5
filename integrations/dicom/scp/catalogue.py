"""The DIMSE services this Application Entity offers beside C-STORE, one line a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom import evt
from pynetdicom.dimse_primitives import C_FIND, C_GET, C_MOVE
from pynetdicom.events import InterventionEvent
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    InstanceAvailabilityNotification,
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    PatientRootQueryRetrieveInformationModelFind,
    PatientRootQueryRetrieveInformationModelGet,
    PatientRootQueryRetrieveInformationModelMove,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from integrations.dicom import dimse
from integrations.dicom.scp.availability import handle_availability
from integrations.dicom.scp.commitment import handle_commitment_request, handle_commitment_result
from integrations.dicom.scp.conversation import Conversation
from integrations.dicom.scp.echo import handle_c_echo
from integrations.dicom.scp.find import handle_find, handle_negotiation
from integrations.dicom.scp.get import handle_get
from integrations.dicom.scp.move import handle_move
from integrations.dicom.scp.mpps import handle_mpps_create, handle_mpps_get, handle_mpps_set
from integrations.dicom.scp.worklist import handle_worklist
from integrations.dicom.status import UNRECOGNISED_OPERATION


@dataclass(frozen=True, slots=True)
class Service:
    """SOP classes served by one handler of one kind of request; a kind may have several services.

    `both_ways`: the peer may be the one that answers, as a node that reports to us on an association of its own
    does (PS3.7 §D.3.3.4). `converses`: the handler takes a `Conversation` and sends every response itself.
    """

    sop_class_uids: tuple[str, ...]
    event: InterventionEvent
    handler: Callable[..., Any]
    both_ways: bool = False
    converses: bool = False

    def contexts(self) -> list[PresentationContext]:
        contexts = [build_context(uid) for uid in self.sop_class_uids]
        for context in contexts if self.both_ways else ():
            context.scu_role = context.scp_role = True
        return contexts


FIND = (PatientRootQueryRetrieveInformationModelFind, StudyRootQueryRetrieveInformationModelFind)
MOVE = (PatientRootQueryRetrieveInformationModelMove, StudyRootQueryRetrieveInformationModelMove)
GET = (PatientRootQueryRetrieveInformationModelGet, StudyRootQueryRetrieveInformationModelGet)

SERVICES: tuple[Service, ...] = (
    Service((Verification,), evt.EVT_C_ECHO, handle_c_echo),
    Service((ModalityWorklistInformationFind,), evt.EVT_C_FIND, handle_worklist, converses=True),
    Service(FIND, evt.EVT_C_FIND, handle_find, converses=True),
    Service(MOVE, evt.EVT_C_MOVE, handle_move, converses=True),
    Service(GET, evt.EVT_C_GET, handle_get, converses=True),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_CREATE, handle_mpps_create),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_SET, handle_mpps_set),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_GET, handle_mpps_get),
    Service((InstanceAvailabilityNotification,), evt.EVT_N_CREATE, handle_availability),
    Service((StorageCommitmentPushModel,), evt.EVT_N_ACTION, handle_commitment_request, both_ways=True),
    Service((StorageCommitmentPushModel,), evt.EVT_N_EVENT_REPORT, handle_commitment_result, both_ways=True),
)


def offered_contexts() -> list[PresentationContext]:
    """The presentation contexts of all services, each SOP class once."""
    contexts = [context for service in SERVICES for context in service.contexts()]
    once: dict[str, PresentationContext] = {}
    for context in sorted(contexts, key=lambda one: not one.scp_role):
        once.setdefault(str(context.abstract_syntax), context)
    return list(once.values())


def bound_handlers() -> list[tuple[InterventionEvent, Callable[..., Any]]]:
    """One handler a kind of request, which passes the request on by its presentation context."""
    services = [service for service in SERVICES if not service.converses]
    kinds = {service.event for service in services}
    by_kind = [(kind, _by_context([one for one in services if one.event is kind])) for kind in kinds]
    return [*by_kind, (evt.EVT_SOP_EXTENDED, handle_negotiation)]


_REQUESTS: dict[type, tuple[InterventionEvent, int]] = {
    C_FIND: (evt.EVT_C_FIND, dimse.C_FIND_RSP),
    C_MOVE: (evt.EVT_C_MOVE, dimse.C_MOVE_RSP),
    C_GET: (evt.EVT_C_GET, dimse.C_GET_RSP),
}
_CONVERSING = {
    (uid, service.event): service.handler
    for service in SERVICES
    if service.converses
    for uid in service.sop_class_uids
}


def conversation_about(assoc: Any, request: Any, context: Any) -> Callable[[], None] | None:
    """What serves a request whose handler answers it by itself; None where pynetdicom carries the answers."""
    event, response = _REQUESTS.get(type(request), (None, 0))
    handler = _CONVERSING.get((str(context.abstract_syntax), event)) if event is not None else None
    if handler is None or not request.is_valid_request:
        return None
    return lambda: handler(Conversation(assoc, request, context, response=response))


def _by_context(services: list[Service]) -> Callable[..., Any]:
    served = {uid: service.handler for service in services for uid in service.sop_class_uids}

    def handle(event: Any) -> Any:
        handler = served.get(str(event.context.abstract_syntax))
        return (UNRECOGNISED_OPERATION, None) if handler is None else handler(event)

    return handle
