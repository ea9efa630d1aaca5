"""Calling a node: what its breaker, its slots and its limits let through. Real sockets, a moved clock."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pynetdicom import AE, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from common.errors import Conflict
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes import breaker, slots
from integrations.dicom.nodes.calling import Purpose, node_association
from integrations.dicom.nodes.errors import NodeUnavailable
from integrations.dicom.nodes.limits import TrafficMeter, windows_of
from integrations.dicom.nodes.models import NodeFailure, NodeHealth, NodeSlot, NodeTraffic
from tests.integrations.dicom.conftest import database_url
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[4]
ECHO = [build_context(Verification)]
NO_TIME = dt.timedelta(0)


class Neighbour:
    """A peer of ours, independent of the product's own listener."""

    def __init__(self, ae_title: str = "NEIGHBOUR") -> None:
        ae = AE(ae_title)
        ae.add_supported_context(Verification)
        ae.require_called_aet = True
        server = ae.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_ECHO, lambda _event: 0x0000)]
        )
        assert server is not None
        self.server = server
        self.port: int = server.server_address[1]

    def stop(self) -> None:
        self.server.shutdown()


@pytest.fixture
def neighbour():
    peer = Neighbour()
    yield peer
    peer.stop()


@pytest.fixture
def node(transactional_db, cast, neighbour) -> ApplicationEntity:
    return ApplicationEntity.objects.create(
        ae_title="NEIGHBOUR", site=cast.county, host="127.0.0.1", port=neighbour.port, timeout_s=5
    )


