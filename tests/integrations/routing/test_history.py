"""What was sent before costs a sender and the pages nothing: their indexes hold open rows only."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.routing import lanes
from integrations.routing.models import Delivery, Lane
from integrations.routing.selectors import destination_progress
from integrations.routing.sending import send_due
from integrations.routing.services import queue_series

pytestmark = pytest.mark.django_db
HISTORY = """
WITH lane AS (
    INSERT INTO routing_lane (destination_id, study_instance_uid, failures, last_error_code, trace_id)
    SELECT %s, '1.9.' || number, 0, '', gen_random_uuid() FROM generate_series(1, %s) AS number RETURNING id)
INSERT INTO routing_delivery (destination_id, lane_id, sop_instance_uid, series_instance_uid, transforms, state,
                              attempts, error_code, sent_as, queued_at, ended_at)
SELECT %s, lane.id, '1.9.' || lane.id || '.' || number, '1.9.' || lane.id, '[]', 'sent', 1, '', '', now(), now()
FROM lane, generate_series(1, 20) AS number
"""

WAITING = """
INSERT INTO routing_lane (destination_id, study_instance_uid, urgency, next_at, failures, last_error_code, trace_id)
SELECT %s, '1.8.' || number, number %% 2, now() - number * interval '1 s', 0, '', gen_random_uuid()
FROM generate_series(1, %s) AS number
"""


def pages_read(act) -> int:
    """How many pages of tables and indexes the statements of an act touch, by the planner's own count."""
    with CaptureQueriesContext(connection) as asked:
        act()
    touched = 0
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith("SELECT") and "routing_" in query["sql"]:
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {query['sql']}")
                plan = cursor.fetchone()[0][0]["Plan"]
                touched += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return touched


def test_forty_thousand_sent_objects_do_not_slow_the_next(region, folder_destination, make_series, cast):
    destination, _ = folder_destination("files")
    queue_series(make_series(3), destination=destination)

    def look() -> None:
        lanes.destinations_due()
        destination_progress(cast.ivo)
        list(Delivery.objects.filter(lane=Lane.objects.last(), state__in=lanes.OPEN).order_by("pk")[:400])
        claim = lanes.claim_lane(destination.pk)
        assert claim is not None
        lanes.leave(claim)

    before = pages_read(look)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY, [destination.pk, 2000, destination.pk])
        cursor.execute("ANALYZE routing_delivery, routing_lane")

    after = pages_read(look)

    assert Delivery.objects.count() == 40_003
    assert after <= before * 1.5 + 8
    send_due()
    assert not Delivery.objects.filter(state__in=lanes.OPEN).exists()


def test_twenty_thousand_waiting_studies_do_not_slow_the_next_claim(region, folder_destination, make_series):
    destination, _ = folder_destination("files")
    queue_series(make_series(3), destination=destination, urgency=Lane.Urgency.STAT)

    def look() -> None:
        claim = lanes.claim_lane(destination.pk)
        assert claim is not None
        assert claim.urgency == Lane.Urgency.STAT
        assert not lanes.is_overtaken(claim)
        lanes.leave(claim)

    before = pages_read(look)
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [destination.pk, 20_000])
        cursor.execute("ANALYZE routing_lane")

    assert pages_read(look) <= before * 1.5 + 8
