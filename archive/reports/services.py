"""Signing: a report becomes final, is sealed by a digest and made known."""

from __future__ import annotations

import hashlib
import json

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from accounts.privileges import Privilege, granted_studies, has_privilege, sites_where
from archive.orders.services import mark_reported
from archive.reports.models import Report
from archive.reports.selectors import subjects_of
from archive.studies.models import Study
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted
from events.services import publish
from events.tracing import current_trace


def sign_report(
    *,
    study: Study,
    author: Person,
    findings: str,
    impression: str,
    recommendation: str = "",
    is_critical: bool = False,
    cause: str,
) -> Report:
    """The final report of a study, signed by its author; published as ReportSigned.

    `cause` is what it was written for, such as the task. Signing again for the same cause gives the report
    that is there, provided the text is the same.

    Raises  InvalidInput with `fields` where findings or impression are empty; NotPermitted without the
            right to report; NotFound for a study the author may not know of; Conflict REPORT_ALREADY_SIGNED.
    """
    text = {
        "findings": findings.strip(),
        "impression": impression.strip(),
        "recommendation": recommendation.strip(),
        "is_critical": is_critical,
    }
    _check_text(text)
    _check_permitted(study, author)
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        existing = Report.objects.filter(study=study, cause=cause).order_by("-version").first()
        if existing is not None:
            if existing.author_id != author.pk or any(getattr(existing, n) != v for n, v in text.items()):
                raise Conflict(_("A report has already been signed here."), code="REPORT_ALREADY_SIGNED")
            return existing
        now = clock.now()
        report = Report(
            study=study,
            status=Report.Status.FINAL,
            cause=cause,
            author=author,
            signed_at=now,
            created_at=now,
            trace_id=study.trace_id or current_trace(),
            **text,
        )
        report.digest = digest_of(report)
        report.save()
        if study.order is not None:
            mark_reported(study.order)
        _announce(report)
    return report


def digest_of(report: Report) -> str:
    """The digest that seals what was signed: text, study, author and time."""
    body = [
        str(report.uid), report.study.study_instance_uid, report.version, report.author.username,
        report.signed_at.isoformat() if report.signed_at else "", report.findings, report.impression,
        report.recommendation, report.is_critical,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()


def _check_text(text: dict[str, object]) -> None:
    fields = {}
    if not text["findings"]:
        fields["findings"] = _("Findings are required.")
    if not text["impression"]:
        fields["impression"] = _("Impression is required.")
    if fields:
        raise InvalidInput(" ".join(fields.values()), code="REPORT_INCOMPLETE", fields=fields)


def _check_permitted(study: Study, author: Person) -> None:
    granted = granted_studies(author).filter(study_instance_uid=study.study_instance_uid)
    is_own = sites_where(author, Privilege.VIEW_STUDIES).filter(pk=study.site_id).exists()
    if not is_own and not granted.exists():
        raise NotFound(_("There is no such study."), code="STUDY_UNKNOWN")
    may_report_here = sites_where(author, Privilege.REPORT).filter(pk=study.site_id).exists()
    if not may_report_here and not (granted.exists() and has_privilege(author, Privilege.REPORT)):
        raise NotPermitted(_("You may not report this study."), code="MAY_NOT_REPORT")


def _announce(report: Report) -> None:
    study = report.study
    record_audit(
        report.author,
        "report.signed",
        object_kind="report",
        object_uid=str(report.uid),
        study_instance_uid=study.study_instance_uid,
        site_code=study.site.code,
        version=report.version,
    )
    publish(
        "ReportSigned", {"status": report.status, "version": report.version}, subjects=subjects_of(report)
    )
