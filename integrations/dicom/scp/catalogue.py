"""The DIMSE services this Application Entity offers beside C-STORE, one line a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom import evt
from pynetdicom.events import InterventionEvent
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    ModalityPerformedProcedureStep,
    ModalityWorklistInformationFind,
    Verification,
)

from integrations.dicom.scp.echo import handle_c_echo
from integrations.dicom.scp.mpps import handle_mpps_create, handle_mpps_get, handle_mpps_set
from integrations.dicom.scp.worklist import handle_worklist
from integrations.dicom.status import UNRECOGNISED_OPERATION


@dataclass(frozen=True, slots=True)
class Service:
    """SOP classes served by one handler of one kind of request; a kind may have several services.

    `both_ways`: the peer may be the one that answers, as a node that reports to us on an association of its own
    does (PS3.7 §D.3.3.4).
    """

    sop_class_uids: tuple[str, ...]
    event: InterventionEvent
    handler: Callable[..., Any]
    both_ways: bool = False

    def contexts(self) -> list[PresentationContext]:
        contexts = [build_context(uid) for uid in self.sop_class_uids]
        for context in contexts if self.both_ways else ():
            context.scu_role = context.scp_role = True
        return contexts


SERVICES: tuple[Service, ...] = (
    Service((Verification,), evt.EVT_C_ECHO, handle_c_echo),
    Service((ModalityWorklistInformationFind,), evt.EVT_C_FIND, handle_worklist),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_CREATE, handle_mpps_create),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_SET, handle_mpps_set),
    Service((ModalityPerformedProcedureStep,), evt.EVT_N_GET, handle_mpps_get),
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
    kinds = {service.event for service in SERVICES}
    return [(kind, _by_context([service for service in SERVICES if service.event is kind])) for kind in kinds]


def _by_context(services: list[Service]) -> Callable[..., Any]:
    served = {uid: service.handler for service in services for uid in service.sop_class_uids}

    def handle(event: Any) -> Any:
        handler = served.get(str(event.context.abstract_syntax))
        return (UNRECOGNISED_OPERATION, None) if handler is None else handler(event)

    return handle
