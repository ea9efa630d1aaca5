"""PS3.18 §11.10 Subscribe, §11.11 Unsubscribe, §11.12 Suspend; PS3.4 Table CC.2.3-2 and the reports of §CC.2.4.3.

That reports come out of an open channel is tested with a real socket (test_ps3_18_11_13_events.py).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import AuditEvent, Membership
from archive.workitems import subscriptions
from archive.workitems.models import EventReport, Subscriber, WorkitemSubscription
from archive.workitems.outgoing import data_set_of, reports_for
from archive.workitems.retention import remove_what_is_over
from tests.conformance.workitems import (
    JSON,
    KEY,
    STATION,
    UID,
    body,
    change_state,
    claim,
    create,
    held,
    model,
    tag,
    update,
    value,
)

WORKLIST, FILTERED = "1.2.840.10008.5.1.4.34.5", "1.2.840.10008.5.1.4.34.5.1"
LOCKED, UNLOCKED, NONE = True, False, None
STATE, CANCEL, PROGRESS, ASSIGNED = 1, 2, 3, 5


def subscribe(program, target=UID, ae="WATCHER", query=""):
    return program.post(f"/dicomweb/workitems/{target}/subscribers/{ae}{query}", data=b"", content_type=JSON)


def unsubscribe(program, target=UID, ae="WATCHER"):
    return program.delete(f"/dicomweb/workitems/{target}/subscribers/{ae}")


def suspend(program, target=WORKLIST, ae="WATCHER"):
    return program.post(f"/dicomweb/workitems/{target}/subscribers/{ae}/suspend", data=b"", content_type=JSON)


def subscription(uid=UID, ae="WATCHER"):
    """The UPS Subscription State of an AE for a workitem: locked, unlocked, or none."""
    rows = WorkitemSubscription.objects.filter(subscriber__ae_title=ae, workitem__sop_instance_uid=uid)
    found = rows.first()
    return NONE if found is None else found.has_deletion_lock


def told(ae="WATCHER") -> list[tuple[int, str]]:
    """What was written for an AE since this was asked last: types of events, and of which workitems."""
    rows = list(EventReport.objects.filter(subscriber__ae_title=ae).order_by("pk").select_related("workitem"))
    EventReport.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [(row.event_type, row.workitem.sop_instance_uid) for row in rows]


def reports(person, ae="WATCHER"):
    subscriber = Subscriber.objects.get(person=person, ae_title=ae)
    return [data_set_of(one) for one in reports_for(subscriber, after=0, limit=100) or []]


def test_11_10_3_subscribing_is_answered_with_the_address_of_the_event_channel(theo):
    create(theo)

    response = subscribe(theo)

    assert (response.status_code, response.content) == (201, b"")
    assert response.headers["Content-Location"] == "ws://testserver/ws/dicomweb/subscribers/WATCHER"
    secure = theo.post(f"/dicomweb/workitems/{UID}/subscribers/A B", data=b"", content_type=JSON, secure=True)
    assert secure.headers["Content-Location"] == "wss://testserver/ws/dicomweb/subscribers/A%20B"


@pytest.mark.parametrize("before", [NONE, LOCKED, UNLOCKED])
@pytest.mark.parametrize("lock", [LOCKED, UNLOCKED])
def test_cc_2_3_2_subscribing_to_a_workitem_sets_the_lock_and_tells_its_state(theo, before, lock):
    create(theo)
    if before is not NONE:
        subscribe(theo, query=f"?deletionlock={str(before).lower()}")
    told()

    subscribe(theo, query=f"?deletionlock={str(lock).lower()}")

    assert subscription() is lock
    assert told() == [(STATE, UID)]


@pytest.mark.parametrize("before", [NONE, LOCKED, UNLOCKED])
@pytest.mark.parametrize("lock", [LOCKED, UNLOCKED])
def test_cc_2_3_2_subscribing_globally_leaves_subscriptions_there_are_as_they_are(theo, before, lock):
    create(theo)
    if before is not NONE:
        subscribe(theo, query=f"?deletionlock={str(before).lower()}")
    told()

    assert subscribe(theo, WORKLIST, query=f"?deletionlock={str(lock).lower()}").status_code == 201

    assert subscription() is (lock if before is NONE else before)
    assert told() == ([(STATE, UID)] if lock else [])


@pytest.mark.parametrize(("query", "expected"), [("?deletionlock=true", LOCKED), ("", UNLOCKED)])
def test_cc_2_3_2_a_workitem_created_later_is_subscribed_to_and_told(theo, query, expected):
    subscribe(theo, WORKLIST, query=query)

    create(theo)

    assert subscription() is expected
    assert told() == [(STATE, UID)]


def test_cc_2_4_3_a_workitem_created_for_a_station_is_told_as_assigned_too(theo):
    subscribe(theo, WORKLIST)

    create(theo, ScheduledStationNameCodeSequence=[STATION])

    assert told() == [(STATE, UID), (ASSIGNED, UID)]


def test_cc_2_3_2_without_a_global_subscription_nobody_is_subscribed(theo):
    create(theo)
    subscribe(theo)
    told()

    create(theo, "2.25.2")

    assert subscription("2.25.2") is NONE
    assert told() == []


def test_cc_2_3_2_unsubscribing_from_a_workitem(theo):
    create(theo)
    subscribe(theo)

    assert (unsubscribe(theo).status_code, unsubscribe(theo).status_code) == (200, 404)
    assert subscription() is NONE


def test_cc_2_3_2_unsubscribing_globally_ends_every_subscription(theo):
    create(theo)
    subscribe(theo, query="?deletionlock=true")
    subscribe(theo, WORKLIST)
    create(theo, "2.25.2")

    assert unsubscribe(theo, WORKLIST).status_code == 200

    create(theo, "2.25.3")
    assert [subscription(uid) for uid in (UID, "2.25.2", "2.25.3")] == [NONE, NONE, NONE]
    assert unsubscribe(theo, WORKLIST).status_code == 404


def test_cc_2_3_2_suspending_keeps_the_subscriptions_there_are(theo):
    subscribe(theo, WORKLIST)
    create(theo)

    assert suspend(theo).status_code == 200

    create(theo, "2.25.2")
    assert (subscription(UID), subscription("2.25.2")) == (UNLOCKED, NONE)
    assert suspend(theo).status_code == 404
    assert suspend(theo, UID).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "?filter=WorklistLabel=CAD,ScheduledProcedureStepPriority=HIGH",
        "?WorklistLabel=CAD&ScheduledProcedureStepPriority=HIGH",
        "?filter=00741202=CAD,00741200=HIGH&deletionlock=false",
    ],
)
def test_cc_2_3_3_1_a_filtered_worklist_covers_what_is_there_and_what_comes_that_matches(theo, query):
    create(theo, "2.25.1", ScheduledProcedureStepPriority="HIGH")
    create(theo, "2.25.2")

    assert subscribe(theo, FILTERED, query=query).status_code == 201

    create(theo, "2.25.3", ScheduledProcedureStepPriority="HIGH")
    create(theo, "2.25.4", ScheduledProcedureStepPriority="HIGH", WorklistLabel="Other")
    subscribed = [uid for uid in ("2.25.1", "2.25.2", "2.25.3", "2.25.4") if subscription(uid) is not NONE]
    assert subscribed == ["2.25.1", "2.25.3"]
    assert told() == [(STATE, "2.25.3")]


def test_11_11_2_unsubscribing_from_the_filtered_worklist_ends_what_the_filter_made(theo):
    create(theo, "2.25.1")
    subscribe(theo, "2.25.1")
    create(theo, "2.25.2")
    subscribe(theo, FILTERED, query="?filter=WorklistLabel=CAD")

    assert unsubscribe(theo, FILTERED).status_code == 200

    assert (subscription("2.25.1"), subscription("2.25.2")) == (UNLOCKED, NONE)


@pytest.mark.parametrize(
    ("target", "query"),
    [
        (UID, "?deletionlock=perhaps"), (FILTERED, ""), (FILTERED, "?filter="), (FILTERED, "?filter=NoSuchKey=1"),
        (FILTERED, "?filter=TransactionUID=2.25.1"), (FILTERED, "?filter=ScheduledProcedureStepStartDateTime=soon"),
        ("none", ""),
    ],
)  # fmt: skip
def test_11_10_3_1_a_malformed_subscription_is_a_bad_request(theo, target, query):
    create(theo)

    assert subscribe(theo, target, query=query).status_code == 400


@pytest.mark.parametrize("ae", ["A" * 17, "A%5CB", "%20%20", "%E7%94%B2"])
def test_3_5_6_2_an_ae_title_that_is_none_is_a_bad_request(theo, ae):
    create(theo)

    assert subscribe(theo, ae=ae).status_code == 400


def test_11_10_3_1_a_workitem_that_is_not_there_or_not_ones_own_to_see_is_404(theo, otto):
    create(theo)

    assert subscribe(theo, "2.25.404").status_code == 404
    assert subscribe(otto).status_code == 404
    assert unsubscribe(otto).status_code == 404


def test_nobody_is_told_of_a_workitem_he_may_not_see(theo, otto, cast):
    subscribe(otto, WORKLIST)

    create(theo)

    assert subscription() is NONE
    assert told() == []


def test_whoever_loses_sight_of_a_workitem_is_told_no_more(theo, cast):
    subscribe(theo, WORKLIST)
    create(theo)
    assert len(reports(cast.theo)) == 1

    Membership.objects.filter(person=cast.theo).delete()

    assert reports(cast.theo) == []


def test_an_ae_title_is_ones_own(theo, program_of, cast):
    """Another person's program of the same name is another subscriber, and cannot end what is not its own."""
    create(theo)
    subscribe(theo)

    assert unsubscribe(program_of(cast.rafael)).status_code == 404
    assert subscription() is UNLOCKED


