"""A group of equal destinations: one member takes a study, another goes on if that one dies, and nothing goes twice."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.models import AuditEvent
from common import clock as product_clock
from events.services import Event
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker
from integrations.routing.corrections import on_instances_restored, send_corrected
from integrations.routing.destinations import destinations_named
from integrations.routing.groups import leave_the_dead
from integrations.routing.lanes import claim_lane, leave
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.sending import send_destination, send_due
from integrations.routing.services import queue_series, route_series, update_destination
from tests.integrations.routing.conftest import SYSTEM
from tests.integrations.routing.peers import recording_node
from tests.integrations.routing.tables import routing_table

pytestmark = pytest.mark.django_db
TO_THE_GROUP = routing_table(["modality"], ["destination"], ["-", '"pacs"'])
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def recorders():
    with recording_node() as first, recording_node() as second:
        yield [first, second]


@pytest.fixture
def members(region, recorders, put_in_force) -> list[Destination]:
    """Two nodes in a group, and a table that sends everything to it."""
    made = []
    for number, recorder in enumerate(recorders, start=1):
        node = ApplicationEntity.objects.create(
            ae_title=f"PACS{number}", site=region.county, roles=["storage_scp"], host="127.0.0.1",
            port=recorder.port, timeout_s=5,
        )  # fmt: skip
        made.append(
            Destination.objects.create(
                key=f"pacs-{number}", name=f"PACS {number}", kind="dimse", node=node, group="pacs",
                created_at=product_clock.now(),
            )
        )  # fmt: skip
    put_in_force(TO_THE_GROUP)
    return made


def uids(series) -> list[str]:
    return list(series.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True))


def die(destination: Destination) -> None:
    """Its node's breaker opens."""
    assert destination.node is not None
    for _ in range(breaker.THRESHOLD):
        breaker.note_failure(destination.node, code="NODE_UNREACHABLE", reason="REFUSED", purpose="send")


def live(destination: Destination) -> None:
    assert destination.node is not None
    breaker.note_success(destination.node)
    Destination.objects.filter(pk=destination.pk).update(failures=0, blocked_until=None)


def stop_after(count: int, recorder, series) -> None:
    """The receiver is full after so many objects of a series."""
    recorder.statuses[uids(series)[count]] = [0xA700] * 9


def where(series) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = Delivery.objects.filter(series_instance_uid=series.series_instance_uid).order_by("pk")
    for key, state in rows.values_list("destination__key", "state"):
        found.setdefault(key, []).append(state)
    return found


def test_what_a_dead_member_has_not_got_goes_on_with_a_living_one_in_order(
    members, recorders, make_series, clock
):
    series = make_series(6)
    stop_after(2, recorders[0], series)
    route_series(series)
    send_due()
    assert recorders[0].received == uids(series)[:2]

    die(members[0])
    assert leave_the_dead() == 4
    send_due()

    assert recorders[0].received + recorders[1].received == uids(series), "each once, in order"
    assert where(series) == {"pacs-1": ["sent"] * 2, "pacs-2": ["sent"] * 4}
    moved = AuditEvent.objects.get(action="delivery.moved")
    assert (moved.object_uid, moved.detail["left"], moved.detail["objects"]) == ("pacs-2", "pacs-1", 4)
    assert Lane.objects.filter(next_at__isnull=False).count() == 0


def test_what_was_in_the_air_when_a_member_died_goes_to_no_other(members, recorders, make_series, clock):
    """Nobody knows whether the dead one has it: once it lives again it gets it again, under the same UID."""
    series = make_series(5)
    recorders[0].dies_with = uids(series)[2]
    route_series(series)
    send_due()
    assert recorders[0].received == uids(series)[:3]

    die(members[0])
    assert leave_the_dead() == 2
    assert leave_the_dead() == 0
    send_due()

    assert recorders[1].received == uids(series)[3:]
    assert AuditEvent.objects.filter(action="delivery.moved").count() == 1
    recorders[0].dies_with = ""
    live(members[0])
    clock.advance(MINUTE)
    send_due()
    assert recorders[0].received == [*uids(series)[:3], uids(series)[2]]
    assert where(series) == {"pacs-1": ["sent"] * 3, "pacs-2": ["sent"] * 2}


