"""What the N-services' requests hold, decoded with care."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from pydicom.dataset import Dataset
from pynetdicom.events import Event

from common.data_sets import DATA_SET_FAILURES
from common.errors import InvalidInput, ServiceError
from integrations.dicom.models import AERole, ApplicationEntity
from integrations.dicom.scp.peers import calling_node
from integrations.dicom.status import SUCCESS, normalised_status

log = structlog.get_logger(__name__)

Answer = tuple[int | Dataset, Dataset | None]


def instance_named(event: Event) -> str:
    """The SOP Instance UID the request is about; empty where it names none."""
    request = event.request
    for name in ("AffectedSOPInstanceUID", "RequestedSOPInstanceUID"):
        if value := getattr(request, name, None):
            return str(value)
    return ""


def decoded(read: Callable[[], Dataset]) -> Dataset:
    """The whole data set of a request, to its last element. Raises InvalidInput if it cannot be read."""
    try:
        dataset = read()
        dataset.decode()
        _touch(dataset)
    except DATA_SET_FAILURES as error:
        raise InvalidInput("The data set cannot be read", code="VALUE_INVALID") from error
    return dataset


def answered(
    event: Event,
    role: AERole,
    act: Callable[[ApplicationEntity], Dataset | None],
    *,
    what: str,
    status: Callable[[ServiceError], Dataset] = normalised_status,
) -> Answer:
    """Success with what `act` returns for the node that asks, or the `status` of the error it raises."""
    return judged(lambda: act(calling_node(event.assoc, role=role)), what=what, status=status)


def judged(
    act: Callable[[], Dataset | None],
    *,
    what: str,
    status: Callable[[ServiceError], Dataset] = normalised_status,
) -> Answer:
    """Success with what `act` returns, or the `status` of the error it raises."""
    try:
        return SUCCESS, act()
    except ServiceError as error:
        log.warning("dicom.request_refused", service=what, code=error.code)
        return status(error), None


def _touch(dataset: Dataset) -> None:
    """Have pydicom read every value now: it would else fail wherever one is first asked for."""
    for element in dataset.iterall():
        _ = element.value
