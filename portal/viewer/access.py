"""Which series a request may show, and the line its showing leaves in the audit trail."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from archive.studies.models import Series
from archive.studies.selectors import visible_series
from common.errors import NotFound
from common.once import first_in
from common.uids import is_uid_lenient
from events.tracing import trace


def series_to_show(person: Person, *, study_uid: str, series_uid: str) -> Series:
    """The series if the person may see it; NotFound otherwise, whether or not it exists."""
    found = None
    if is_uid_lenient(study_uid) and is_uid_lenient(series_uid):
        found = (
            visible_series(person)
            .filter(series_instance_uid=series_uid, study__study_instance_uid=study_uid)
            .select_related("study__site")
            .first()
        )
    if found is None:
        raise NotFound(_("There is no such series that you may see."))
    return found


def note_viewing(request: HttpRequest, person: Person, series: Series) -> None:
    """Record that the person looks at this series: once for each session, however many slices follow."""
    seen = f"series-viewed:{request.session.session_key}:{series.pk}"
    with first_in(settings.SESSION_COOKIE_AGE, seen) as is_first, trace(series.study.trace_id):
        if is_first:
            record_audit(
                person, "series.viewed", object_kind="series", object_uid=series.series_instance_uid,
                study_instance_uid=series.study.study_instance_uid, site_code=series.study.site.code,
            )  # fmt: skip
