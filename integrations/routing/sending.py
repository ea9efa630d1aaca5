"""Emptying lanes: objects in order, each written down right after the receiver's answer.

To the receiver an object goes at least once, and once as far as it sees: the same object under the same UID
is the same object. What a sender that died had in hand is sent again by the next.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Generator, Sequence
from contextlib import closing

import structlog
from django.conf import settings

from accounts.actors import SystemActor
from accounts.audit import record_audit
from common import clock
from common.errors import ServiceError, Unavailable
from events.tracing import trace
from integrations.routing import lanes
from integrations.routing.corrections import filed_at, send_corrected
from integrations.routing.lanes import OPEN, Claim
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.parcels import parcels_for
from integrations.routing.queueing import nudge
from integrations.routing.targets.base import AnswerLost, Outcome, Parcel, Verdict, target_of

log = structlog.get_logger(__name__)

ACTOR = SystemActor("routing")
BATCH, BATCH_ANSWERED_TOGETHER = 400, 50
LOOK_EVERY_S = 1.0
AT_A_TIME_S = 60.0
MOST_ATTEMPTS = 10
REST_AFTER_REFUSAL = dt.timedelta(minutes=5)


def send_due() -> int:
    """See to every destination with something due: nudge a worker, or send here without one."""
    due = lanes.destinations_due()
    for destination_id in due:
        if not nudge(destination_id):
            send_destination(destination_id)
    return len(due)


def send_destination(destination_id: int, *, seconds: float = AT_A_TIME_S) -> int:
    """Empty lanes of a destination, for about so long; how many objects it took."""
    sent = 0
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        claim = lanes.claim_lane(destination_id)
        if claim is None:
            return sent
        sent += _empty(claim, ends_at)
    nudge(destination_id)
    return sent


class _Stopped(Exception):
    """The lane cannot go on now: `wait` until it may be tried, or nobody's business any more."""

    def __init__(self, code: str, wait: dt.timedelta) -> None:
        super().__init__(code)
        self.code, self.wait = code, wait


def _empty(claim: Claim, ends_at: float) -> int:
    """Send what is in a lane, batch by batch; how many objects were taken."""
    sent = 0
    lane = Lane.objects.get(pk=claim.lane_id)
    with trace(lane.trace_id):
        try:
            while time.monotonic() < ends_at and lanes.renew(claim):
                if lanes.is_overtaken(claim):
                    lanes.leave(claim, keeps_place=True)
                    return sent
                batch = _next_batch(claim)
                if not batch:
                    break
                sent += _send_batch(claim, batch)
        except _Stopped as stop:
            lanes.leave(claim, wait=stop.wait, error_code=stop.code)
            log.warning("routing.lane_stopped", destination=claim.destination.key, code=stop.code)
            return sent
        lanes.leave(claim)
    return sent


def _next_batch(claim: Claim) -> list[Delivery]:
    """The next objects of a lane, as many as go over one connection."""
    waiting = Delivery.objects.filter(lane_id=claim.lane_id, state__in=OPEN).order_by("pk")
    return list(waiting[: BATCH_ANSWERED_TOGETHER if _answers_together(claim) else BATCH])


def _answers_together(claim: Claim) -> bool:
    """Whether the receiver answers for several objects at once: such an answer is read to its end."""
    return claim.destination.kind == Destination.Kind.STOW_RS


def _send_batch(claim: Claim, batch: Sequence[Delivery]) -> int:
    """Send some objects over one connection, fewer if a more urgent study comes.

    Raises  _Stopped if the lane has to wait.
    """
    rows = {row.pk: row for row in batch}
    filed = filed_at(claim.study_instance_uid)
    parcels, hopeless = parcels_for(batch, study_instance_uid=claim.study_instance_uid)
    for delivery_id, code in hopeless:
        _end(rows[delivery_id], Delivery.State.CANCELLED, code=code)
    Delivery.objects.filter(pk__in=[parcel.delivery_id for parcel in parcels]).update(
        state=Delivery.State.SENDING
    )
    sent = 0
    try:
        with closing(_answers(claim, parcels)) as answers:
            for outcome in answers:
                sent += _note(rows[outcome.parcel.delivery_id], outcome)
                if not lanes.renew(claim, size_bytes=_next_size(parcels, outcome.parcel)):
                    raise _Stopped("LEASE_LOST", dt.timedelta())
    except _Stopped:
        raise
    except Exception as error:
        raise _broken(claim, parcels, rows, error) from error
    finally:
        if sent:
            _tell(claim, sent)
        Delivery.objects.filter(pk__in=rows, state=Delivery.State.SENDING).update(
            state=Delivery.State.WAITING
        )
        if sent and filed_at(claim.study_instance_uid) != filed:  # corrected while we sent it as it was
            send_corrected(claim.study_instance_uid, deliveries=list(rows))
    return sent