def test_a_person_who_switches_a_dead_member_off_has_another_take_what_was_in_the_air(
    members, recorders, make_series
):
    series = make_series(2)
    recorders[0].dies_with = uids(series)[0]
    route_series(series)
    send_due()
    die(members[0])
    assert leave_the_dead() == 1

    update_destination(members[0], actor=SYSTEM, is_enabled=False)

    assert leave_the_dead() == 1
    send_due()
    assert where(series) == {"pacs-2": ["sent", "sent"]}


def test_of_what_a_dead_sender_had_in_hand_the_first_waits_for_the_dead_member(
    members, recorders, make_series, clock, settings
):
    series = make_series(3)
    route_series(series)
    claim_lane(members[0].pk)
    Delivery.objects.update(state=Delivery.State.SENDING)  # then the sender was killed
    die(members[0])
    clock.advance(dt.timedelta(seconds=settings.ROUTING_LEASE_SECONDS + 1))

    assert leave_the_dead() == 2
    send_due()

    assert recorders[1].received == uids(series)[1:]
    assert recorders[0].received == uids(series)[:1]  # it has rested, and is tried
    assert where(series) == {"pacs-1": ["sent"], "pacs-2": ["sent"] * 2}


@pytest.mark.parametrize("off", ["destination", "node"])
def test_a_member_that_is_switched_off_is_left_too(members, recorders, make_series, off):
    series = make_series(3)
    route_series(series)
    if off == "destination":
        update_destination(members[0], actor=SYSTEM, is_enabled=False)
    else:
        ApplicationEntity.objects.filter(pk=members[0].node_id).update(is_enabled=False)

    assert leave_the_dead() == 3
    send_due()

    assert (recorders[0].received, recorders[1].received) == ([], uids(series))


def test_three_failures_in_a_row_make_a_destination_dead_and_fewer_do_not(members, make_series):
    route_series(make_series(2))
    Destination.objects.filter(pk=members[0].pk).update(failures=2)
    assert leave_the_dead() == 0

    Destination.objects.filter(pk=members[0].pk).update(failures=3)

    assert leave_the_dead() == 2


def test_a_study_stays_where_it_was_begun_as_long_as_that_member_lives(
    members, recorders, make_series, clock
):
    first = make_series(2, series="a")
    route_series(first)
    send_due()
    assert leave_the_dead() == 0
    Destination.objects.filter(pk=members[0].pk).update(failures=1)

    second = make_series(2, series="b")
    route_series(second)

    assert where(second) == {"pacs-1": ["waiting"] * 2}


def test_late_instances_follow_the_study_and_what_any_member_has_does_not_go_again(
    members, recorders, make_series, clock
):
    series = make_series(3)
    route_series(series)
    send_due()
    die(members[0])

    series = make_series(2, first=4)
    decision = route_series(series)
    send_due()

    assert decision.actions[0]["queued"] == {"pacs-2": 2}
    assert recorders[1].received == uids(series)[3:]
    live(members[0])
    series = make_series(1, first=6)
    route_series(series)
    send_due()
    assert len(recorders[0].received + recorders[1].received) == len(set(uids(series))) == 6


def test_a_study_that_left_stays_with_its_new_member_when_the_old_one_is_back(
    members, recorders, make_series, clock
):
    route_series(make_series(2, series="a"))
    die(members[0])
    leave_the_dead()
    live(members[0])

    later = make_series(2, series="b")
    route_series(later)

    assert where(later) == {"pacs-2": ["waiting"] * 2}


def test_while_no_member_lives_everything_waits_and_goes_on_with_the_first_that_does(
    members, recorders, make_series, clock
):
    series = make_series(3)
    route_series(series)
    for member in members:
        die(member)
    assert leave_the_dead() == 0

    live(members[1])

    assert leave_the_dead() == 3
    send_due()
    assert recorders[1].received == uids(series)


