"""The lines that retrieving leaves in the audit trail: one for each actor, study and kind of request in an hour.

A viewer asks for thousands of frames of a study; what matters is who looked at it, and when.

Reference  PS3.15 §A.5.3.7 (Instances Accessed, Begin Transferring), IHE RAD-107
"""

from __future__ import annotations

import threading

from accounts.audit import record_audit
from accounts.models import Person
from common import clock
from common.once import first_in

_HOUR_S = 3600
_REMEMBERED = 4096
_noted: set[tuple[int, str, str, int]] = set()
_guard = threading.Lock()


def note_retrieval(actor: Person, *, study: str, site_code: str, transaction: str, instances: int) -> None:
    """Write the line, unless one for this actor, study and transaction was written in this hour.

    `instances` is how many the first request of the hour was answered with.
    """
    hour = int(clock.now().timestamp()) // _HOUR_S
    line = actor.pk, study, transaction, hour
    if line in _noted:
        return
    seen = f"dicomweb-retrieved:{actor.pk}:{study}:{transaction}:{hour}"
    with first_in(_HOUR_S, seen) as is_first:
        if is_first:
            record_audit(
                actor, "study.retrieved", object_kind="study", object_uid=study, study_instance_uid=study,
                site_code=site_code, transaction=transaction, instances=instances,
            )  # fmt: skip
    with _guard:
        if len(_noted) >= _REMEMBERED:
            _noted.clear()
        _noted.add(line)