def test_cc_2_1_3_a_deletion_lock_keeps_a_workitem_until_it_is_taken_away(theo, clock, cast):
    create(theo)
    subscribe(theo, query="?deletionlock=true")
    claim(theo)
    change_state(theo, "CANCELED")
    clock.advance(dt.timedelta(days=31))

    assert remove_what_is_over() == 0
    subscribe(theo, query="?deletionlock=false")
    assert remove_what_is_over() == 1


def test_cc_2_3_3_the_lock_of_a_closed_account_holds_nothing(theo, clock, cast):
    create(theo)
    subscribe(theo, query="?deletionlock=true")
    claim(theo)
    change_state(theo, "CANCELED")
    clock.advance(dt.timedelta(days=31))
    cast.theo.is_active = False
    cast.theo.save()

    assert remove_what_is_over() == 1


def test_cc_2_4_3_every_change_is_told_by_its_event(theo):
    create(theo)
    subscribe(theo)
    told()
    progress: dict[str, Any] = {"ProcedureStepProgressInformationSequence": [{"ProcedureStepProgress": "5"}]}
    steps = [
        (lambda: update(theo, InputReadinessState="INCOMPLETE"), [STATE]),
        (lambda: update(theo, WorklistLabel="B"), []),
        (lambda: update(theo, ScheduledStationNameCodeSequence=[STATION]), [ASSIGNED]),
        (lambda: change_state(theo, "IN PROGRESS"), [STATE]),
        (lambda: update(theo, KEY, **progress), [PROGRESS]),
        (lambda: update(theo, KEY, **progress), []),
        (lambda: theo.post(f"/dicomweb/workitems/{UID}/cancelrequest", data=b"", content_type=JSON), [CANCEL]),
        (lambda: change_state(theo, "IN PROGRESS"), []),
        (lambda: change_state(theo, "CANCELED"), [STATE]),
        (lambda: change_state(theo, "CANCELED"), []),
    ]  # fmt: skip
    for act, expected in steps:
        act()
        assert [kind for kind, _uid in told()] == expected


