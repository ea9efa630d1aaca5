"""Which reports an actor may read."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.actors import Actor, SystemActor
from accounts.privileges import Privilege, granted_studies, sites_where
from archive.reports.models import Report


def visible_reports(actor: Actor) -> QuerySet[Report]:
    """Reports of studies at the actor's own sites, of studies granted with a case, and the actor's own."""
    if isinstance(actor, SystemActor):
        return Report.objects.all()
    return Report.objects.filter(
        Q(study__site__in=sites_where(actor, Privilege.VIEW_STUDIES))
        | Q(study__study_instance_uid__in=granted_studies(actor).values("study_instance_uid"))
        | Q(author=actor)
    )


def subjects_of(report: Report) -> dict[str, str]:
    """What news of the report is about."""
    study = report.study
    subjects = {
        "report": str(report.uid),
        "study": study.study_instance_uid,
        "patient": str(study.patient.uid),
    }
    return subjects | ({"order": str(study.order.uid)} if study.order is not None else {})
