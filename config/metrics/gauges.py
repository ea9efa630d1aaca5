"""What waits, what failed and what there is, as the database knows it: one quick statement each.

Sites, nodes and destinations are named by their codes; nothing here tells of a patient or a study.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Model, QuerySet, Sum

from archive.storage.models import SegmentCopy
from archive.studies.models import Instance, Series, Study
from common import clock
from compute.models import Job
from config.metrics.exposition import Kind, Metric, Sample
from events.selectors import backlog
from integrations.dicom.models import NodeHealth, NodeTraffic, Notice
from integrations.hl7.models import OutboundMessage
from integrations.routing.models import Delivery, Destination
from workflows.models import Incident, ServiceTaskRun, UserTask
from workflows.monitoring import messages_not_taken

_OPEN = ("waiting", "sending", "failed")


def database_metrics() -> Iterator[Metric]:
    """The gauges. About a dozen statements, none of which reads a large table."""
    yield Metric(
        "consilium_archive_objects", Kind.GAUGE, "Studies, series and instances, as the database estimates them.",
        tuple(Sample(_estimate(model), {"level": model.__name__.lower()}) for model in (Study, Series, Instance)),
    )  # fmt: skip
    yield from _routing()
    yield from _nodes()
    yield _by(
        "consilium_copies_waiting", "Copies of segments that are to be made, moved or read again, by state.",
        SegmentCopy.objects.filter(next_at__isnull=False), "state",
    )  # fmt: skip
    yield _by(
        "consilium_jobs", "Computations queued and running.",
        Job.objects.filter(status__in=["queued", "running"]), "status",
    )  # fmt: skip
    yield _by(
        "consilium_steps", "Service tasks of cases that are not done.",
        ServiceTaskRun.objects.filter(status__in=["queued", "running", "pending"]), "status",
    )  # fmt: skip
    yield _by(
        "consilium_user_tasks", "Tasks that wait for a person or are in somebody's hands.",
        UserTask.objects.filter(status__in=["ready", "claimed"]), "status",
    )  # fmt: skip
    yield _one("consilium_incidents_open", "Failed steps that nobody has settled.", _open_incidents())
    yield _one(
        "consilium_messages_not_taken", "Messages of processes that nobody waits for.", messages_not_taken()
    )
    yield from _news()
    yield _one("consilium_hl7_waiting", "HL7 messages that are to be sent.", _waiting_messages())


def _routing() -> Iterator[Metric]:
    open_rows = (
        Delivery.objects.filter(state__in=_OPEN).order_by().values_list("destination", "state")
        .annotate(count=Count("pk"), oldest=Min("queued_at"))
    )  # fmt: skip
    keys = dict(Destination.objects.values_list("pk", "key"))
    now = clock.now()
    found = list(open_rows)
    yield Metric(
        "consilium_deliveries_open", Kind.GAUGE, "Objects on their way, by destination and state.",
        tuple(Sample(count, {"destination": keys[pk], "state": state}) for pk, state, count, _ in found),
    )  # fmt: skip
    waited: dict[str, float] = {}
    for pk, _state, _count, oldest in found:
        waited[keys[pk]] = max(waited.get(keys[pk], 0.0), (now - oldest).total_seconds())
    yield Metric(
        "consilium_deliveries_oldest_seconds", Kind.GAUGE, "How long the oldest object has waited, by destination.",
        tuple(Sample(seconds, {"destination": key}) for key, seconds in waited.items()),
    )  # fmt: skip
    yield _one(
        "consilium_deliveries_dead", "Objects that were given up and wait for a person.",
        Delivery.objects.filter(state=Delivery.State.DEAD).count(),
    )  # fmt: skip


def _nodes() -> Iterator[Metric]:
    broken = NodeHealth.objects.filter(opened_at__isnull=False).values_list("node__ae_title", flat=True)
    yield Metric(
        "consilium_node_breaker_open", Kind.GAUGE, "Nodes that do not answer and are left alone.",
        tuple(Sample(1, {"node": title}) for title in broken),
    )  # fmt: skip
    traffic = list(
        NodeTraffic.objects.order_by().values_list("node__ae_title", "direction")
        .annotate(instances=Sum("instances"), size=Sum("size_bytes"))
    )  # fmt: skip
    for name, said, column in (
        ("consilium_node_instances_total", "Instances that came from a node or went to it.", 2),
        ("consilium_node_bytes_total", "Bytes that came from a node or went to it.", 3),
    ):
        samples = (Sample(row[column], {"node": row[0], "direction": row[1]}) for row in traffic)
        yield Metric(name, Kind.COUNTER, said, tuple(samples))
    yield _by(
        "consilium_notices_waiting", "What nodes are to be told, by kind.",
        Notice.objects.filter(delivered_at=None, failed_at=None), "kind",
    )  # fmt: skip


def _news() -> Iterator[Metric]:
    found = backlog()
    waited = (clock.now() - found.since).total_seconds() if found.since else 0.0
    yield _one("consilium_events_waiting", "News on its way to subscribers.", found.count)
    yield _one("consilium_events_oldest_seconds", "How long the oldest of this news has waited.", waited)


def _open_incidents() -> int:
    return Incident.objects.filter(resolved_at=None).count()


def _waiting_messages() -> int:
    return OutboundMessage.objects.filter(acknowledged_at=None, failed_at=None).count()


def _by(name: str, said: str, rows: QuerySet[Any], field: str) -> Metric:
    counted = rows.order_by().values_list(field).annotate(count=Count("pk"))
    samples = tuple(Sample(count, {field: str(value)}) for value, count in counted)
    return Metric(name, Kind.GAUGE, said, samples)


def _one(name: str, said: str, value: float) -> Metric:
    return Metric(name, Kind.GAUGE, said, (Sample(value),))


def _estimate(model: type[Model]) -> float:
    """How many rows there are, as of the last time the table was looked over: counting would read it all."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [model._meta.db_table])  # noqa: SLF001
        return max(float(cursor.fetchone()[0]), 0.0)
