"""The DIMSE services this Application Entity offers beside C-STORE, one line a service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom import evt
from pynetdicom.events import InterventionEvent
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.sop_class import ModalityWorklistInformationFind, Verification  # type: ignore[attr-defined]

from integrations.dicom.scp.echo import handle_c_echo
from integrations.dicom.scp.worklist import handle_worklist


@dataclass(frozen=True, slots=True)
class Service:
    """SOP classes served by one handler of one kind of request; a kind may have several services."""

    sop_class_uids: tuple[str, ...]
    event: InterventionEvent
    handler: Callable[..., Any]

    def contexts(self) -> list[PresentationContext]:
        return [build_context(uid) for uid in self.sop_class_uids]


SERVICES: tuple[Service, ...] = (
    Service((Verification,), evt.EVT_C_ECHO, handle_c_echo),
    Service((ModalityWorklistInformationFind,), evt.EVT_C_FIND, handle_worklist),
)


def offered_contexts() -> list[PresentationContext]:
    """The presentation contexts of all services."""
    return [context for service in SERVICES for context in service.contexts()]


def bound_handlers() -> list[tuple[InterventionEvent, Callable[..., Any]]]:
    """One handler a kind of request, which passes the request on by its presentation context."""
    kinds = {service.event for service in SERVICES}
    return [(kind, _by_context([service for service in SERVICES if service.event is kind])) for kind in kinds]


def _by_context(services: list[Service]) -> Callable[..., Any]:
    served = {uid: service.handler for service in services for uid in service.sop_class_uids}

    def handle(event: Any) -> Any:
        return served[str(event.context.abstract_syntax)](event)

    return handle
