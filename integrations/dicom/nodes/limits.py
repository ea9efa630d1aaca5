"""What may go to a node by hour of the day, and what went: one row an hour and direction.

`ApplicationEntity.limits` lists windows of the day, in the installation's time zone:

    [{"from": "08:00", "to": "18:00", "instances_per_hour": 2000, "megabytes_per_hour": 5000}]

A window may reach over midnight; a limit that is absent does not bind, and 0 means nothing at all. Where
windows overlap the tightest one binds; hours are those of the clock.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any, Self

from django.db import connection
from django.utils import timezone

from common import clock
from integrations.dicom.models import ApplicationEntity
from integrations.dicom.nodes.errors import LIMIT, NodeUnavailable
from integrations.dicom.nodes.models import NodeTraffic

MEGABYTE = 1_000_000
_WRITTEN_EVERY = 50
_WRITTEN_EVERY_S = 2.0
_HOUR = dt.timedelta(hours=1)
_ADD = """
    INSERT INTO dicom_nodetraffic (node_id, direction, hour, instances, size_bytes)
    SELECT id, %s::text, %s::timestamptz, %s::bigint, %s::bigint
    FROM dicom_applicationentity WHERE id = %s FOR KEY SHARE
    ON CONFLICT (node_id, direction, hour) DO UPDATE
    SET instances = dicom_nodetraffic.instances + EXCLUDED.instances,
        size_bytes = dicom_nodetraffic.size_bytes + EXCLUDED.size_bytes
    RETURNING instances, size_bytes
"""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the day and the most that may be sent in one hour of it; None does not bind."""

    starts: dt.time
    ends: dt.time
    instances_per_hour: int | None
    bytes_per_hour: int | None

    def holds_at(self, moment: dt.time) -> bool:
        if self.starts < self.ends:
            return self.starts <= moment < self.ends
        return moment >= self.starts or moment < self.ends

    def is_spent(self, instances: int, size_bytes: int) -> bool:
        return (self.instances_per_hour is not None and instances >= self.instances_per_hour) or (
            self.bytes_per_hour is not None and size_bytes >= self.bytes_per_hour
        )


def windows_of(node: ApplicationEntity) -> list[Window]:
    """The node's limits as they bind."""
    return [
        Window(
            dt.time.fromisoformat(each["from"]),
            dt.time.fromisoformat(each["to"]),
            each.get("instances_per_hour"),
            None if each.get("megabytes_per_hour") is None else each["megabytes_per_hour"] * MEGABYTE,
        )
        for each in node.limits
    ]


def refuse_if_spent(node: ApplicationEntity) -> None:
    """Return if something may be sent to the node now. Raises NodeUnavailable, NODE_LIMIT, with `retry_at`."""
    if not node.limits:
        return
    _refuse(node, *_sent_this_hour(node))


class TrafficMeter:
    """Counts what one association sends or takes, and holds a sender to the node's limits.

    Use it as a context around the sending, and `count` each instance just before it goes. Rows are written
    every fifty instances or two seconds, so that several senders together may overshoot a limit by that much.
    """

    def __init__(
        self, node: ApplicationEntity, direction: NodeTraffic.Direction = NodeTraffic.Direction.OUT
    ) -> None:
        self._node, self._direction = node, direction
        self._is_bound = bool(node.limits) and direction == NodeTraffic.Direction.OUT
        self._instances = self._size_bytes = 0
        self._sent = _sent_this_hour(node) if self._is_bound else (0, 0)
        self._written_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.write()

    def count(self, size_bytes: int) -> None:
        """Note one instance.

        Raises  NodeUnavailable, NODE_LIMIT, if the hour's share is spent: the instance is not to be sent now.
        """
        if self._is_bound:
            _refuse(self._node, self._sent[0] + self._instances, self._sent[1] + self._size_bytes)
        self._instances += 1
        self._size_bytes += size_bytes
        if self._instances >= _WRITTEN_EVERY or time.monotonic() - self._written_at >= _WRITTEN_EVERY_S:
            self.write()

    def write(self) -> None:
        """Write what was counted since the last time, and learn what others sent in this hour."""
        if not self._instances:
            return
        values: list[Any] = [
            self._direction.value,
            _hour(),
            self._instances,
            self._size_bytes,
            self._node.pk,
        ]
        with connection.cursor() as cursor:
            cursor.execute(_ADD, values)
            written = cursor.fetchone()
        if written is not None:  # a node that was removed meanwhile has nothing left to count
            self._sent = int(written[0]), int(written[1])
        self._instances = self._size_bytes = 0
        self._written_at = time.monotonic()


def _sent_this_hour(node: ApplicationEntity) -> tuple[int, int]:
    sent = NodeTraffic.objects.filter(node=node, direction=NodeTraffic.Direction.OUT, hour=_hour())
    return sent.values_list("instances", "size_bytes").first() or (0, 0)


def _refuse(node: ApplicationEntity, instances: int, size_bytes: int) -> None:
    now = timezone.localtime(clock.now())
    spent = [
        window
        for window in windows_of(node)
        if window.holds_at(now.time()) and window.is_spent(instances, size_bytes)
    ]
    if spent:
        raise NodeUnavailable(
            "No more may be sent to this node in this hour",
            code=LIMIT,
            reason="HOURLY",
            retry_at=max(_goes_on(window, now) for window in spent),
        )


def _goes_on(window: Window, now: dt.datetime) -> dt.datetime:
    """When the window lets more through: the next full hour, or its end if that comes first or it lets nothing."""
    ends = now.replace(hour=window.ends.hour, minute=window.ends.minute, second=0, microsecond=0)
    if ends <= now:
        ends += dt.timedelta(days=1)
    if window.instances_per_hour == 0 or window.bytes_per_hour == 0:
        return ends
    return min(ends, _hour(now) + _HOUR)


def _hour(moment: dt.datetime | None = None) -> dt.datetime:
    return (moment or clock.now()).replace(minute=0, second=0, microsecond=0)


def drop_old_traffic(*, kept: dt.timedelta = dt.timedelta(days=90)) -> int:
    """Forget counts older than a quarter; how many rows."""
    return NodeTraffic.objects.filter(hour__lt=clock.now() - kept).delete()[0]
