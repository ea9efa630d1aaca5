"""Event reports on their way out: which are still to be sent, and what they look like.

Reference  PS3.18 §11.13, PS3.7 §10.3 (N-EVENT-REPORT elements), PS3.4 §CC.2.4.3
"""

from __future__ import annotations

from accounts.models import Person
from archive.workitems.datasets import Model, element
from archive.workitems.models import EventReport, Subscriber
from archive.workitems.selectors import visible_workitems

_PUSH, _WORKLIST = "1.2.840.10008.5.1.4.34.6.1", "1.2.840.10008.5.1.4.34.5"
_SCP_STATUS_CHANGE = 4


def known_subscriber(person: Person, ae_title: str) -> Subscriber | None:
    """The subscriber a person's programs know by this name."""
    return Subscriber.objects.filter(person=person, ae_title=ae_title.strip()).first()


def reports_for(subscriber: Subscriber, *, after: int, limit: int) -> list[EventReport] | None:
    """The next reports, of workitems the person may see today; None if the account is closed."""
    person = Person.objects.filter(pk=subscriber.person_id, is_active=True).first()
    if person is None:
        return None
    rows = EventReport.objects.filter(subscriber=subscriber, pk__gt=after).select_related("workitem")
    return list(rows.filter(workitem__in=visible_workitems(person)).order_by("pk")[:limit])


def note_told(subscriber: Subscriber, last: int) -> None:
    """Remember that reports up to this one went out. A channel that is behind changes nothing."""
    Subscriber.objects.filter(pk=subscriber.pk, told_up_to__lt=last).update(told_up_to=last)


def data_set_of(report: EventReport) -> Model:
    """The report as a data set, with the elements of the message that would carry it by DIMSE."""
    head = _head(report.workitem.sop_instance_uid, report.event_type, report.pk % 65_535 + 1)
    return dict(sorted((head | report.attributes).items()))


def restart_report() -> Model:
    """That the service was restarted, and has kept subscriptions and workitems."""
    attributes = element("SCPStatus", "RESTARTED") | element("SubscriptionListStatus", "WARM START")
    attributes |= element("UnifiedProcedureStepListStatus", "WARM START")
    return _head(_WORKLIST, _SCP_STATUS_CHANGE, 1) | attributes


def _head(sop_instance_uid: str, event_type: int, message_id: int) -> Model:
    return {
        "00000002": {"vr": "UI", "Value": [_PUSH]},
        "00000110": {"vr": "US", "Value": [message_id]},
        "00001000": {"vr": "UI", "Value": [sop_instance_uid]},
        "00001002": {"vr": "US", "Value": [event_type]},
    }
