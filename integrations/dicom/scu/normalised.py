"""Sending N-CREATE, N-SET, N-ACTION and N-EVENT-REPORT, and their answers as our errors.

Knows no Django. Reference  PS3.7 §10.1, Annex C (statuses)
"""

from __future__ import annotations

from collections.abc import Callable

from pydicom.dataset import Dataset
from pynetdicom.association import Association

from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable

_DUPLICATE, _NO_SUCH_INSTANCE, _NOT_AUTHORISED = 0x0111, 0x0112, 0x0124
_FOR_NOW = {0x0110, 0x0213, 0xA700}
_NO_CONTEXT = 0x0122


def n_create(assoc: Association, dataset: Dataset, *, sop_class: str, instance: str) -> None:
    """Raises as `_judge`, Conflict if the node holds the instance already."""
    _judge(lambda: assoc.send_n_create(dataset, sop_class, instance))


def n_set(assoc: Association, dataset: Dataset, *, sop_class: str, instance: str) -> None:
    _judge(lambda: assoc.send_n_set(dataset, sop_class, instance))


def n_action(assoc: Association, dataset: Dataset, *, action: int, sop_class: str, instance: str) -> None:
    _judge(lambda: assoc.send_n_action(dataset, action, sop_class, instance))


def n_event_report(
    assoc: Association, dataset: Dataset, *, event: int, sop_class: str, instance: str
) -> None:
    _judge(lambda: assoc.send_n_event_report(dataset, event, sop_class, instance))


def _judge(send: Callable[[], tuple[Dataset, Dataset | None]]) -> None:
    """Return if the node took it (success or warning).

    Raises  Unavailable if it does not answer or says it cannot now; Conflict, NotFound, NotPermitted or
            InvalidInput if it refuses for good.
    """
    try:
        answer, _ = send()
    except ValueError as error:  # the node accepted no presentation context for it
        raise InvalidInput("The node does not offer the service", code="SERVICE_NOT_OFFERED") from error
    except RuntimeError as error:
        raise Unavailable("The association is gone", code="ASSOCIATION_LOST") from error
    status = answer.get("Status")
    if status is None:
        raise Unavailable("The node did not answer", code="ASSOCIATION_LOST")
    if status == 0 or status in {0x0001, 0x0107, 0x0116} or 0xB000 <= status <= 0xBFFF:
        return
    said = f"The node answers 0x{status:04X}"
    if status in _FOR_NOW:
        raise Unavailable(said, code=f"STATUS_{status:04X}")
    if status == _DUPLICATE:
        raise Conflict(said, code="DUPLICATE_SOP_INSTANCE")
    if status == _NO_SUCH_INSTANCE:
        raise NotFound(said, code="NO_SUCH_INSTANCE")
    if status == _NOT_AUTHORISED:
        raise NotPermitted(said, code="NOT_AUTHORISED_THERE")
    raise InvalidInput(said, code=f"STATUS_{status:04X}")