def _answers(claim: Claim, parcels: Sequence[Parcel]) -> Generator[Outcome]:
    """What the receiver says of each object, until a more urgent study waits for it."""
    looked_at = time.monotonic()
    for outcome in target_of(claim.destination.kind).send(claim.destination, parcels):
        yield outcome
        if time.monotonic() - looked_at < LOOK_EVERY_S or _answers_together(claim):
            continue
        looked_at = time.monotonic()
        if lanes.is_overtaken(claim):
            return


def _tell(claim: Claim, sent: int) -> None:
    """A destination that takes objects is sound; who got images of whom goes down in the trail (IHE ITI-20)."""
    destination = claim.destination
    lanes.note_success(destination)
    record_audit(
        ACTOR, "study.sent", object_kind="study", object_uid=claim.study_instance_uid,
        study_instance_uid=claim.study_instance_uid,
        site_code=destination.site.code if destination.site else "",
        destination=destination.key, objects=sent,
    )  # fmt: skip


def _note(row: Delivery, outcome: Outcome) -> bool:
    """Write down how an object ended; whether it was taken. Raises _Stopped if it is to be tried again first."""
    if outcome.verdict is Verdict.SENT:
        _end(row, Delivery.State.SENT, sent_as=outcome.sent_as, code=outcome.code)
        return True
    if outcome.verdict is Verdict.REFUSED or row.attempts + 1 >= MOST_ATTEMPTS or _is_too_old(row):
        _end(row, Delivery.State.DEAD, code=outcome.code)
        return False
    row.attempts += 1
    row.state, row.error_code, row.unanswered_at = Delivery.State.FAILED, outcome.code[:80], None
    row.save(update_fields=["attempts", "state", "error_code", "unanswered_at"])
    raise _Stopped(outcome.code, lanes.back_off(row.attempts))


def _broken(
    claim: Claim, parcels: Sequence[Parcel], rows: dict[int, Delivery], error: Exception
) -> Exception:
    """The connection did not come about, or broke: the destination is left alone, nothing is given up yet.

    A receiver that refuses us for good is a matter of configuration, seen on its page, and tried now and then.
    """
    code = error.code if isinstance(error, ServiceError) else type(error).__name__
    if not isinstance(error, ServiceError | OSError):
        log.error("routing.defect", destination=claim.destination.key, exc_info=error)
    if isinstance(error, AnswerLost):
        unanswered = [
            parcel.delivery_id for parcel in error.parcels if rows[parcel.delivery_id].state in OPEN
        ]
        Delivery.objects.filter(pk__in=unanswered).update(unanswered_at=clock.now())
    retry_at = getattr(error, "retry_at", None)
    is_for_good = isinstance(error, ServiceError) and not isinstance(error, Unavailable)
    until = retry_at or (clock.now() + REST_AFTER_REFUSAL if is_for_good else None)
    lanes.block(claim.destination, error_code=code, until=until, counts=retry_at is None)
    first = next(
        (rows[parcel.delivery_id] for parcel in parcels if rows[parcel.delivery_id].state in OPEN), None
    )
    if first is not None:
        first.attempts += 1
        first.state, first.error_code = Delivery.State.FAILED, code[:80]
        first.save(update_fields=["attempts", "state", "error_code"])
        if _is_too_old(first):
            give_up(claim.lane_id, code=code)
    return _Stopped(code, dt.timedelta(seconds=1))


def give_up(lane_id: int, *, code: str) -> int:
    """Nothing of a lane got through for days: what is that old waits for a person now."""
    oldest = clock.now() - _patience()
    return Delivery.objects.filter(lane_id=lane_id, state__in=OPEN, queued_at__lt=oldest).update(
        state=Delivery.State.DEAD, error_code=code[:80], ended_at=clock.now()
    )


def _end(row: Delivery, state: Delivery.State, *, code: str = "", sent_as: str = "") -> None:
    row.attempts += 1
    row.state, row.error_code, row.ended_at = state, code[:80], clock.now()
    row.sent_as = sent_as if sent_as != row.sop_instance_uid else ""
    row.save(update_fields=["attempts", "state", "error_code", "ended_at", "sent_as"])
    if state == Delivery.State.DEAD:
        log.error("routing.given_up", code=code, sop_instance_uid=row.sop_instance_uid, delivery=row.pk)


def _next_size(parcels: Sequence[Parcel], done: Parcel) -> int:
    position = parcels.index(done) + 1
    return parcels[position].size_bytes if position < len(parcels) else 0


def _is_too_old(row: Delivery) -> bool:
    return row.queued_at < clock.now() - _patience()


def _patience() -> dt.timedelta:
    return dt.timedelta(hours=settings.ROUTING_GIVE_UP_HOURS)
