"""Legal holds: studies that nothing may delete, neither a person nor a rule, until a person releases them."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from archive.lifecycle.access import manageable_study, visible_holds
from archive.lifecycle.models import LegalHold
from common import clock
from common.errors import Conflict, InvalidInput, NotFound


def place_hold(study_instance_uid: str, *, reason: str, actor: Person) -> LegalHold:
    """Hold a study. Raises NotFound; InvalidInput without a reason; Conflict if it is held already."""
    study = manageable_study(study_instance_uid, actor)
    if len(reason.strip()) < 3:
        raise InvalidInput(
            _("Say why the study is held."),
            code="REASON_MISSING",
            fields={"reason": _("This field is required.")},
        )
    try:
        with transaction.atomic():
            hold = LegalHold.objects.create(
                study_instance_uid=study_instance_uid, site=study.site, reason=reason.strip()[:200],
                placed_at=clock.now(), placed_by=actor,
            )  # fmt: skip
            record_audit(
                actor, "hold.placed", object_kind="study", object_uid=study_instance_uid,
                study_instance_uid=study_instance_uid, site_code=study.site.code,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(_("The study is held already."), code="ALREADY_HELD") from error
    return hold


def release_hold(hold_pk: int, *, actor: Person) -> LegalHold:
    """Release a hold; the study may be deleted again. Raises NotFound; Conflict if it is released already."""
    with transaction.atomic():
        hold = (
            visible_holds(actor)
            .select_for_update(of=("self",))
            .select_related("site")
            .filter(pk=hold_pk)
            .first()
        )
        if hold is None:
            raise NotFound(_("There is no such hold."), code="HOLD_UNKNOWN")
        if hold.released_at is not None:
            raise Conflict(_("The hold is released already."), code="ALREADY_RELEASED")
        hold.released_at, hold.released_by = clock.now(), actor
        hold.save(update_fields=["released_at", "released_by"])
        record_audit(
            actor, "hold.released", object_kind="study", object_uid=hold.study_instance_uid,
            study_instance_uid=hold.study_instance_uid, site_code=hold.site.code,
        )  # fmt: skip
    return hold


def held_studies(study_instance_uids: Collection[str]) -> set[str]:
    """Those of the studies that are held. One statement."""
    holds = LegalHold.objects.filter(study_instance_uid__in=study_instance_uids, released_at=None)
    return set(holds.values_list("study_instance_uid", flat=True))


def check_not_held(study_instance_uid: str) -> None:
    """Raises  Conflict LEGAL_HOLD if the study is held."""
    if held_studies([study_instance_uid]):
        raise Conflict(_("A legal hold keeps the study from being deleted."), code="LEGAL_HOLD")