@pytest.fixture
def nobody(transactional_db, cast) -> ApplicationEntity:
    """A node where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return ApplicationEntity.objects.create(
        ae_title="NOBODY", site=cast.county, host="127.0.0.1", port=port, timeout_s=2
    )


def call(node: ApplicationEntity, **options: Any) -> int:
    with node_association(node, ECHO, patience=NO_TIME, **options) as assoc:
        status: int = assoc.send_c_echo().Status
    return status


def refusal(node: ApplicationEntity, **options: object) -> NodeUnavailable:
    with pytest.raises(NodeUnavailable) as refused:
        call(node, **options)
    return refused.value


def test_a_node_that_answers_is_called_without_delay_and_its_slot_given_back(node):
    with node_association(node, ECHO) as assoc:
        dul: Any = assoc.dul
        wire = dul.socket.socket
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        assert NodeSlot.objects.filter(node=node).count() == 1
        assert assoc.send_c_echo().Status == 0x0000

    assert not NodeSlot.objects.exists()
    assert NodeHealth.objects.get(node=node).last_ok_at is not None


def test_three_failures_open_the_breaker_one_probe_is_let_through_and_success_closes_it(
    node, nobody, neighbour, clock
):
    for _ in range(3):
        assert refusal(nobody).code == "NODE_UNREACHABLE"
    opened = refusal(nobody)
    assert opened.code == "NODE_BREAKER_OPEN"
    assert opened.retry_at == clock.now + dt.timedelta(seconds=30)
    assert call(node) == 0x0000  # a bad neighbour is no reason for a good one to wait

    clock.advance(dt.timedelta(seconds=31))
    assert refusal(nobody).code == "NODE_UNREACHABLE"  # the probe
    assert refusal(nobody).retry_at == clock.now + dt.timedelta(seconds=60)

    ApplicationEntity.objects.filter(pk=nobody.pk).update(port=neighbour.port)
    nobody.refresh_from_db()
    clock.advance(dt.timedelta(seconds=61))
    assert refusal(nobody).code == "NODE_REFUSED"  # there, but of another title: still not well
    neighbours = Neighbour("NOBODY")
    nobody.port = neighbours.port
    clock.advance(dt.timedelta(minutes=16))
    assert call(nobody) == 0x0000
    neighbours.stop()

    health = NodeHealth.objects.get(node=nobody)
    assert (health.failures, health.open_until, health.probe_until) == (0, None, None)
    assert NodeFailure.objects.filter(node=nobody).count() == 5


def test_while_one_probes_the_others_wait(nobody, neighbour, clock):
    neighbours = Neighbour("NOBODY")
    for _ in range(3):
        refusal(nobody)
    clock.advance(dt.timedelta(seconds=31))
    nobody.port = neighbours.port

    with node_association(nobody, ECHO):
        assert refusal(nobody).code == "NODE_BREAKER_OPEN"
    assert call(nobody) == 0x0000
    neighbours.stop()


def test_a_person_may_have_it_tried_at_once(nobody, clock):
    for _ in range(3):
        refusal(nobody)
    breaker.try_now(nobody)
    assert refusal(nobody).code == "NODE_UNREACHABLE"


def test_the_rest_doubles_up_to_a_quarter_of_an_hour():
    spans = [breaker.rest_after(failures).total_seconds() for failures in (3, 4, 5, 8, 40)]
    assert spans == [30, 60, 120, 900, 900]


def test_a_peer_that_drops_the_association_counts_as_failed(node):
    with node_association(node, ECHO) as assoc:
        assoc.abort()
    assert NodeHealth.objects.get(node=node).failures == 1


def test_an_error_of_our_own_is_not_held_against_the_peer(node):
    with pytest.raises(RuntimeError), node_association(node, ECHO):
        raise RuntimeError
    assert NodeHealth.objects.get(node=node).failures == 0


def test_a_peer_that_takes_the_connection_and_says_nothing_is_left_in_time(transactional_db, cast):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        node = ApplicationEntity.objects.create(
            ae_title="SILENT", site=cast.county, host="127.0.0.1", port=silent.getsockname()[1], timeout_s=1
        )
        assert refusal(node).code == "NODE_UNREACHABLE"


def test_a_node_is_never_called_within_a_transaction(node):
    with pytest.raises(RuntimeError), transaction.atomic(), node_association(node, ECHO):
        pass


@pytest.mark.parametrize(
    ("change", "code"), [({"is_enabled": False}, "NODE_DISABLED"), ({"host": ""}, "NODE_ADDRESS_MISSING")]
)
def test_a_node_that_cannot_be_called_as_configured_says_so(node, change, code):
    for name, value in change.items():
        setattr(node, name, value)
    with pytest.raises(Conflict) as refused:
        call(node)
    assert refused.value.code == code


HOLDER = """
import sys, django
django.setup()
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.slots import slot
with slot(ApplicationEntity.objects.get(ae_title="NEIGHBOUR"), purpose="send"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_processes_share_a_nodes_associations_and_a_killed_one_gives_its_own_back(node, clock):
    ApplicationEntity.objects.filter(pk=node.pk).update(maximum_associations=1)
    node.refresh_from_db()
    clock.now = dt.datetime.now(dt.UTC)  # the other process knows no moved clock
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "DATABASE_URL": database_url(), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert other.stdout is not None
    assert other.stdin is not None
    with contextlib.closing(other.stdout), contextlib.closing(other.stdin):
        assert other.stdout.readline().strip() == "held"

        full = refusal(node)
        assert (full.code, full.reason) == ("NODE_LIMIT", "ASSOCIATIONS")
        assert NodeHealth.objects.get(node=node).failures == 0

        other.kill()
        other.wait(timeout=10)
    assert refusal(node).code == "NODE_LIMIT"  # the lease has not run out yet
    clock.now = NodeSlot.objects.get().expires_at + dt.timedelta(seconds=1)
    assert call(node) == 0x0000


def test_a_waiting_caller_gets_the_slot_that_comes_free(node):
    ApplicationEntity.objects.filter(pk=node.pk).update(maximum_associations=1)
    node.refresh_from_db()
    stack = contextlib.ExitStack()
    stack.enter_context(node_association(node, ECHO))
    assert refusal(node).code == "NODE_LIMIT"
    stack.close()
    assert call(node) == 0x0000


DAY = [{"from": "08:00", "to": "18:00", "instances_per_hour": 3, "megabytes_per_hour": 1}]


def test_what_comes_from_a_node_that_was_removed_meanwhile_is_counted_nowhere(node):
    meter = TrafficMeter(node, NodeTraffic.Direction.IN)
    meter.count(1000)
    ApplicationEntity.objects.filter(pk=node.pk).delete()

    meter.write()

    assert not NodeTraffic.objects.exists()


def test_the_hours_share_of_instances_is_kept_and_the_next_hour_brings_a_new_one(node, clock):
    node.limits = DAY  # the clock says 16:00 in the installation's time zone
    with TrafficMeter(node) as meter:
        for _ in range(3):
            meter.count(1000)

    spent = refusal(node, purpose=Purpose.SEND)
    assert (spent.code, spent.reason) == ("NODE_LIMIT", "HOURLY")
    assert spent.retry_at == clock.now + dt.timedelta(hours=1)
    assert call(node, purpose=Purpose.QUERY) == 0x0000

    clock.advance(dt.timedelta(hours=1))
    assert call(node, purpose=Purpose.SEND) == 0x0000


def test_a_sender_is_stopped_in_the_middle_when_the_share_of_megabytes_is_spent(node, clock):
    node.limits = DAY
    with TrafficMeter(node) as meter:
        meter.count(1_000_000)
        with pytest.raises(NodeUnavailable) as spent:
            meter.count(1)
    assert spent.value.code == "NODE_LIMIT"
    row = NodeTraffic.objects.get(node=node)
    assert (row.direction, row.instances, row.size_bytes) == ("out", 1, 1_000_000)


def test_outside_its_hours_a_limit_does_not_bind_and_a_night_only_node_names_the_evening(node, clock):
    node.limits = [{"from": "06:00", "to": "20:30", "instances_per_hour": 0}]
    evening = timezone.localtime(clock.now).replace(hour=20, minute=30)
    assert refusal(node, purpose=Purpose.SEND).retry_at == evening

    clock.advance(dt.timedelta(hours=13))
    assert call(node, purpose=Purpose.SEND) == 0x0000


def test_a_long_association_keeps_its_slot(node, monkeypatch):
    monkeypatch.setattr(slots, "_RENEWED_EVERY_S", 0.05)
    monkeypatch.setattr(slots, "_keeper", slots._Keeper())  # another may be asleep for its own interval
    with node_association(node, ECHO):
        taken = NodeSlot.objects.get()
        wait_until(lambda: NodeSlot.objects.get().expires_at > taken.expires_at)
    wait_until(lambda: not slots._keeper._held)
    assert not NodeSlot.objects.exists()


@pytest.mark.parametrize(
    ("moment", "holds"),
    [("23:00", True), ("05:59", True), ("06:00", False), ("21:59", False), ("22:00", True)],
)
def test_a_window_may_reach_over_midnight(moment, holds):
    night = ApplicationEntity(limits=[{"from": "22:00", "to": "06:00", "megabytes_per_hour": 10}])
    (window,) = windows_of(night)
    assert window.holds_at(dt.time.fromisoformat(moment)) is holds
    assert not window.is_spent(10**6, 9_999_999)
    assert window.is_spent(0, 10_000_000)


def test_where_windows_overlap_the_tighter_one_binds(node, clock):
    day = {"from": "00:00", "to": "23:59", "instances_per_hour": 100}
    node.limits = [day, {"from": "15:00", "to": "17:00", "instances_per_hour": 1}]
    with TrafficMeter(node) as meter:
        meter.count(10)
        with pytest.raises(NodeUnavailable):
            meter.count(10)
