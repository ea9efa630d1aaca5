"""The line a person's searching leaves in the audit trail: one a level and hour, however often a page asks.

Reference  PS3.15 §A.5.3.10 (Query)
"""

from __future__ import annotations

import uuid

from accounts.audit import record_audit
from accounts.models import Person
from archive.studies.queries.requests import Level
from common import clock
from common.once import first_in
from integrations.dicomweb.search.parameters import SearchParameters
from integrations.dicomweb.search.resources import SearchResource

_HOUR_S = 3600
_written: dict[
    tuple[uuid.UUID, Level], int
] = {}  # what this process knows to be written, so that it need not ask


def note_search(actor: Person, resource: SearchResource, asked: SearchParameters) -> None:
    """Record that the actor searches at this level: by which attributes at first, never by which values."""
    hour = int(clock.now().timestamp()) // _HOUR_S
    if _written.get((actor.uid, resource.level)) == hour:
        return
    line = f"dicomweb-searched:{actor.uid}:{resource.level.name}:{hour}"
    with first_in(_HOUR_S, line) as is_first:
        if is_first:
            record_audit(
                actor, "studies.searched", object_kind="index", level=resource.level.name,
                study_instance_uid=resource.study, transaction="search",
                keys=[f"{key.tag:08X}" for key in asked.keys],
            )  # fmt: skip
    _written[actor.uid, resource.level] = hour
