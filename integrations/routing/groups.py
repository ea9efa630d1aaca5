"""Groups of equal destinations: one member gets a study, and another goes on with it should that one be dead.

An object goes to a group once. What a member has taken stays with it; what it has not is moved to a living
member, in the order it waited; but an object that was in the air when the member died waits for that one, which may
have it, until a person switches the member off. Objects that were routed to a member by its own key wait for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.actors import SystemActor
from accounts.audit import record_audit
from archive.studies.models import Study
from common import clock
from common.attempts import in_nobodys_hands
from events.tracing import trace
from integrations.dicom.models import SliceInterest
from integrations.dicom.nodes.models import NodeHealth
from integrations.routing.lanes import OPEN
from integrations.routing.models import Delivery, Destination, Lane
from integrations.routing.queueing import nudge, open_lane
from integrations.routing.targets.stow_rs import OBJECTS_AT_ONCE

ACTOR = SystemActor("routing")
FAILURES_OF_THE_DEAD = 3
HELD_IN_GROUP = "HELD_IN_GROUP"
LANES_AT_ONCE = 50
State = Delivery.State


@dataclass(frozen=True, slots=True)
class _Member:
    """A destination of a group, and how it is doing."""

    destination: Destination
    is_in_use: bool
    is_dead: bool
    may_be_tried: bool
    waiting: int

    @property
    def rank(self) -> tuple[int, int, int]:
        """The sound one with the least to do; one that was dead first, when it has rested and nothing waits for it.

        Nobody else would find out that it lives again.
        """
        is_trial = self.may_be_tried and not self.waiting
        is_suspect = self.is_dead or self.destination.failures > 0
        return (0 if is_trial else 1 + is_suspect, self.waiting, self.destination.pk)


def member_for(members: Sequence[Destination], *, study_instance_uid: str) -> list[Destination]:
    """The member of a group that gets a study: the one that has begun with it, unless that one is dead."""
    if len(members) < 2:
        return list(members[:1])
    _lock(members[0].group, study_instance_uid)
    known = _members(members, _waiting(members))
    in_use = [one for one in known if one.is_in_use]
    living = [one for one in in_use if not one.is_dead or one.may_be_tried]
    usable = living or in_use or known[:1]
    begun = set(
        Lane.objects.filter(
            destination__in=members, study_instance_uid=study_instance_uid, left_at=None
        ).values_list("destination", flat=True)
    )
    theirs = [one for one in usable if one.destination.pk in begun and not (one.is_dead and living)]
    return [min(theirs or usable, key=lambda one: one.rank).destination]


def leave_the_dead() -> int:
    """Have what waits for dead members of groups go to living ones; how many objects moved.

    A lane that a sender holds is left to it until its lease is over.
    """
    groups: dict[str, list[Destination]] = {}
    grouped = Destination.objects.exclude(group="").select_related("node").order_by("pk")
    for destination in grouped:
        groups.setdefault(destination.group, []).append(destination)
    moved = 0
    for members in groups.values():
        known = _members(members, {}) if len(members) > 1 else []
        living = [one.destination for one in known if one.is_in_use and not one.is_dead]
        dead = [one.destination for one in known if one.is_dead or not one.is_in_use]
        for source in dead if living else []:
            moved += _leave(source, living)
    return moved


def _waiting(members: Collection[Destination]) -> dict[int, int]:
    """How many objects wait for each."""
    return dict(
        Lane.objects.filter(destination__in=members)
        .exclude(next_at=None)
        .order_by()
        .values_list("destination")
        .annotate(count=Count("deliveries", filter=Q(deliveries__state__in=OPEN)))
    )


def _members(members: Collection[Destination], waiting: Mapping[int, int]) -> list[_Member]:
    """How the members are doing."""
    now = clock.now()
    resting_until: dict[int, dt.datetime | None] = dict(
        NodeHealth.objects.filter(node__destinations__in=members, opened_at__isnull=False).values_list(
            "node", "open_until"
        )
    )
    return [_member(one, resting_until, waiting.get(one.pk, 0), now) for one in members]


def _member(
    destination: Destination, resting_until: dict[int, dt.datetime | None], waiting: int, now: dt.datetime
) -> _Member:
    node = destination.node
    is_broken = node is not None and node.pk in resting_until
    rest = [destination.blocked_until, resting_until.get(node.pk) if node else None]
    has_rested = all(moment is None or moment <= now for moment in rest)
    is_in_use = destination.is_enabled and (node is None or node.is_enabled)
    is_dead = is_broken or destination.failures >= FAILURES_OF_THE_DEAD
    return _Member(destination, is_in_use, is_dead, is_in_use and is_dead and has_rested, waiting)


def _leave(source: Destination, living: Sequence[Destination]) -> int:
    """Move what waits for a dead member, lane by lane, the most urgent first."""
    _note_in_the_air(source)
    movable = _movable(OuterRef("pk"), source)
    lanes = Lane.objects.filter(in_nobodys_hands(), Exists(movable), destination=source)
    moved = 0
    for lane in lanes.exclude(next_at=None).order_by("-urgency", "next_at")[:LANES_AT_ONCE]:
        site_id = (
            Study.all_objects.filter(study_instance_uid=lane.study_instance_uid)
            .values_list("site_id", flat=True)
            .first()
        )
        fit = [one for one in living if one.site_id in (None, site_id) and _takes_as_much(one, source)]
        if fit:
            moved += _move(lane, fit)
    return moved


def _note_in_the_air(source: Destination) -> None:
    """Of what a sender had in hand when it died itself, the first may be at the member: the rest follows answers."""
    at_once = OBJECTS_AT_ONCE if source.kind == Destination.Kind.STOW_RS else 1
    sending = Delivery.objects.filter(destination=source, state=State.SENDING)
    for lane in Lane.objects.filter(in_nobodys_hands(), pk__in=sending.values("lane")):
        left = Delivery.objects.filter(lane=lane, state=State.SENDING)
        first = list(left.order_by("pk").values_list("pk", flat=True)[:at_once])
        if first:
            left.filter(pk__in=first).update(state=State.FAILED, unanswered_at=clock.now())
            left.update(state=State.WAITING)


def _move(lane: Lane, living: Sequence[Destination]) -> int:
    """Move the open objects of one lane to a living member; 0 if somebody is at it just now."""
    source = lane.destination
    with trace(lane.trace_id), transaction.atomic():
        if not _try_lock(source.group, lane.study_instance_uid):
            return 0
        (target,) = member_for(living, study_instance_uid=lane.study_instance_uid)
        reached = open_lane(target, lane.study_instance_uid, urgency=lane.urgency)
        held = Lane.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
        if not held.filter(in_nobodys_hands(), pk=lane.pk).exists():
            transaction.set_rollback(True)
            return 0
        moved = _hand_over(lane, target, reached)
        is_open = Delivery.objects.filter(lane=lane, state__in=OPEN).exists()
        Lane.objects.filter(pk=lane.pk).update(
            left_at=clock.now(), next_at=lane.next_at if is_open else None, failures=0
        )
        record_audit(
            ACTOR, "delivery.moved", object_kind="destination", object_uid=target.key,
            study_instance_uid=lane.study_instance_uid, site_code=target.site.code if target.site else "",
            objects=moved, left=source.key,
        )  # fmt: skip
        nudge.after_commit(target.pk)
    return moved


def _hand_over(lane: Lane, target: Destination, reached: int) -> int:
    """Give the open objects of a lane to another member; what that one was sent anyway is not sent for the group."""
    known = Delivery.objects.filter(destination=target, sop_instance_uid=OuterRef("sop_instance_uid"))
    movable = _movable(lane.pk, lane.destination)
    movable.filter(Exists(known.exclude(state=State.CANCELLED))).update(
        state=State.CANCELLED, error_code=HELD_IN_GROUP, ended_at=clock.now()
    )
    return movable.filter(~Exists(known)).update(
        destination=target, lane=reached, state=State.WAITING, attempts=0, error_code="", unanswered_at=None
    )


def _movable(lane: int | OuterRef, source: Destination) -> QuerySet[Delivery]:
    """What was routed to the group and the member has not got; what it holds it must have corrected itself.

    What it may have goes on only once somebody says that the member is out of use.
    """
    waiting = Delivery.objects.filter(lane=lane, group=source.group, state__in=OPEN, sent_before_at=None)
    is_in_use = source.is_enabled and (source.node is None or source.node.is_enabled)
    return waiting.filter(unanswered_at=None) if is_in_use else waiting


def _takes_as_much(target: Destination, source: Destination) -> bool:
    wide = SliceInterest.ALL
    takes = target.node.takes if target.node else wide
    return takes in (wide, source.node.takes if source.node else wide)


def _lock(group: str, study_instance_uid: str) -> None:
    """Who decides or moves for a study and a group does so alone, until the transaction in hand ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_name(group, study_instance_uid)]
        )


def _try_lock(group: str, study_instance_uid: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_name(group, study_instance_uid)]
        )
        return bool(cursor.fetchone()[0])


def _name(group: str, study_instance_uid: str) -> str:
    return f"routing {group} {study_instance_uid}"
