"""States that are older than is normal: each is shown to those who look after it, and to nobody else."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.urls import reverse

from accounts.models import Membership, Role
from archive.lifecycle.models import ScrubFinding
from archive.mpi.models import Patient
from archive.storage.models import Segment, SegmentCopy, Volume
from archive.studies.corrections.models import Correction
from archive.studies.models import Study
from integrations.dicom.models import ApplicationEntity, Notice
from integrations.dicom.nodes import breaker
from integrations.dicom.notices.delivery import queue_notice
from integrations.routing.models import Delivery, Destination, Lane

PAGE = "/incidents/gateway/"
KEY = "series/aa/" + "a" * 32


@pytest.fixture
def node(cast) -> ApplicationEntity:
    return ApplicationEntity.objects.create(
        ae_title="ARCHIVE", site=cast.provincial, host="10.0.0.9", port=104
    )


def kinds(client, person) -> list[str]:
    client.force_login(person)
    return [row["kind"] for row in client.get("/api/standstill/").json()["results"]]


def open_breaker(node: ApplicationEntity) -> None:
    for _ in range(breaker.THRESHOLD):
        breaker.note_failure(node, code="NODE_UNREACHABLE", reason="CONNECTION_REFUSED", purpose="send")


def test_a_node_left_alone_shows_after_an_hour_and_not_before(cast, node, client, clock):
    open_breaker(node)
    clock.advance(dt.timedelta(minutes=59))
    assert kinds(client, cast.ivo) == []

    breaker.note_failure(node, code="NODE_UNREACHABLE", reason="CONNECTION_REFUSED", purpose="send")
    clock.advance(dt.timedelta(minutes=2))
    assert kinds(client, cast.ivo) == ["node_left_alone"]
    assert "CONNECTION_REFUSED" in client.get(PAGE).content.decode()

    breaker.note_success(node)
    assert kinds(client, cast.ivo) == []


def test_an_outage_begins_anew_after_the_node_answered(cast, node, client, clock):
    open_breaker(node)
    clock.advance(dt.timedelta(hours=2))
    breaker.note_success(node)
    open_breaker(node)
    assert kinds(client, cast.ivo) == []


def test_a_notice_shows_when_it_waits_for_hours_but_not_before_its_time(cast, node, client, clock):
    queue_notice(node, Notice.Kind.AVAILABILITY, {}, lane="now")
    later = ApplicationEntity.objects.create(ae_title="LATER", site=cast.provincial)
    queue_notice(
        later, Notice.Kind.COMMITMENT_REQUEST, {}, lane="x", not_before=clock.now + dt.timedelta(hours=48)
    )
    clock.advance(dt.timedelta(hours=4, minutes=1))

    assert kinds(client, cast.ivo) == ["notices_waiting"]
    page = client.get(PAGE).content.decode()

    assert "ARCHIVE" in page
    assert "LATER" not in page
    clock.advance(dt.timedelta(hours=48))
    assert kinds(client, cast.ivo) == ["notices_waiting", "notices_waiting"]


@pytest.mark.parametrize(
    ("state", "is_shown"), [("waiting", True), ("failed", True), ("sent", False), ("dead", False)]
)
def test_a_destination_shows_when_objects_wait_for_it(cast, client, clock, state, is_shown):
    now = clock.now
    destination = Destination.objects.create(
        key="pacs", name="PACS", kind="folder", site=cast.provincial, created_at=now
    )
    lane = Lane.objects.create(destination=destination, study_instance_uid="1.2.3", trace_id=uuid.uuid4())
    Delivery.objects.create(
        destination=destination, lane=lane, sop_instance_uid="1.2.3.4", series_instance_uid="1.2.3", state=state,
        queued_at=now,
    )  # fmt: skip
    clock.advance(dt.timedelta(hours=5))
    assert kinds(client, cast.ivo) == (["deliveries_waiting"] if is_shown else [])


def test_an_open_segment_shows_after_a_day_and_a_sealed_one_never(cast, client, clock):
    Segment.objects.create(key=KEY, created_at=clock.now, site=cast.provincial)
    Segment.objects.create(key=KEY.replace("a", "b"), created_at=clock.now, sealed_at=clock.now)
    clock.advance(dt.timedelta(hours=23))
    assert kinds(client, cast.ines) == []
    clock.advance(dt.timedelta(hours=2))
    assert kinds(client, cast.ines) == ["segment_open"]


def test_findings_show_until_they_are_repaired(cast, client, clock):
    segment = Segment.objects.create(key=KEY, created_at=clock.now, sealed_at=clock.now)
    volume = Volume.objects.create(name="v", url="file:///nowhere", created_at=clock.now)
    for number, state in enumerate(ScrubFinding.State.values):
        ScrubFinding.objects.create(
            segment=segment, volume=volume, storage_key=f"{KEY}@{number}+1", code="DIGEST_WRONG", state=state,
            found_at=clock.now,
        )  # fmt: skip
    assert kinds(client, cast.ines) == ["finding_unrepaired"] * 2


@pytest.mark.parametrize(
    ("state", "problem", "volume_state", "is_shown"),
    [
        ("copying", "STORAGE_FULL", "online", True),
        ("removing", "STORAGE_UNAVAILABLE", "online", True),
        ("copying", "", "offline", True),
        ("copying", "", "online", False),
        ("held", "", "online", False),
    ],
    ids=["fails", "cannot be removed", "volume out of use", "waits for its turn", "held"],
)
def test_a_copy_that_gets_nowhere_shows_after_hours(
    cast, client, clock, state, problem, volume_state, is_shown
):
    segment = Segment.objects.create(key=KEY, created_at=clock.now, sealed_at=clock.now, site=cast.provincial)
    volume = Volume.objects.create(
        name="warm", url="file:///nowhere", tier="warm", state=volume_state, created_at=clock.now
    )
    SegmentCopy.objects.create(
        segment=segment, volume=volume, state=state, problem=problem, changed_at=clock.now,
        next_at=None if state == "held" else clock.now,
    )  # fmt: skip
    clock.advance(dt.timedelta(hours=3, minutes=59))
    assert kinds(client, cast.ines) == []
    clock.advance(dt.timedelta(minutes=2))

    assert kinds(client, cast.ines) == (["copy_stuck"] if is_shown else [])
    page = client.get(PAGE).content.decode()
    assert (f"{KEY} → warm" in page) is is_shown
    assert ((problem or "VOLUME_NOT_ONLINE") in page) is is_shown
    assert kinds(client, cast.ivo) == []


def test_a_correction_shows_until_it_is_performed_or_undone(cast, client, clock):
    patient = Patient.objects.create(registered_at=clock.now)
    study = Study.objects.create(
        study_instance_uid="1.2.3", site=cast.county, patient=patient, received_at=clock.now,
        trace_id=uuid.uuid4(),
    )  # fmt: skip
    planned = Correction.objects.create(
        kind="merge", study=study, study_instance_uid="1.2.3", made_at=clock.now, made_by="theo",
        trace_id=uuid.uuid4(),
    )  # fmt: skip
    clock.advance(dt.timedelta(minutes=59))
    assert kinds(client, cast.theo) == []
    clock.advance(dt.timedelta(minutes=2))

    assert kinds(client, cast.theo) == ["correction_planned"]
    page = client.get(PAGE).content.decode()
    assert 'href="/studies/1.2.3/"' in page
    assert "CORRECTION_MERGE" in page
    assert kinds(client, cast.otto) == []
    Correction.objects.filter(pk=planned.pk).update(performed_at=clock.now)
    assert kinds(client, cast.theo) == []


def test_those_who_look_after_none_of_it_are_shown_nothing(cast, node, client, clock):
    open_breaker(node)
    Segment.objects.create(key=KEY, created_at=clock.now)
    clock.advance(dt.timedelta(days=2))
    for person in (cast.otto, cast.rosa, cast.carla):
        assert kinds(client, person) == [], person.username
        assert client.get(PAGE).status_code == 404
        assert PAGE not in client.get("/incidents/").content.decode()
    Membership.objects.create(person=cast.otto, site=cast.elsewhere, role=Role.INTEGRATOR)
    assert kinds(client, cast.otto) == []


def test_the_page_of_incidents_fetches_the_part_of_the_gateway(cast, client):
    client.force_login(cast.ivo)
    assert f'hx-get="{PAGE}"' in client.get(reverse("incidents")).content.decode()
    assert "Nothing of the gateway stands still." in client.get(PAGE).content.decode()


def test_however_much_stands_still_few_statements_tell_it(cast, client, clock, django_assert_max_num_queries):
    for number in range(55):
        made = ApplicationEntity.objects.create(ae_title=f"N{number}", site=cast.provincial, host="x", port=1)
        open_breaker(made)
        queue_notice(made, Notice.Kind.AVAILABILITY, {}, lane="x")
        Segment.objects.create(key=f"{KEY[:-2]}{number:02}", created_at=clock.now)
    clock.advance(dt.timedelta(days=2))
    client.force_login(cast.ines)
    client.get(PAGE)
    with django_assert_max_num_queries(8):
        page = client.get(PAGE).content.decode()
    assert page.count("data-row") == 150
    assert "Only the longest of each kind are shown." in page
    assert client.get("/api/standstill/").json()["is_cut"] is True