def test_cc_1_1_2_a_scheduled_workitem_that_is_canceled_on_request_is_told_state_by_state(theo, cast):
    create(theo)
    subscribe(theo)
    told()

    details = {"ReasonForCancellation": "Broken", "ContactDisplayName": "Theo", "ContactURI": "tel:1"}
    theo.post(
        f"/dicomweb/workitems/{UID}/cancelrequest?requester=PLANNER", data=body(details), content_type=JSON
    )

    asked, begun, ended = reports(cast.theo)
    assert value(asked, "RequestingAE") == "PLANNER"
    assert model(details).items() <= asked.items()
    assert [value(one, "ProcedureStepState") for one in (begun, ended)] == ["IN PROGRESS", "CANCELED"]
    assert value(ended, "ReasonForCancellation") == "Broken"


def test_11_13_a_report_holds_the_elements_of_its_message_and_of_its_event(theo, cast):
    create(theo)
    subscribe(theo)

    (report,) = reports(cast.theo)

    assert report["00000002"] == {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]}
    assert report["00001000"] == {"vr": "UI", "Value": [UID]}
    assert report["00001002"] == {"vr": "US", "Value": [1]}
    assert 0 < report["00000110"]["Value"][0] < 65_536
    assert value(report, "ProcedureStepState") == "SCHEDULED"
    assert value(report, "InputReadinessState") == "READY"


