"""Event reports: what subscribers are told of a change, written with the change and sent when it is committed.

Reference  PS3.4 Table CC.2.4-1 (contents), §CC.2.4.3 (when), PS3.18 §11.13
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archive.workitems.attributes import tag_of
from archive.workitems.datasets import Model, element, first, items, values
from archive.workitems.models import EventReport, Subscriber, Workitem
from common import clock
from common.nudges import Nudge

Type = EventReport.Type
News = tuple[EventReport.Type, Model]
_CANCEL_DETAILS = (
    "ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence", "ContactURI", "ContactDisplayName",
)  # fmt: skip
_PROGRESS = (
    "ProcedureStepProgress",
    "ProcedureStepProgressDescription",
    "ProcedureStepCommunicationsURISequence",
)
_ASSIGNED = ("ScheduledStationNameCodeSequence", "ScheduledHumanPerformersSequence")
_nudge = Nudge[Sequence[int]]()
"""Told of the subscribers for whom there is news, by their keys, once it is committed."""
use_nudge = _nudge.use


def state_news(workitem: Workitem) -> News:
    """The state and the readiness, with the reason where the workitem was canceled for one."""
    attributes = element("ProcedureStepState", workitem.state)
    attributes |= element("InputReadinessState", first(workitem.attributes, "InputReadinessState"))
    if workitem.state == Workitem.State.CANCELED:
        for item in items(workitem.attributes, "ProcedureStepProgressInformationSequence")[:1]:
            attributes |= _of(item, _CANCEL_DETAILS[:2])
    return Type.STATE, attributes


def assigned_news(workitem: Workitem) -> News:
    """The stations and the people it is scheduled for."""
    performers = items(workitem.attributes, "ScheduledHumanPerformersSequence")
    attributes = _of(workitem.attributes, _ASSIGNED)
    codes = [code for performer in performers for code in items(performer, "HumanPerformerCodeSequence")]
    if codes:
        attributes |= element("HumanPerformerCodeSequence", *codes)
    organizations = [first(performer, "HumanPerformerOrganization") for performer in performers]
    if any(organizations):
        attributes |= element("HumanPerformerOrganization", next(name for name in organizations if name))
    return Type.ASSIGNED, attributes


def cancel_requested_news(details: Model, *, requesting_ae: str) -> News:
    """Who asks for it, and the reason and contact that came with the request."""
    return Type.CANCEL_REQUESTED, element("RequestingAE", requesting_ae) | _of(details, _CANCEL_DETAILS)


def news_of_creation(workitem: Workitem) -> list[News]:
    is_assigned = any(values(workitem.attributes, keyword) for keyword in _ASSIGNED)
    return [state_news(workitem), *([assigned_news(workitem)] if is_assigned else [])]


def news_of_change(workitem: Workitem, before: Model) -> list[News]:
    """What is to be told of a workitem that held `before` until now."""
    now = workitem.attributes
    news: list[News] = []
    if first(before, "InputReadinessState") != first(now, "InputReadinessState"):
        news.append(state_news(workitem))
    if any(values(before, keyword) != values(now, keyword) for keyword in _ASSIGNED):
        news.append(assigned_news(workitem))
    if _progress(before) != _progress(now):
        held = now.get(tag_of("ProcedureStepProgressInformationSequence"), {"vr": "SQ"})
        news.append((Type.PROGRESS, {tag_of("ProcedureStepProgressInformationSequence"): held}))
    return news


def tell_subscribers(workitem: Workitem, news: Iterable[News]) -> None:
    """Write these reports for everyone subscribed to the workitem, in the transaction in hand."""
    subscribers = list(
        Subscriber.objects.select_for_update(no_key=True, of=("self",))
        .filter(workitems__workitem=workitem)
        .order_by("pk")
    )
    tell(subscribers, [(workitem, one) for one in news])


def tell(subscribers: Sequence[Subscriber], news: Sequence[tuple[Workitem, News]]) -> None:
    """Write these reports for these subscribers, whose rows are held locked; they go out after the commit."""
    if not subscribers or not news:
        return
    now = clock.now()
    EventReport.objects.bulk_create(
        [
            EventReport(
                subscriber=subscriber,
                workitem=workitem,
                event_type=kind,
                attributes=attributes,
                created_at=now,
            )
            for subscriber in subscribers
            for workitem, (kind, attributes) in news
        ],
        batch_size=500,
    )
    keys = [subscriber.pk for subscriber in subscribers]
    _nudge.after_commit(keys)


def _progress(model: Model) -> list[Model]:
    return [_of(item, _PROGRESS) for item in items(model, "ProcedureStepProgressInformationSequence")]


def _of(model: Model, keywords: Iterable[str]) -> Model:
    tags = [tag_of(keyword) for keyword in keywords]
    return {tag: model[tag] for tag in tags if model.get(tag, {}).get("Value")}
