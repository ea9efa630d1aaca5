"""The series and study of the first instance that comes of them.

Every association that brings a new study passes here once, so look-ups are prepared and rows are inserted
without a savepoint: another association that was quicker is found out by the insert itself.
"""

from __future__ import annotations

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.orders.services import mark_in_progress
from archive.studies.corrections.visibility import bring_back, bring_back_study
from archive.studies.elements import patient_facts, series_facts, study_facts
from archive.studies.matching import match_study
from archive.studies.models import Series, Study
from archive.studies.news import announce_study
from archive.studies.received import ReceivedObject
from common import clock
from common.errors import Conflict
from common.prepared import PreparedQuery, Slot
from common.rows import insert_if_new
from events.tracing import current_trace, trace

_SERIES = PreparedQuery(
    lambda: Series.all_objects.select_related("study").filter(series_instance_uid=Slot("uid"))
)
_STUDY = PreparedQuery(lambda: Study.all_objects.filter(study_instance_uid=Slot("uid")))


def series_of(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    is_derived: bool,
    is_sending: bool,
) -> Series:
    """The series of an instance, made with its study if this is the first of it; in the transaction in hand.

    Raises  Conflict SERIES_ELSEWHERE if the series belongs to another study.
    """
    series = _SERIES.first(uid=received.series_instance_uid)
    if series is None:
        study = _study_of(received, site=site, actor=actor)
        series = _new_series(received, study, calling_ae_title, is_derived=is_derived, is_sending=is_sending)
        if insert_if_new(series):
            record_audit(
                actor,
                "series.received",
                object_kind="series",
                object_uid=series.series_instance_uid,
                study_instance_uid=study.study_instance_uid,
                site_code=site.code,
                calling_ae_title=calling_ae_title,
            )
        else:
            series = _SERIES.first(uid=received.series_instance_uid)
    if series is None:
        raise Conflict("The series has just been removed", code="SERIES_GONE")
    if series.study.study_instance_uid != received.study_instance_uid:
        raise Conflict("The series belongs to another study", code="SERIES_ELSEWHERE")
    if series.withdrawn_at is not None:
        bring_back(series)
    return series


def _new_series(
    received: ReceivedObject, study: Study, calling_ae_title: str, *, is_derived: bool, is_sending: bool
) -> Series:
    facts, now = series_facts(received.header), clock.now()
    return Series(
        series_instance_uid=facts.series_instance_uid,
        study=study,
        modality=facts.modality,
        series_number=facts.series_number,
        series_description=facts.series_description,
        body_part_examined=facts.body_part_examined,
        frame_of_reference_uid=facts.frame_of_reference_uid,
        attributes=facts.attributes,
        expected_instances=facts.expected_instances,
        calling_ae_title=calling_ae_title,
        is_derived=is_derived,
        is_localizer=facts.is_localizer,
        is_sending=is_sending,
        first_received_at=now,
        last_received_at=now,
    )


def _study_of(received: ReceivedObject, *, site: Site, actor: Actor) -> Study:
    """The study of an instance; a new one is matched to patient and order, and published."""
    known = _STUDY.first(uid=received.study_instance_uid)
    if known is None:
        study, modality = _new_study(received, site=site, actor=actor)
        if insert_if_new(study):
            if study.order is not None:
                with trace(study.trace_id):
                    mark_in_progress(study.order)
            announce_study(study, modality=modality)
            return study
        known = _STUDY.first(uid=received.study_instance_uid)
    if known is None:
        raise Conflict("The study has just been removed", code="STUDY_GONE")
    if known.withdrawn_at is not None:
        bring_back_study(known)
    return known


def _new_study(received: ReceivedObject, *, site: Site, actor: Actor) -> tuple[Study, str]:
    """A study that is not written yet, and the modality of its first instance."""
    facts = study_facts(received.header)
    match = match_study(facts, patient_facts(received.header), site=site, actor=actor)
    study = Study(
        study_instance_uid=facts.study_instance_uid,
        site=site,
        patient=match.patient,
        order=match.order,
        match_reason=match.reason[:120],
        accession_number=facts.accession_number,
        study_id=facts.study_id,
        study_date=facts.study_date,
        study_time=facts.study_time,
        study_description=facts.study_description,
        referring_physician_name=facts.referring_physician_name,
        attributes=facts.attributes,
        received_at=clock.now(),
        trace_id=match.order.trace_id if match.order else current_trace(),
    )
    return study, facts.modality
