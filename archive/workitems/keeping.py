"""What every change of a workitem shares: its columns follow its attributes, and it leaves a line in the trail."""

from __future__ import annotations

from typing import Any

from accounts.actors import Actor
from accounts.audit import record_audit
from archive.workitems.datasets import Model, first
from archive.workitems.models import Workitem
from archive.workitems.moments import moment_of


def keep(workitem: Workitem, attributes: Model) -> None:
    """Give the workitem these attributes, and the columns that repeat some of them."""
    offset = first(attributes, "TimezoneOffsetFromUTC")
    workitem.attributes = attributes
    workitem.study_instance_uid = first(attributes, "StudyInstanceUID")
    workitem.starts_at = moment_of(first(attributes, "ScheduledProcedureStepStartDateTime"), offset=offset)
    workitem.modified_at = moment_of(first(attributes, "ScheduledProcedureStepModificationDateTime"))
    completion = first(attributes, "ExpectedCompletionDateTime")
    expiration = first(attributes, "ScheduledProcedureStepExpirationDateTime")
    workitem.expected_completion_at = moment_of(completion, offset=offset) if completion else None
    workitem.expires_at = moment_of(expiration, offset=offset) if expiration else None


def note(actor: Actor, action: str, workitem: Workitem, **detail: Any) -> None:
    record_audit(
        actor, action, object_kind="workitem", object_uid=workitem.sop_instance_uid,
        study_instance_uid=workitem.study_instance_uid, site_code=workitem.site.code, **detail,
    )  # fmt: skip
