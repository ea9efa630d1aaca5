"""Urgent studies overtake routine ones that wait for the same destination; inside a study the order stays."""

from __future__ import annotations

import uuid

import pytest

from archive.mpi.models import Patient
from archive.orders.models import Order
from archive.studies.facts import series_facts_for_routing
from common import clock as product_clock
from common.uids import derived_uid
from events.services import Event
from integrations.dicom.models import ApplicationEntity
from integrations.routing import lanes, sending
from integrations.routing.corrections import on_study_corrected
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.sending import send_destination
from integrations.routing.services import queue_series, route_series
from tests.integrations.routing.peers import recording_node
from tests.integrations.routing.tables import routing_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def recorder():
    with recording_node() as node:
        yield node


@pytest.fixture
def destination(region, recorder) -> Destination:
    node = ApplicationEntity.objects.create(
        ae_title="RECORDER", site=region.county, roles=["storage_scp"], host="127.0.0.1",
        port=recorder.port, timeout_s=5,
    )  # fmt: skip
    return Destination.objects.create(
        key="recorder", name="Recorder", kind="dimse", node=node, created_at=product_clock.now(),
        maximum_senders=1,
    )  # fmt: skip


@pytest.fixture
def ordered(make_series, cast):
    """A series of a study whose order has this priority; None for a study without an order."""

    def make(priority: str | None, *, study: str, count: int = 2, series: str = "series"):
        found = make_series(count, study=study, series=series)
        if priority is not None:
            order, _made = Order.objects.get_or_create(
                placer_order_number=study,
                defaults={
                    "site": cast.county, "patient": Patient.objects.earliest("pk"), "accession_number": study[:16],
                    "study_instance_uid": derived_uid(study, "study"), "requested_procedure_id": "1",
                    "procedure_code": "CT", "priority": priority, "ordered_at": product_clock.now(),
                    "received_at": product_clock.now(), "trace_id": found.study.trace_id,
                },
            )  # fmt: skip
            found.study.order = order
            found.study.save(update_fields=["order"])
        return found

    return make


def uids(*series) -> list[str]:
    return [
        uid
        for one in series
        for uid in one.instances.order_by("instance_number").values_list("sop_instance_uid", flat=True)
    ]


def test_the_more_urgent_study_goes_first_however_long_others_have_waited(ordered, destination, recorder):
    routine, none = ordered("ROUTINE", study="routine"), ordered(None, study="none")
    urgent, stat = ordered("URGENT", study="urgent"), ordered("STAT", study="stat")
    for series in (routine, none, urgent, stat):
        queue_series(series, destination=destination)

    send_destination(destination.pk)

    assert recorder.received == uids(stat, urgent, routine, none)


def test_without_an_order_a_study_is_as_urgent_as_its_images_say(make_series, ordered, destination, recorder):
    """Requested Procedure Priority (0040,1003); an order that is there knows better."""
    low = make_series(1, study="low", RequestedProcedurePriority="LOW")
    high = make_series(1, study="high", RequestedProcedurePriority="HIGH")
    stat = make_series(1, study="stat", RequestedProcedurePriority="STAT")
    downgraded = make_series(1, study="routine", RequestedProcedurePriority="STAT")
    downgraded.study.order = ordered("ROUTINE", study="other").study.order
    for series in (low, downgraded, high, stat):
        queue_series(series, destination=destination)

    send_destination(destination.pk)

    assert recorder.received == uids(stat, high, low, downgraded)
    assert series_facts_for_routing(high)["priority"] == "URGENT"
    assert series_facts_for_routing(stat)["has_order"] is False


def test_a_stat_study_overtakes_one_that_is_being_sent(ordered, destination, recorder, monkeypatch):
    monkeypatch.setattr(sending, "LOOK_EVERY_S", 0.0)
    routine, stat = ordered("ROUTINE", study="routine", count=6), ordered("STAT", study="stat")
    waiting = ordered("ROUTINE", study="waiting")
    for series in (routine, waiting):
        queue_series(series, destination=destination)
    renew = lanes.renew

    def stat_comes_after_two(claim, **facts):
        if len(recorder.received) == 2:
            queue_series(stat, destination=destination)
        return renew(claim, **facts)

    monkeypatch.setattr(lanes, "renew", stat_comes_after_two)

    assert send_destination(destination.pk) == 10

    first, rest = uids(routine)[:2], uids(routine)[2:]
    assert recorder.received == [*first, *uids(stat), *rest, *uids(waiting)], "each in order, once"
    assert recorder.associations == 4
    assert recorder.aborted == 0


def test_inside_a_stat_study_objects_keep_their_order(ordered, destination, recorder):
    later = ordered("STAT", study="stat", series="b")
    earlier = ordered("STAT", study="stat", series="a")
    for series in (earlier, later):
        queue_series(series, destination=destination)

    send_destination(destination.pk)

    assert recorder.received == uids(earlier, later)


def test_a_stat_study_that_cannot_be_sent_now_holds_up_nobody(ordered, destination, recorder):
    stat, routine = ordered("STAT", study="stat"), ordered("ROUTINE", study="routine")
    recorder.statuses[uids(stat)[0]] = [0xA700]
    for series in (stat, routine):
        queue_series(series, destination=destination)

    send_destination(destination.pk)

    assert recorder.received == uids(routine)


def test_earlier_studies_are_as_urgent_as_the_one_they_are_fetched_for(
    ordered, destination, put_in_force, region
):
    put_in_force(routing_table(["priority"], ["destination", "priors"], ['"STAT"', '"recorder"', "1"]))
    ordered(None, study="prior")

    route_series(ordered("STAT", study="stat"))

    assert set(Lane.objects.values_list("urgency", flat=True)) == {Lane.Urgency.STAT}
    assert Delivery.objects.count() == 4


def test_a_study_filed_under_a_stat_order_overtakes_from_then_on(ordered, destination):
    series = ordered(None, study="late")
    queue_series(series, destination=destination)
    assert Lane.objects.get().urgency == Lane.Urgency.ROUTINE

    found = ordered("STAT", study="late")
    subjects = {"study": found.study.study_instance_uid}
    on_study_corrected(
        Event(
            uuid.uuid4(), "StudyCorrected", {"kind": "reassign", "subjects": subjects}, series.study.trace_id
        )
    )

    assert Lane.objects.get().urgency == Lane.Urgency.STAT


def test_a_lane_that_was_emptied_is_as_urgent_as_what_comes_next(ordered, destination, recorder):
    stat = ordered("STAT", study="stat")
    queue_series(stat, destination=destination)
    send_destination(destination.pk)

    queue_series(ordered("STAT", study="stat", series="b"), destination=destination, urgency=0)

    assert Lane.objects.get().urgency == Lane.Urgency.ROUTINE