def test_what_was_routed_to_a_member_by_its_own_key_waits_for_it(
    members, recorders, make_series, put_in_force
):
    put_in_force(routing_table(["modality"], ["destination"], ["-", '"pacs-1"'], ["-", '"pacs-2"']))
    series = make_series(2)
    route_series(series)
    die(members[0])

    assert leave_the_dead() == 0
    send_due()

    assert where(series) == {"pacs-1": ["failed", "waiting"], "pacs-2": ["sent"] * 2}


def test_what_the_living_member_was_sent_by_its_own_key_is_not_sent_for_the_group(
    members, recorders, make_series
):
    series = make_series(2)
    route_series(series)
    queue_series(series, destination=members[1])
    die(members[0])

    assert leave_the_dead() == 0
    send_due()

    assert recorders[1].received == uids(series)
    assert where(series) == {"pacs-1": ["cancelled"] * 2, "pacs-2": ["sent"] * 2}
    assert set(Delivery.objects.filter(state="cancelled").values_list("error_code", flat=True)) == {
        "HELD_IN_GROUP"
    }


def test_a_lane_in_the_hands_of_a_sender_is_left_to_it_until_its_lease_is_over(
    members, make_series, clock, settings
):
    route_series(make_series(2))
    claim = claim_lane(members[0].pk)
    assert claim is not None
    die(members[0])
    assert leave_the_dead() == 0

    clock.advance(dt.timedelta(seconds=settings.ROUTING_LEASE_SECONDS + 1))

    assert leave_the_dead() == 2
    leave(claim)
    assert not Lane.objects.get(destination=members[0]).next_at


def test_a_member_that_holds_a_study_gets_its_correction_itself(
    members, recorders, make_series, settings, clock
):
    settings.ROUTING_RESEND_CORRECTED = ["dimse"]
    series = make_series(2)
    route_series(series)
    send_due()
    die(members[0])
    assert send_corrected(series.study.study_instance_uid) == 2

    assert leave_the_dead() == 0

    assert where(series) == {"pacs-1": ["waiting"] * 2}


def test_one_that_was_dead_is_tried_with_one_study_when_it_has_rested(members, make_series, clock, cast):
    die(members[0])
    assert chosen(cast, "a") == "pacs-2"
    clock.advance(20 * MINUTE)

    assert chosen(cast, "b") == "pacs-1"
    queue_series(make_series(1, study="b"), destination=members[0], group="pacs")

    assert chosen(cast, "c") == "pacs-2", "one is enough to find out"


def chosen(cast, study: str) -> str:
    (one,) = destinations_named("pacs", site=cast.county, study_instance_uid=study, is_thin=None)
    return one.key


def test_a_node_for_other_series_is_no_way_out(members, make_series):
    route_series(make_series(1))
    ApplicationEntity.objects.filter(pk=members[1].node_id).update(takes="thin")
    die(members[0])

    assert leave_the_dead() == 0


def test_what_was_withdrawn_and_went_with_another_member_is_not_revived(members, make_series):
    series = make_series(2)
    route_series(series)
    Delivery.objects.update(state="cancelled", error_code="INSTANCE_WITHDRAWN")
    queue_series(series, destination=members[1], group="pacs")

    subjects = {"study": series.study.study_instance_uid}
    on_instances_restored(
        Event(series.study.trace_id, "InstancesRestored", {"subjects": subjects}, series.study.trace_id)
    )

    assert where(series) == {"pacs-1": ["cancelled"] * 2, "pacs-2": ["waiting"] * 2}


def test_of_many_dead_lanes_the_urgent_leave_first_and_share_the_living(members, make_series, recorders):
    for number in range(4):
        series = make_series(1, study=f"study {number}")
        queue_series(series, destination=members[0], group="pacs", urgency=2 if number == 3 else 0)
    die(members[0])

    assert leave_the_dead() == 4
    send_destination(members[1].pk)

    urgent = Lane.objects.get(destination=members[1], urgency=2)
    assert recorders[1].received[0] == urgent.deliveries.get().sop_instance_uid
