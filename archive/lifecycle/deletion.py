"""Deleting: a person with the privilege and a reason withdraws a study; its bytes go when the undo period is over.

Legal holds stop each of the two steps. Both are told in the audit trail.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from accounts.models import Person
from archive.lifecycle.access import manageable_study, managed_sites
from archive.lifecycle.holds import check_not_held
from archive.lifecycle.models import LegalHold
from archive.lifecycle.purging import mark_for_purge
from archive.storage.keys import parse_key
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.withdrawal import restore_instances, withdraw_instances
from archive.studies.models import Correction, WithdrawnInstance
from common import clock
from common.errors import Conflict, InvalidInput, NotFound

PURGED = (ReasonCode.DELETED, ReasonCode.RETENTION_EXPIRED)
ACTOR = SystemActor("storage.purge")


def delete_study(study_instance_uid: str, *, reason: str, actor: Actor) -> Correction:
    """Take a study out of everybody's sight; within the undo period it can be brought back.

    Raises  NotFound; InvalidInput without a reason; Conflict LEGAL_HOLD.
    """
    study = manageable_study(study_instance_uid, actor)
    if len(reason.strip()) < 3:
        raise InvalidInput(
            _("Say why the study is deleted."),
            code="REASON_MISSING",
            fields={"reason": _("This field is required.")},
        )
    with transaction.atomic():
        check_not_held(study_instance_uid)
        correction = withdraw_instances(
            reason=ReasonCode.DELETED, study=study, actor=actor, comment=reason.strip()
        )
        record_audit(
            actor, "study.deleted", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, site_code=study.site.code, correction=str(correction.uid),
        )  # fmt: skip
    return correction


def purge_withdrawn(*, limit: int = 1000) -> int:
    """Give up the bytes of what was deleted, or has expired, longer ago than it can be undone; how many objects."""
    oldest = clock.now() - dt.timedelta(days=settings.STORAGE_UNDO_DAYS)
    holds = LegalHold.objects.filter(released_at=None).values("study_instance_uid")
    purged = 0
    for reason in PURGED:
        with transaction.atomic():
            rows = list(
                WithdrawnInstance.objects.filter(purged_at=None, reason=reason, withdrawn_at__lte=oldest)
                .exclude(study_instance_uid__in=holds)
                .order_by("withdrawn_at")
                .select_for_update(skip_locked=True, of=("self",))[:limit]
            )
            purged += _purge(rows)
    return purged


def _purge(rows: list[WithdrawnInstance]) -> int:
    WithdrawnInstance.objects.filter(pk__in=[row.pk for row in rows]).update(purged_at=clock.now())
    mark_for_purge({parse_key(row.storage_key).segment for row in rows if row.storage_key}, after_s=0)
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row.study_instance_uid] += 1
    for study_instance_uid, count in counts.items():
        record_audit(
            ACTOR, "instances.purged", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, instances=count,
        )  # fmt: skip
    return len(rows)


def undo_deletion(correction_uid: uuid.UUID, *, actor: Person) -> Correction:
    """Bring back a study that was deleted, within the undo period.

    Raises  NotFound; Conflict ALREADY_UNDONE, or BYTES_GONE once the bytes are.
    """
    with transaction.atomic():
        correction = (
            Correction.objects.select_for_update(of=("self",))
            .filter(uid=correction_uid, reason=ReasonCode.DELETED, study__site__in=managed_sites(actor))
            .first()
        )
        if correction is None:
            raise NotFound(_("There is no such deletion."), code="DELETION_UNKNOWN")
        if correction.undone_at is not None:
            raise Conflict(_("The study was brought back already."), code="ALREADY_UNDONE")
        restore_instances(correction, actor=actor)
        correction.undone_at, correction.undone_by = clock.now(), actor.username
        correction.save(update_fields=["undone_at", "undone_by"])
    return correction
