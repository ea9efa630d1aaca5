"""What a person decides about storage: rules, volumes, tiers of single studies, a look at everything now."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from archive.lifecycle.access import check_may_manage, manageable_study
from archive.lifecycle.models import PlacementRule, RetentionRule, TierChoice
from archive.lifecycle.placing import reconsider_everything
from archive.lifecycle.volumes import default_volume, store_of
from archive.storage.models import Segment, SegmentCopy, Tier, Volume
from common import clock
from common.errors import Conflict, InvalidInput, NotFound

MOST_COPIES = 4


def save_placement_rule(*, actor: Person, pk: int | None = None, **fields: Any) -> PlacementRule:
    """Make a rule or change one; every segment is looked at again. Raises InvalidInput by field; NotFound."""
    if not 1 <= int(fields.get("copies") or 1) <= MOST_COPIES:
        raise InvalidInput(
            _("A rule asks for one to four copies."),
            code="BAD_RULE",
            fields={"copies": _("A rule asks for one to four copies.")},
        )
    with transaction.atomic():
        rule: PlacementRule = _save(PlacementRule, pk, fields, actor=actor, kind="placement_rule")
        reconsider_everything()
    return rule


def save_retention_rule(*, actor: Person, pk: int | None = None, **fields: Any) -> RetentionRule:
    """Make a rule or change one. Raises InvalidInput by field; NotFound."""
    with transaction.atomic():
        rule: RetentionRule = _save(RetentionRule, pk, fields, actor=actor, kind="retention_rule")
    return rule


def remove_rule(table: type[PlacementRule | RetentionRule], pk: int, *, actor: Person) -> None:
    """Remove a rule. Raises NotFound."""
    check_may_manage(actor)
    with transaction.atomic():
        rule = table._default_manager.select_for_update().filter(pk=pk).first()  # noqa: SLF001
        if rule is None:
            raise NotFound(_("There is no such rule."), code="RULE_UNKNOWN")
        rule.delete()
        record_audit(actor, f"{_kind(table)}.removed", object_kind=_kind(table), object_uid=str(pk))
        if table is PlacementRule:
            reconsider_everything()


def add_volume(*, name: str, url: str, tier: str, actor: Person, capacity_bytes: int | None = None) -> Volume:
    """Make a place for bytes known, after asking whether it answers.

    Raises  InvalidInput for a name or URL that will not do; Unavailable if the place does not answer.
    """
    check_may_manage(actor)
    volume = Volume(name=name, url=url, tier=tier, capacity_bytes=capacity_bytes, created_at=clock.now())
    _check(volume)
    probe_volume(volume)
    with transaction.atomic():
        volume.save()
        record_audit(actor, "volume.added", object_kind="volume", object_uid=volume.name, tier=tier)
        reconsider_everything()
    return volume


def set_volume_state(name: str, state: str, *, actor: Person) -> Volume:
    """Take a volume in or out of use; from a draining one everything is copied away and nothing new goes there.

    Raises  NotFound; InvalidInput; Conflict for the volume new bytes arrive on, which cannot go out of use.
    """
    check_may_manage(actor)
    if state not in Volume.State.values:
        raise InvalidInput(
            _("There is no such state."), code="BAD_STATE", fields={"state": _("There is no such state.")}
        )
    with transaction.atomic():
        volume = Volume.objects.select_for_update().filter(name=name).first()
        if volume is None:
            raise NotFound(_("There is no such volume."), code="VOLUME_UNKNOWN")
        if volume == default_volume() and state != Volume.State.ONLINE:
            raise Conflict(_("New images arrive on this volume: it stays in use."), code="VOLUME_IN_USE")
        volume.state = state
        volume.save(update_fields=["state"])
        record_audit(actor, "volume.state_set", object_kind="volume", object_uid=name, state=state)
        reconsider_everything()
    return volume


def choose_tier(study_instance_uid: str, *, tier: str, actor: Person, copies: int = 1) -> TierChoice:
    """Have a study on this tier whatever the rules say. Raises NotFound; InvalidInput."""
    study = manageable_study(study_instance_uid, actor)
    if tier not in Tier.values or not 1 <= copies <= MOST_COPIES:
        raise InvalidInput(
            _("There is no such tier."), code="BAD_TIER", fields={"tier": _("There is no such tier.")}
        )
    with transaction.atomic():
        choice, _made = TierChoice.objects.update_or_create(
            study_instance_uid=study_instance_uid,
            defaults={"tier": tier, "copies": copies, "chosen_at": clock.now(), "chosen_by": actor},
        )
        Segment.objects.filter(study_instance_uid=study_instance_uid).update(place_at=clock.now())
        record_audit(
            actor, "study.tier_chosen", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, site_code=study.site.code, tier=tier, copies=copies,
        )  # fmt: skip
    return choice


def leave_tier_to_rules(study_instance_uid: str, *, actor: Person) -> None:
    """Undo `choose_tier`. Raises NotFound."""
    study = manageable_study(study_instance_uid, actor)
    with transaction.atomic():
        TierChoice.objects.filter(study_instance_uid=study_instance_uid).delete()
        Segment.objects.filter(study_instance_uid=study_instance_uid).update(place_at=clock.now())
        record_audit(
            actor, "study.tier_left_to_rules", object_kind="study", object_uid=study_instance_uid,
            study_instance_uid=study_instance_uid, site_code=study.site.code,
        )  # fmt: skip


def scrub_now(name: str, *, actor: Person) -> int:
    """Have every copy on a volume read again as soon as may be; how many copies. Raises NotFound."""
    check_may_manage(actor)
    volume = Volume.objects.filter(name=name).first()
    if volume is None:
        raise NotFound(_("There is no such volume."), code="VOLUME_UNKNOWN")
    with transaction.atomic():
        count = SegmentCopy.objects.filter(volume=volume, state=SegmentCopy.State.HELD).update(
            verified_at=None
        )
        record_audit(actor, "volume.scrub_asked", object_kind="volume", object_uid=name, copies=count)
    return count


def try_again(copy_pk: int, *, actor: Person) -> SegmentCopy:
    """Have a copy that failed tried again now. Raises NotFound; Conflict if nothing is to be done on it."""
    check_may_manage(actor)
    with transaction.atomic():
        copy = (
            SegmentCopy.objects.select_for_update(of=("self",))
            .select_related("segment")
            .filter(pk=copy_pk)
            .first()
        )
        if copy is None:
            raise NotFound(_("There is no such copy."), code="COPY_UNKNOWN")
        if copy.state not in (SegmentCopy.State.COPYING, SegmentCopy.State.DAMAGED):
            raise Conflict(_("There is nothing to be done on this copy."), code="COPY_AT_REST")
        copy.next_at, copy.attempts = clock.now(), 0
        copy.save(update_fields=["next_at", "attempts"])
        record_audit(actor, "copy.tried_again", object_kind="segment", object_uid=copy.segment.key)
    return copy


def probe_volume(volume: Volume) -> None:
    """Raises  InvalidInput for a URL that names no store; Unavailable if the store does not take bytes."""
    store = store_of(volume)
    staged = store.stage()
    try:
        staged.write(b"volume?")
        stored = staged.commit()
    finally:
        staged.discard()
    store.remove(stored.key)


def _save(table: Any, pk: int | None, fields: dict[str, Any], *, actor: Person, kind: str) -> Any:
    check_may_manage(actor)
    rule = table() if pk is None else table.objects.select_for_update().filter(pk=pk).first()
    if rule is None:
        raise NotFound(_("There is no such rule."), code="RULE_UNKNOWN")
    for name, value in fields.items():
        setattr(rule, name, value)
    if pk is None:
        rule.created_at = clock.now()
    _check(rule)
    rule.save()
    record_audit(actor, f"{kind}.saved", object_kind=kind, object_uid=str(rule.pk))
    return rule


def _check(row: Model) -> None:
    try:
        row.full_clean()
    except ValidationError as error:
        raise InvalidInput(
            _("Some of the fields cannot be so."),
            code="BAD_FIELDS",
            fields={name: " ".join(messages) for name, messages in error.message_dict.items()},
        ) from error


def _kind(table: type[Model]) -> str:
    return "placement_rule" if table is PlacementRule else "retention_rule"
