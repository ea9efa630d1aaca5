"""How urgent a study is: by its order, or where there is none by what its images say.

Reference  PS3.3 §C.4.11 (Requested Procedure Priority), PS3.4 Table K.6-1
"""

from __future__ import annotations

from archive.orders.models import Order
from archive.studies.models import Study

_REQUESTED_PROCEDURE_PRIORITY = "00401003"
# The defined terms and ours; MEDIUM and LOW wait as long as ROUTINE does.
_PRIORITIES: dict[str, Order.Priority] = {
    "STAT": Order.Priority.STAT,
    "HIGH": Order.Priority.URGENT,
    "URGENT": Order.Priority.URGENT,
    "ROUTINE": Order.Priority.ROUTINE,
    "MEDIUM": Order.Priority.ROUTINE,
    "LOW": Order.Priority.ROUTINE,
}


def priority_of(study: Study) -> Order.Priority | None:
    """The priority of a study's order, else that of its images; None if neither says one."""
    if study.order is not None:
        return Order.Priority(study.order.priority)
    values = study.attributes.get(_REQUESTED_PROCEDURE_PRIORITY, {}).get("Value") or [""]
    return _PRIORITIES.get(str(values[0]).strip().upper())
