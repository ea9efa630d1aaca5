"""Which studies and corrections an actor may put right."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.privileges import Privilege, sites_where
from archive.studies.corrections.models import Correction
from archive.studies.models import Study
from common import clock
from common.errors import NotFound


def correctable_studies(actor: Actor) -> QuerySet[Study]:
    """Studies of the sites where the actor corrects studies."""
    return Study.objects.filter(site__in=sites_where(actor, Privilege.CORRECT_STUDIES))


def corrections_of(actor: Actor) -> QuerySet[Correction]:
    """Corrections of studies of those sites; also of studies that are out of sight since."""
    studies = Study.all_objects.filter(site__in=sites_where(actor, Privilege.CORRECT_STUDIES))
    return Correction.objects.filter(study__in=studies)


def corrections_standing_still(actor: Actor) -> QuerySet[Correction]:
    """Those that were planned, and for longer than is normal neither performed nor undone; the longest first."""
    limit = clock.now() - dt.timedelta(minutes=settings.STANDSTILL_CORRECTION_MINUTES)
    planned = corrections_of(actor).filter(performed_at=None, undone_at=None, made_at__lt=limit)
    return planned.select_related("study__site").order_by("made_at")


def locked_for_correction(study: Study, actor: Actor) -> Study:
    """The study, locked in the transaction in hand: two corrections of a study wait for each other.

    Raises  NotFound for a study the actor may not correct, or one that is out of sight.
    """
    locked = (
        correctable_studies(actor)
        .select_for_update(of=("self",))
        .select_related("patient", "order", "site")
        .filter(pk=study.pk)
        .first()
    )
    if locked is None:
        raise NotFound(_("There is no such study."), code="STUDY_UNKNOWN")
    return locked
