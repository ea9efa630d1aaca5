"""Workitems that are over are removed in time; only their identity stays.

Reference  PS3.4 §CC.2.1.3 (no removal under a deletion lock), §CC.2.3.3 (the SCP may remove locks)
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from accounts.actors import SystemActor
from accounts.audit import record_audit
from archive.workitems.models import EventReport, Subscriber, Workitem
from common import clock

_REPORTS_ARE_KEPT = dt.timedelta(days=1)
_AT_ONCE = 200


def remove_what_is_over() -> int:
    """Remove what has ended long ago and is locked by nobody with an open account; how many were removed."""
    now = clock.now()
    EventReport.objects.filter(created_at__lt=now - _REPORTS_ARE_KEPT).delete()
    Subscriber.objects.filter(
        worklists=None, workitems=None, reports=None, created_at__lt=now - _REPORTS_ARE_KEPT
    ).delete()
    with transaction.atomic():
        over = list(
            Workitem.objects.select_for_update(no_key=True, skip_locked=True)
            .filter(removed_at=None, ended_at__lt=now - dt.timedelta(days=settings.WORKITEMS_KEPT_DAYS))
            .exclude(
                pk__in=Workitem.objects.filter(
                    subscriptions__has_deletion_lock=True, subscriptions__subscriber__person__is_active=True
                ).values("pk")
            )
            .order_by("ended_at")[:_AT_ONCE]
        )
        for workitem in over:
            workitem.subscriptions.all().delete()
            workitem.attributes, workitem.transaction_uid, workitem.removed_at = {}, "", now
            workitem.save(update_fields=["attributes", "transaction_uid", "removed_at"])
            record_audit(
                SystemActor("workitems"), "workitem.removed", object_kind="workitem",
                object_uid=workitem.sop_instance_uid, study_instance_uid=workitem.study_instance_uid,
            )  # fmt: skip
    return len(over)
