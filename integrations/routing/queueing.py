"""Putting objects on their way: one statement a series and destination, whatever its size.

What is on its way to a destination already, or has been sent there, is not queued again; what was cancelled because
it was withdrawn, and has come anew, is. Of a group, what any member has got counts for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from archive.orders.models import Order
from archive.studies.models import Instance, Series, Study
from archive.studies.priorities import priority_of
from common import clock
from common.nudges import Nudge
from events.tracing import current_trace
from integrations.routing.models import Delivery, Destination, Lane, RoutingDecision

_LANE = """
INSERT INTO {lane} (destination_id, study_instance_uid, urgency, next_at, failures, last_error_code, trace_id)
VALUES (%s, %s, %s, %s, 0, '', %s)
ON CONFLICT (destination_id, study_instance_uid) DO UPDATE SET
    next_at = COALESCE({lane}.next_at, excluded.next_at), left_at = NULL,
    urgency = CASE WHEN {lane}.next_at IS NULL THEN excluded.urgency
                   ELSE GREATEST({lane}.urgency, excluded.urgency) END
RETURNING id
"""
_OBJECTS = """
INSERT INTO {delivery} (destination_id, lane_id, sop_instance_uid, series_instance_uid, decision_id, "group",
                        transforms, state, attempts, error_code, sent_as, queued_at)
SELECT %s, %s, instance.sop_instance_uid, %s, %s, %s, %s::jsonb, 'waiting', 0, '', '', %s
FROM {instance} AS instance
WHERE instance.series_id = %s AND NOT EXISTS (
    SELECT 1 FROM {delivery} AS known
    WHERE known.destination_id = %s AND known.sop_instance_uid = instance.sop_instance_uid
        AND known.state <> 'cancelled')
AND NOT EXISTS (
    SELECT 1 FROM {delivery} AS known
    WHERE known."group" <> '' AND known."group" = %s AND known.sop_instance_uid = instance.sop_instance_uid
        AND known.state <> 'cancelled')
ORDER BY instance.instance_number NULLS LAST, instance.id
ON CONFLICT (destination_id, sop_instance_uid) DO UPDATE SET
    lane_id = excluded.lane_id, decision_id = excluded.decision_id, "group" = excluded."group",
    transforms = excluded.transforms,
    state = excluded.state, attempts = 0, error_code = '', queued_at = excluded.queued_at, ended_at = NULL
WHERE {delivery}.state = 'cancelled'
"""

_URGENCY: dict[str, int] = {
    Order.Priority.STAT: Lane.Urgency.STAT,
    Order.Priority.URGENT: Lane.Urgency.HIGH,
    Order.Priority.ROUTINE: Lane.Urgency.ROUTINE,
}

nudge = Nudge[int]()
"""Told of a destination that has something to send, by its key."""
use_nudge = nudge.use


def queue_series(
    series: Series,
    *,
    destination: Destination,
    decision: RoutingDecision | None = None,
    transforms: Sequence[dict[str, Any]] = (),
    group: str = "",
    urgency: int | None = None,
) -> int:
    """Put on their way those objects of a series that the destination has not got; how many they are.

    With `group` they are for the group of that name, of which the destination was chosen. They are as urgent as
    the order of their study, unless `urgency` says otherwise.

    Sending follows the commit of the transaction in hand. Whoever queues for several destinations does so
    in the order of their keys, so that two who queue at once wait for each other and do not lock up.
    """
    study = series.study
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        wanted = urgency_of(study) if urgency is None else urgency
        lane = open_lane(destination, study.study_instance_uid, urgency=wanted)
        cursor.execute(
            _sql(_OBJECTS),
            [
                destination.pk, lane, series.series_instance_uid, decision.pk if decision else None, group,
                json.dumps(list(transforms)), clock.now(), series.pk, destination.pk, group,
            ],
        )  # fmt: skip
        count = int(cursor.rowcount)
        nudge.after_commit(destination.pk)
    return count


def open_lane(destination: Destination, study_instance_uid: str, *, urgency: int) -> int:
    """The key of the lane of a study to a destination, locked and open to senders; made if there is none.

    A lane that has waited becomes more urgent, never less.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _sql(_LANE), [destination.pk, study_instance_uid, urgency, clock.now(), current_trace()]
        )
        return int(cursor.fetchone()[0])


def urgency_of(study: Study) -> int:
    """How urgent a study is: by the priority of its order, else of its images; one without is routine."""
    priority = priority_of(study)
    return Lane.Urgency.ROUTINE if priority is None else _URGENCY[priority]


def _sql(statement: str) -> str:
    names = {"lane": Lane, "delivery": Delivery, "instance": Instance}
    return statement.format(
        **{name: f'"{model._meta.db_table}"' for name, model in names.items()}  # noqa: SLF001
    )
