"""Who may look after stored bytes: volumes and rules are everybody's, quotas, holds and deletion a site's."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Site
from accounts.privileges import Privilege, has_privilege, sites_where
from archive.lifecycle.models import LegalHold, SiteQuota, TierChoice
from archive.studies.models import Study
from common.errors import NotFound, NotPermitted


def managed_sites(actor: Actor) -> QuerySet[Site]:
    """The sites whose storage the actor looks after."""
    return sites_where(actor, Privilege.MANAGE_STORAGE)


def manageable_site(site: Site, actor: Actor) -> Site:
    """The site itself. Raises NotPermitted if the actor does not look after its storage."""
    if not managed_sites(actor).filter(pk=site.pk).exists():
        raise NotPermitted(_("Storage of this site is looked after by others."), code="NOT_PERMITTED")
    return site


def check_may_manage(actor: Actor) -> None:
    """Raises NotPermitted if the actor looks after no storage at all."""
    if not has_privilege(actor, Privilege.MANAGE_STORAGE):
        raise NotPermitted(_("Storage is looked after by administrators."), code="NOT_PERMITTED")


def manageable_studies(actor: Actor) -> QuerySet[Study]:
    """The studies whose storage the actor looks after."""
    return Study.objects.filter(site__in=managed_sites(actor))


def manageable_study(study_instance_uid: str, actor: Actor) -> Study:
    """The study, even if all of it was withdrawn: its bytes are still here to be looked after.

    Raises  NotFound for one that is not there or not the actor's to look after.
    """
    studies = Study.all_objects.filter(site__in=managed_sites(actor)).select_related("site")
    found = studies.filter(study_instance_uid=study_instance_uid).first()
    if found is None:
        raise NotFound(_("There is no such study."), code="STUDY_UNKNOWN")
    return found


def visible_tier_choices(actor: Actor) -> QuerySet[TierChoice]:
    studies = Study.all_objects.filter(site__in=managed_sites(actor)).values("study_instance_uid")
    return TierChoice.objects.filter(study_instance_uid__in=studies)


def visible_quotas(actor: Actor) -> QuerySet[SiteQuota]:
    return SiteQuota.objects.filter(site__in=managed_sites(actor))


def visible_holds(actor: Actor) -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(site__in=managed_sites(actor))
