"""The lines that looking at the worklist leaves in the audit trail: one an hour for a person and what was looked at.

Reference  PS3.15 §A.5.3.10 (Query), IHE ITI-20
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.audit import record_audit
from accounts.models import Person
from archive.workitems.models import Workitem
from common import clock
from common.once import first_in

_HOUR_S = 3600


def note_retrieval(actor: Person, workitem: Workitem) -> None:
    """Record that the actor looked at a workitem."""
    with _first_this_hour(f"workitem-viewed:{actor.uid}:{workitem.sop_instance_uid}") as is_first:
        if is_first:
            record_audit(
                actor, "workitem.viewed", object_kind="workitem", object_uid=workitem.sop_instance_uid,
                study_instance_uid=workitem.study_instance_uid, site_code=workitem.site.code,
            )  # fmt: skip


def note_search(actor: Person, tags: list[str]) -> None:
    """Record that the actor searches the worklist: by which attributes at first, never by which values."""
    with _first_this_hour(f"worklist-searched:{actor.uid}") as is_first:
        if is_first:
            record_audit(actor, "worklist.searched", object_kind="worklist", keys=tags)


@contextmanager
def _first_this_hour(line: str) -> Iterator[bool]:
    hour = int(clock.now().timestamp()) // _HOUR_S
    with first_in(_HOUR_S, f"{line}:{hour}") as is_first:
        yield is_first
