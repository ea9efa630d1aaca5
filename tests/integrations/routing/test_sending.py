"""Lanes are emptied in order, one bad destination holds up no other, and what fails waits or ends up with a person."""

from __future__ import annotations

import datetime as dt

import pytest
from pydicom import dcmread

from accounts.models import AuditEvent
from archive.storage.objects import read_object
from archive.studies.models import Instance
from common import clock as product_clock
from integrations.dicom.models import ApplicationEntity
from integrations.routing import lanes
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.selectors import dead_letters, destination_progress, node_progress
from integrations.routing.sending import send_destination, send_due
from integrations.routing.services import queue_series, resend
from tests.integrations.routing.peers import (
    free_port,
    recording_node,
    running_orthanc,
    running_storescp,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def node_destination(region):
    """A destination that stands for a node on a port."""

    def make(port: int, *, title="RECORDER", **facts) -> Destination:
        node = ApplicationEntity.objects.create(
            ae_title=title,
            site=region.county,
            roles=["storage_scp"],
            host="127.0.0.1",
            port=port,
            timeout_s=5,
        )
        values = {"key": title.lower(), "name": title, "kind": "dimse", "created_at": product_clock.now()}
        return Destination.objects.create(node=node, **(values | facts))

    return make


@pytest.fixture
def recorder():
    with recording_node() as node:
        yield node


def uids(*series) -> list[str]:
    """The objects of some series, in the order of their numbers."""
    return [
        uid
        for one in series
        for uid in one.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True)
    ]


def states() -> dict[str, int]:
    counted: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        counted[state] = counted.get(state, 0) + 1
    return counted


def test_a_series_leaves_in_order_over_one_association(make_series, node_destination, recorder):
    series = make_series(12)
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)

    assert send_destination(destination.pk) == 12

    assert recorder.received == uids(series)
    assert recorder.associations == 1
    assert states() == {"sent": 12}
    assert Lane.objects.get().next_at is None
    sent = AuditEvent.objects.get(action="study.sent")
    assert (sent.detail["destination"], sent.detail["objects"]) == ("recorder", 12)


def test_order_is_kept_within_a_study_whatever_is_queued_when(make_series, node_destination, recorder):
    first, second = make_series(4, series="a"), make_series(4, series="b")
    other = make_series(2, study="other")
    destination = node_destination(recorder.port)
    for series in (first, other, second):
        queue_series(series, destination=destination)

    send_destination(destination.pk)

    of_study = [uid for uid in recorder.received if uid in set(uids(first, second))]
    assert of_study == uids(first, second)


def test_what_was_sent_is_not_sent_again(make_series, node_destination, recorder):
    series = make_series(3)
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)
    send_due()

    assert queue_series(series, destination=destination) == 0
    send_due()

    assert len(recorder.received) == 3


def test_an_object_refused_for_good_is_given_up_at_once_and_the_rest_goes_on(
    make_series, node_destination, recorder, cast
):
    series = make_series(4)
    bad = uids(series)[1]
    recorder.statuses[bad] = [0xA900]
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)

    send_due()

    assert recorder.received == [uid for uid in uids(series) if uid != bad]
    (letter,) = dead_letters(cast.ivo)
    assert (letter.sop_instance_uid, letter.error_code, letter.attempts) == (bad, "STATUS_A900", 1)
    assert not dead_letters(cast.otto).exists()


def test_a_person_sends_a_dead_letter_again(make_series, node_destination, recorder, cast):
    series = make_series(2)
    recorder.statuses[uids(series)[0]] = [0xC000]
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)
    send_due()

    assert resend(dead_letters(cast.otto), actor=cast.otto) == 0
    assert resend(dead_letters(cast.ivo), actor=cast.ivo) == 1
    send_due()

    assert sorted(recorder.received) == sorted(uids(series))
    assert states() == {"sent": 2}
    assert AuditEvent.objects.get(action="delivery.resent").person == cast.ivo


def test_a_full_receiver_is_asked_again_later_and_order_is_kept(
    make_series, node_destination, recorder, clock
):
    series = make_series(3)
    recorder.statuses[uids(series)[1]] = [0xA700, 0xA700]
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)

    send_due()
    assert recorder.received == uids(series)[:1]
    assert states() == {"sent": 1, "failed": 1, "waiting": 1}
    send_due()
    assert len(recorder.received) == 1, "not before the pause is over"
    for _ in range(2):
        clock.advance(dt.timedelta(seconds=10))
        send_due()

    assert recorder.received == uids(series)
    assert Delivery.objects.get(sop_instance_uid=uids(series)[1]).attempts == 3


