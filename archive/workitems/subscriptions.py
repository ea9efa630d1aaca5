"""Subscribing to workitems, to the whole worklist or to a part of it, and leaving again.

An AE title names a subscriber among those of one person: nobody subscribes or silences another's programs, and
none is told of a workitem its person may not see.

Reference  PS3.4 Table CC.2.3-2 (subscription states), §CC.2.3.3; PS3.18 §11.10 to §11.12
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from accounts.audit import record_audit
from accounts.models import Person
from archive.studies.queries.requests import Key
from archive.workitems.models import Subscriber, Workitem, WorkitemSubscription, WorklistSubscription
from archive.workitems.reports import News, news_of_creation, state_news, tell
from archive.workitems.selectors import matching_workitems, visible_workitems
from common import clock
from common.errors import Conflict, InvalidInput, NotFound

Kind = WorklistSubscription.Kind
MOST_SUBSCRIBERS = 100  # of one person: every workitem that is created is tried against the filters of all
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")
_CREATION_LOCK = 0x5EA1_0011  # a number of our own among the database's advisory locks


def subscribe_to_workitem(actor: Person, workitem: Workitem, *, ae_title: str, has_lock: bool) -> None:
    """Tell this AE of changes of the workitem, beginning with its state now."""
    with transaction.atomic():
        current = Workitem.objects.select_for_update(no_key=True).get(pk=workitem.pk)  # before any subscriber
        subscriber = _subscriber(actor, ae_title)
        WorkitemSubscription.objects.update_or_create(
            subscriber=subscriber, workitem=current, defaults={"has_deletion_lock": has_lock, "cause": ""}
        )
        tell([subscriber], [(current, state_news(current))])
        _note(actor, "workitem.subscribed", current.sop_instance_uid, current.site.code, has_lock=has_lock)


def subscribe_to_worklist(
    actor: Person, *, ae_title: str, has_lock: bool, kind: Kind = Kind.WORKLIST, keys: Sequence[Key] = ()
) -> None:
    """Tell this AE of all workitems, or of those that match the keys: those there are and those to come.

    Those it is subscribed to already stay as they are. With a lock, it is told the state of each now.
    """
    with transaction.atomic():
        _wait_for_creations()
        subscriber = _subscriber(actor, ae_title)
        WorklistSubscription.objects.update_or_create(
            subscriber=subscriber,
            kind=kind,
            defaults={"filter": [_kept(key) for key in keys], "has_deletion_lock": has_lock},
        )
        workitems, _matched = matching_workitems(visible_workitems(actor), keys)
        found = list(workitems.order_by("pk"))
        WorkitemSubscription.objects.bulk_create(
            [
                WorkitemSubscription(
                    subscriber=subscriber, workitem=workitem, has_deletion_lock=has_lock, cause=kind
                )
                for workitem in found
            ],
            ignore_conflicts=True, batch_size=500,
        )  # fmt: skip
        if has_lock:
            tell([subscriber], [(workitem, state_news(workitem)) for workitem in found])
        _note(actor, "worklist.subscribed", kind, has_lock=has_lock)


def unsubscribe_from_workitem(actor: Person, sop_instance_uid: str, *, ae_title: str) -> None:
    """Tell this AE no more of the workitem, and take its lock away. Raises  NotFound."""
    with transaction.atomic():
        gone, _by_model = WorkitemSubscription.objects.filter(
            subscriber=_known(actor, ae_title), workitem__sop_instance_uid=sop_instance_uid
        ).delete()
        if not gone:
            raise _not_subscribed()
        _note(actor, "workitem.unsubscribed", sop_instance_uid)


def unsubscribe_from_worklist(actor: Person, *, ae_title: str, kind: Kind) -> None:
    """End the subscription to the worklist, and those to workitems with it: all of them, or the filter's own.

    Raises  NotFound if there is none.
    """
    with transaction.atomic():
        subscriber = _known(actor, ae_title)
        lists, items = subscriber.worklists.all(), subscriber.workitems.all()
        if kind is Kind.FILTERED:
            lists, items = lists.filter(kind=kind), items.filter(cause=kind)
        count = lists.delete()[0] + items.delete()[0]
        if not count:
            raise _not_subscribed()
        _note(actor, "worklist.unsubscribed", kind)


def suspend(actor: Person, *, ae_title: str, kind: Kind) -> None:
    """Subscribe this AE to no further workitems; those it is subscribed to it stays. Raises  NotFound."""
    with transaction.atomic():
        if not _known(actor, ae_title).worklists.filter(kind=kind).delete()[0]:
            raise _not_subscribed()
        _note(actor, "worklist.suspended", kind)


def subscribe_whoever_follows(workitem: Workitem) -> None:
    """Subscribe to a new workitem everyone who follows the worklist, and tell them of it.

    Reference  PS3.4 §CC.2.5.3, §CC.2.4.3
    """
    _announce_creation()
    held: dict[int, tuple[WorklistSubscription, bool]] = {}
    for one in WorklistSubscription.objects.select_related("subscriber__person").order_by("kind", "pk"):
        if _follows(one, workitem):
            has_lock = one.has_deletion_lock or (one.subscriber_id in held and held[one.subscriber_id][1])
            held[one.subscriber_id] = one, has_lock
    if not held:
        return
    subscribers = list(Subscriber.objects.select_for_update(no_key=True).filter(pk__in=held).order_by("pk"))
    WorkitemSubscription.objects.bulk_create(
        [
            WorkitemSubscription(
                subscriber=one,
                workitem=workitem,
                has_deletion_lock=held[one.pk][1],
                cause=held[one.pk][0].kind,
            )
            for one in subscribers
        ]
    )
    news: list[tuple[Workitem, News]] = [(workitem, one) for one in news_of_creation(workitem)]
    tell(subscribers, news)


def check_ae_title(ae_title: str) -> str:
    """The AE title without its padding. Raises  InvalidInput for what is none (PS3.5 §6.2)."""
    if not _AE_TITLE.fullmatch(ae_title) or not ae_title.strip():
        raise InvalidInput("The path names no Application Entity", code="AE_TITLE")
    return ae_title.strip()


def _follows(one: WorklistSubscription, workitem: Workitem) -> bool:
    person = one.subscriber.person
    if not person.is_active:
        return False
    keys = [_key(held) for held in one.filter]
    workitems, _matched = matching_workitems(visible_workitems(person), keys)
    return workitems.filter(pk=workitem.pk).exists()


def _kept(key: Key) -> dict[str, Any]:
    return {"tag": key.tag, "vr": key.vr, "values": key.values, "items": [_kept(one) for one in key.items]}


def _key(held: dict[str, Any]) -> Key:
    items = tuple(_key(one) for one in held["items"])
    return Key(held["tag"], held["vr"], tuple(held["values"]), items)


def _subscriber(actor: Person, ae_title: str) -> Subscriber:
    """The row of the subscriber, held for writing reports. Raises  Conflict for one more than a person may have."""
    _row, is_new = Subscriber.objects.get_or_create(
        person=actor, ae_title=check_ae_title(ae_title), defaults={"created_at": clock.now()}
    )
    if is_new and Subscriber.objects.filter(person=actor).count() > MOST_SUBSCRIBERS:
        raise Conflict("You have too many subscribers", code="TOO_MANY_SUBSCRIBERS")
    return Subscriber.objects.select_for_update(no_key=True).get(person=actor, ae_title=ae_title.strip())


def _known(actor: Person, ae_title: str) -> Subscriber:
    found = Subscriber.objects.filter(person=actor, ae_title=check_ae_title(ae_title)).first()
    if found is None:
        raise _not_subscribed()
    return found


def _not_subscribed() -> NotFound:
    return NotFound("There is no such subscription", code="SUBSCRIPTION_UNKNOWN")


def _wait_for_creations() -> None:
    """Wait for workitems being created, which do not see the subscription yet, and hold up new ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CREATION_LOCK])


def _announce_creation() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_CREATION_LOCK])


def _note(actor: Person, action: str, uid: str, site_code: str = "", **detail: Any) -> None:
    record_audit(
        actor, action, object_kind=action.partition(".")[0], object_uid=uid, site_code=site_code, **detail
    )
