"""What corrections mean for what was routed: sent again, not sent any more, or told by a rejection note.

What is still on its way needs no word of a new patient: objects get it when their turn comes.

Reference  IHE RAD TF-1 §34 (IOCM), IHE RAD-66 (Rejection Note Stored)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.actors import SystemActor
from accounts.audit import record_audit
from archive.studies.corrections.models import Correction, WithdrawnInstance
from archive.studies.models import Instance, Series, Study
from common import clock
from events.services import Event
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.rejections.services import queue_note
from integrations.routing.lanes import OPEN
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.queueing import nudge, urgency_of

ACTOR = SystemActor("routing")
WITHDRAWN = "INSTANCE_WITHDRAWN"
CORRECTED = "STUDY_CORRECTED"
_HERE = Exists(Instance.objects.filter(sop_instance_uid=OuterRef("sop_instance_uid")))
_IN_GROUP = Exists(
    Delivery.objects.filter(group=OuterRef("group"), sop_instance_uid=OuterRef("sop_instance_uid"))
    .exclude(group="")
    .exclude(state=Delivery.State.CANCELLED)
)


def on_study_corrected(event: Event) -> None:
    """A study was filed under another patient or order, or back again: who holds it gets it as it is now.

    Series that went to another study arrive there as new ones, and are routed as those.
    """
    if event.payload["kind"] != Correction.Kind.REASSIGN:
        return
    uid = event.subjects["study"]
    study = Study.all_objects.select_related("order").filter(study_instance_uid=uid).first()
    if study is not None:  # it may be filed under an order of another priority
        anywhere = list(Destination.objects.values_list("pk", flat=True))
        Lane.objects.filter(destination__in=anywhere, study_instance_uid=uid).update(
            urgency=urgency_of(study)
        )
    send_corrected(uid)


def on_instances_withdrawn(event: Event) -> None:
    """What was not sent yet is not sent; to nodes that hold what was rejected goes the rejection note."""
    _cancel(event.subjects["study"])
    correction = Correction.objects.get(uid=event.payload["correction"])
    queue_note(correction, _holders(correction))


def on_instances_restored(event: Event) -> None:
    """What was cancelled because it was withdrawn goes after all."""
    study = event.subjects["study"]
    with transaction.atomic():
        back = _of_study(study).filter(_HERE, ~_IN_GROUP, state=Delivery.State.CANCELLED)
        lanes = _locked(Lane.objects.filter(pk__in=list(back.values_list("lane_id", flat=True).distinct())))
        count = back.filter(lane__in=lanes).update(
            state=Delivery.State.WAITING, error_code="", attempts=0, ended_at=None, queued_at=clock.now()
        )
        _set_going(lanes)
        _audit("delivery.revived", study, lanes, count)


def filed_at(study_instance_uid: str) -> dt.datetime | None:
    """Since when the study is filed otherwise than its objects say: compared before and after sending some."""
    found = Study.all_objects.filter(study_instance_uid=study_instance_uid)
    return found.values_list("corrected_at", flat=True).first()


def send_corrected(study_instance_uid: str, *, deliveries: Collection[int] | None = None) -> int:
    """Send what the destinations hold of a study again, or of these deliveries; how many objects.

    To destinations of the kinds in ROUTING_RESEND_CORRECTED only: others would keep both, or know better.
    """
    sent = _of_study(study_instance_uid).filter(_HERE, state=Delivery.State.SENT)
    if deliveries is not None:
        sent = sent.filter(pk__in=deliveries)
    kinds = settings.ROUTING_RESEND_CORRECTED
    meant = list(Destination.objects.filter(is_enabled=True, kind__in=kinds).values_list("pk", flat=True))
    with transaction.atomic():
        lanes = _locked(Lane.objects.filter(destination__in=meant, study_instance_uid=study_instance_uid))
        lanes = [lane for lane in lanes if sent.filter(lane=lane).exists()]
        count = sent.filter(lane__in=lanes).update(
            state=Delivery.State.WAITING, error_code=CORRECTED, attempts=0, ended_at=None, queued_at=clock.now(),
            sent_before_at=Coalesce(F("sent_before_at"), F("ended_at")),
        )  # fmt: skip
        _set_going(lanes)
        _audit("study.sent_again", study_instance_uid, lanes, count)
    return count


def _cancel(study_instance_uid: str) -> None:
    """What a sender has in hand just now may still get through, and counts as sent then."""
    gone = _of_study(study_instance_uid).filter(~_HERE, state__in=OPEN)
    with transaction.atomic():
        lanes = list(
            Lane.objects.select_related("destination").filter(
                pk__in=list(gone.values_list("lane_id", flat=True).distinct())
            )
        )
        count = gone.update(state=Delivery.State.CANCELLED, error_code=WITHDRAWN, ended_at=clock.now())
        _audit("delivery.cancelled", study_instance_uid, lanes, count)


def _holders(correction: Correction) -> QuerySet[ApplicationEntity]:
    """The nodes that were sent what a correction withdrew, unless anything of the study went to them de-identified.

    A note with the patient's name would tell those who is who.
    """
    withdrawn = WithdrawnInstance.objects.filter(correction=correction)
    routed = Delivery.objects.filter(
        series_instance_uid__in=list(withdrawn.values_list("series_instance_uid", flat=True).distinct()),
        destination__kind=Destination.Kind.DIMSE,
    )
    held = Q(state__in=[Delivery.State.SENT, Delivery.State.SENDING]) | Q(sent_before_at__isnull=False)
    anonymous = _of_study(correction.study_instance_uid).filter(transforms__contains=[{"do": "deidentify"}])
    return ApplicationEntity.objects.filter(
        destinations__in=routed.filter(
            held, sop_instance_uid__in=withdrawn.values("sop_instance_uid")
        ).values("destination"),
        is_enabled=True,
    ).exclude(destinations__in=anonymous.values("destination"))


def _of_study(study_instance_uid: str) -> QuerySet[Delivery]:
    """Deliveries by series, which is what they are indexed by."""
    series = Series.all_objects.filter(study__study_instance_uid=study_instance_uid)
    return Delivery.objects.filter(
        series_instance_uid__in=list(series.values_list("series_instance_uid", flat=True))
    )


def _locked(lanes: QuerySet[Lane]) -> list[Lane]:
    """In the order of keys; no sender gives a lane back as empty meanwhile."""
    return list(
        lanes.select_for_update(of=("self",), no_key=True).select_related("destination").order_by("pk")
    )


def _set_going(lanes: Collection[Lane]) -> None:
    now = clock.now()
    Lane.objects.filter(pk__in=[lane.pk for lane in lanes], next_at=None).update(next_at=now)
    for destination_id in sorted({lane.destination_id for lane in lanes}):
        nudge.after_commit(destination_id)


def _audit(action: str, study_instance_uid: str, lanes: Collection[Lane], count: int) -> None:
    if count:
        record_audit(
            ACTOR, action, object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, objects=count,
            destinations=sorted({lane.destination.key for lane in lanes}),
        )  # fmt: skip