def test_cc_2_4_1_an_assignment_names_stations_and_people(theo, cast):
    create(theo)
    subscribe(theo)
    told()
    performer = {
        "HumanPerformerCodeSequence": [STATION],
        "HumanPerformerName": "Yang^Rosa",
        "HumanPerformerOrganization": "X",
    }

    update(theo, ScheduledHumanPerformersSequence=[performer])

    (report,) = reports(cast.theo)
    assert value(report, "HumanPerformerCodeSequence") == model(STATION)
    assert value(report, "HumanPerformerOrganization") == "X"


def test_a_person_has_no_more_subscribers_than_the_worklist_can_bear(theo, monkeypatch):
    monkeypatch.setattr(subscriptions, "MOST_SUBSCRIBERS", 2)

    assert [subscribe(theo, WORKLIST, ae).status_code for ae in ("A", "B", "B", "C", "A")] == [
        201,
        201,
        201,
        409,
        201,
    ]
    assert subscription(ae="C") is NONE


def test_a_subscriber_without_subscriptions_and_reports_is_forgotten_and_others_are_not(theo, clock):
    create(theo)
    subscribe(theo, ae="LEFT")
    subscribe(theo, ae="STAYED")
    unsubscribe(theo, ae="LEFT")
    clock.advance(dt.timedelta(days=2))

    remove_what_is_over()

    assert list(Subscriber.objects.values_list("ae_title", flat=True)) == ["STAYED"]
    assert told("STAYED") == []


def test_subscriptions_are_audited(theo):
    create(theo)
    subscribe(theo)
    subscribe(theo, WORKLIST)
    suspend(theo)
    unsubscribe(theo)
    unsubscribe(theo, WORKLIST)

    actions = AuditEvent.objects.filter(action__contains="s").values_list("action", flat=True)
    assert [one for one in actions if "subscribed" in one or "suspended" in one] == [
        "workitem.subscribed", "worklist.subscribed", "worklist.suspended", "workitem.unsubscribed",
    ]  # fmt: skip


def test_the_transaction_uid_is_in_no_report(theo, cast):
    create(theo)
    subscribe(theo)
    claim(theo)

    assert KEY not in str(reports(cast.theo))
    assert tag("TransactionUID") not in held(theo)
