"""Having a peer send what it holds to a third, or to us: C-MOVE (PS3.4 §C.4.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom.association import Association
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    PatientRootQueryRetrieveInformationModelMove,
    StudyRootQueryRetrieveInformationModelMove,
)

from common.errors import InvalidInput, NotFound, Unavailable

STUDY_ROOT_MOVE = str(StudyRootQueryRetrieveInformationModelMove)
PATIENT_ROOT_MOVE = str(PatientRootQueryRetrieveInformationModelMove)
PENDING, SUCCESS, WARNING, CANCELLED = 0xFF00, 0x0000, 0xB000, 0xFE00
DESTINATION_UNKNOWN = 0xA801


@dataclass(frozen=True, slots=True)
class Retrieved:
    """How a retrieval ended: numbers of sub-operations, and the instances that failed as far as they were named."""

    status: int
    completed: int
    failed: int
    warning: int
    failed_uids: tuple[str, ...] = ()


def move(
    assoc: Association,
    identifier: Dataset,
    *,
    destination: str,
    is_patient_root: bool = False,
    on_progress: Callable[[int], None] = lambda _remaining: None,
) -> Retrieved:
    """Have the peer send what the unique keys name to the AE called `destination`.

    Raises  NotFound if the peer does not know the destination; InvalidInput if it refuses the request;
            Unavailable if it cannot do it now or stops answering.
    """
    model = PATIENT_ROOT_MOVE if is_patient_root else STUDY_ROOT_MOVE
    return outcome(assoc.send_c_move(identifier, destination, model), on_progress)


def outcome(responses: Iterable[tuple[Any, Dataset | None]], on_progress: Callable[[int], None]) -> Retrieved:
    """What a retrieval came to, from its responses. Raises as `move`."""
    for answer, identifier in responses:
        status = answer.get("Status")
        if status is None:
            raise Unavailable("The peer stopped answering", code="RETRIEVE_FAILED")
        if status == PENDING:
            on_progress(int(answer.get("NumberOfRemainingSuboperations") or 0))
            continue
        _refused(status)
        named = identifier.get("FailedSOPInstanceUIDList") if identifier is not None else None
        return Retrieved(
            status,
            int(answer.get("NumberOfCompletedSuboperations") or 0),
            int(answer.get("NumberOfFailedSuboperations") or 0),
            int(answer.get("NumberOfWarningSuboperations") or 0),
            tuple([named] if isinstance(named, str) else map(str, named or ())),
        )
    raise Unavailable("The peer stopped answering", code="RETRIEVE_FAILED")


def _refused(status: int) -> None:
    if status in {SUCCESS, WARNING, CANCELLED}:
        return
    if status == DESTINATION_UNKNOWN:
        raise NotFound("The peer does not know the destination", code="MOVE_DESTINATION_UNKNOWN")
    if status in range(0xA700, 0xA800):
        raise Unavailable(f"The peer cannot send now: 0x{status:04X}", code="RETRIEVE_FAILED")
    raise InvalidInput(f"The peer refuses the retrieval: 0x{status:04X}", code="RETRIEVE_REFUSED")