def test_a_destination_that_is_down_holds_up_no_other(make_series, node_destination, recorder, clock, cast):
    series = make_series(5)
    down, up = node_destination(free_port(), title="DOWN"), node_destination(recorder.port)
    for destination in (down, up):
        queue_series(series, destination=destination)

    send_due()

    assert recorder.received == uids(series)
    down.refresh_from_db()
    assert (down.failures, down.last_error_code) == (1, "NODE_UNREACHABLE")
    assert down.blocked_until > clock.now
    progress = {one.destination.key: one for one in destination_progress(cast.ivo)}
    assert (progress["down"].waiting, progress["down"].failed, progress["down"].is_blocked) == (5, 1, True)
    assert progress["recorder"].waiting == 0
    of_node = node_progress(down.node)
    assert of_node is not None
    assert of_node.waiting == 5

    down.node.port = recorder.port
    down.node.save()
    clock.advance(dt.timedelta(minutes=1))
    send_due()

    assert recorder.received == uids(series) * 2
    down.refresh_from_db()
    assert (down.failures, down.last_error_code) == (0, "")


def test_what_did_not_get_through_for_days_waits_for_a_person(
    make_series, node_destination, clock, cast, settings
):
    series = make_series(2)
    destination = node_destination(free_port())
    queue_series(series, destination=destination)

    clock.advance(dt.timedelta(hours=settings.ROUTING_GIVE_UP_HOURS + 1))
    send_due()

    assert {letter.error_code for letter in dead_letters(cast.ivo)} == {"NODE_UNREACHABLE"}
    assert states() == {"dead": 2}


def test_a_suspected_destination_is_tried_by_one_sender_only(make_series, node_destination, clock):
    destination = node_destination(free_port(), maximum_senders=4)
    for number in range(3):
        queue_series(make_series(1, study=f"study {number}"), destination=destination)
    first, second = lanes.claim_lane(destination.pk), lanes.claim_lane(destination.pk)
    assert first is not None
    assert second is not None, "a sound destination takes several"
    for claim in (first, second):
        lanes.leave(claim)

    Destination.objects.filter(pk=destination.pk).update(failures=1)

    assert lanes.claim_lane(destination.pk) is not None
    assert lanes.claim_lane(destination.pk) is None


def test_a_lane_belongs_to_one_sender_until_its_lease_runs_out(
    make_series, node_destination, clock, settings
):
    destination = node_destination(free_port())
    queue_series(make_series(2), destination=destination)

    claim = lanes.claim_lane(destination.pk)
    assert claim is not None
    assert lanes.claim_lane(destination.pk) is None
    clock.advance(dt.timedelta(seconds=settings.ROUTING_LEASE_SECONDS + 1))
    taken_over = lanes.claim_lane(destination.pk)

    assert taken_over is not None
    assert taken_over.lane_id == claim.lane_id
    assert not lanes.renew(claim)
    lanes.leave(claim)
    assert lanes.renew(taken_over), "the late sender gives back nothing that is not its own"


def test_a_withdrawn_object_is_not_sent(make_series, node_destination, recorder, cast):
    series = make_series(3)
    destination = node_destination(recorder.port)
    queue_series(series, destination=destination)
    Instance.objects.filter(sop_instance_uid=uids(series)[0]).delete()

    send_due()

    assert recorder.received == uids(series)
    assert not dead_letters(cast.ivo).exists()
    assert Delivery.objects.get(state="cancelled").error_code == "INSTANCE_WITHDRAWN"


def test_orthanc_holds_byte_for_byte_what_was_sent(make_series, node_destination, tmp_path):
    series = make_series(8)
    with running_orthanc(tmp_path / "orthanc") as orthanc:
        destination = node_destination(orthanc.port, title="ORTHANC")
        queue_series(series, destination=destination)

        assert send_destination(destination.pk) == 8

        assert orthanc.sop_instance_uids() == set(uids(series))


def test_storescp_gets_the_same_data_sets(make_series, node_destination, tmp_path):
    series = make_series(3)
    with running_storescp(tmp_path / "received") as port:
        queue_series(series, destination=node_destination(port, title="STORESCP"))
        send_due()
    received = {str(one.SOPInstanceUID): one for one in map(dcmread, (tmp_path / "received").iterdir())}

    for instance in series.instances.all():
        kept = read_object(instance.storage_key)
        got = received[instance.sop_instance_uid]
        assert kept.endswith(got.PixelData)
        assert got.PatientName == "Li^Hua=李^华"
    assert len(received) == 3
