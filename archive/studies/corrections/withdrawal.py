"""Taking instances out of the archive's view, and putting them back.

The rows move between two tables in one statement, so an instance is in exactly one of them at any moment and
no reader needs to know. Bytes are not touched here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor, SystemActor, actor_name
from accounts.audit import record_audit
from archive.studies.corrections.models import Correction, WithdrawnInstance
from archive.studies.corrections.reasons import ReasonCode
from archive.studies.corrections.visibility import bring_back, hide_what_is_empty
from archive.studies.judging import judge_again
from archive.studies.models import Instance, Series, Study
from archive.studies.news import announce_restored, announce_withdrawn
from common import clock
from common.errors import Conflict, NotFound
from events.tracing import current_trace, trace


def withdraw_instances(
    *,
    reason: ReasonCode,
    actor: Actor,
    study: Study | None = None,
    series: Series | None = None,
    sop_instance_uids: Collection[str] | None = None,
    comment: str = "",
    correction: Correction | None = None,
) -> Correction:
    """Withdraw a study, a series, or the named instances, which may be narrowed to either; all or nothing.

    Safe beside ingest: an instance on its way into one of the series is waited for and withdrawn with the
    others, one that comes later brings its series back into sight. Withdrawing what is withdrawn changes
    nothing. With `correction`, what is withdrawn is noted as part of that one.

    Raises  NotFound if none of what is named is here.
    """
    with transaction.atomic():
        studies, locked = _locked(study, series, sop_instance_uids)
        if not locked:
            raise NotFound(_("None of these instances is here."), code="NOTHING_TO_WITHDRAW")
        first = studies[0]
        with trace(first.trace_id):
            if correction is None:
                correction = begin_correction(
                    Correction.Kind.REJECT, first, reason=reason, comment=comment, actor=actor
                )
            moved = _move_out(locked, sop_instance_uids, reason=reason, correction=correction)
            if not moved:
                raise NotFound(_("None of these instances is here."), code="NOTHING_TO_WITHDRAW")
            correction.instance_count += moved - (correction.detail.get("note") in (sop_instance_uids or ()))
            correction.performed_at = clock.now()
            correction.save(update_fields=["instance_count", "performed_at"])
            hide_what_is_empty(locked, studies)
            _judge_again(locked)
            for one in studies:
                _tell(one, correction, actor, "instances.withdrawn", moved)
                announce_withdrawn(one, correction)
    return correction


def restore_instances(correction: Correction, *, actor: Actor) -> int:
    """Put back what a correction withdrew, as far as its bytes are still here; how many instances.

    A rejection note stays out of sight: it no longer holds.

    Raises  Conflict BYTES_GONE if nothing is left that could be put back.
    """
    with transaction.atomic():
        withdrawn = WithdrawnInstance.objects.filter(correction=correction)
        series_pks = withdrawn.exclude(series=None).values_list("series_id", flat=True).distinct()
        study_pks = Series.all_objects.filter(pk__in=list(series_pks)).values("study_id")
        studies = _lock(Study.all_objects.filter(pk__in=study_pks))
        locked = _lock(Series.all_objects.filter(pk__in=list(series_pks)))
        moved = _move_back(correction)
        if not moved:
            raise Conflict(_("Nothing is left that could be put back."), code="BYTES_GONE")
        filled = Series.all_objects.filter(pk__in=[one.pk for one in locked], instances__isnull=False)
        for series in filled.select_related("study").distinct():
            bring_back(series)
        for one in studies:
            with trace(one.trace_id):
                _tell(one, correction, actor, "instances.restored", moved)
                announce_restored(one, correction)
    return moved


def begin_correction(
    kind: Correction.Kind,
    study: Study,
    *,
    reason: ReasonCode | str = "",
    comment: str = "",
    actor: Actor,
    **detail: Any,
) -> Correction:
    """The row of a correction that is being made in the transaction in hand."""
    return Correction.objects.create(
        kind=kind,
        study=study,
        study_instance_uid=study.study_instance_uid,
        reason=reason,
        comment=comment[:400],
        detail=detail,
        made_at=clock.now(),
        made_by=actor_name(actor),
        person=None if isinstance(actor, SystemActor) else actor,
        trace_id=current_trace(),
    )


def _locked(
    study: Study | None, series: Series | None, sop_instance_uids: Collection[str] | None
) -> tuple[list[Study], list[Series]]:
    """The studies and the series concerned, locked in this order: ingest takes its locks in the same."""
    concerned = Series.all_objects.all()
    if study is not None:
        concerned = concerned.filter(study=study)
    if series is not None:
        concerned = concerned.filter(pk=series.pk)
    if sop_instance_uids is not None:
        held = Instance.objects.filter(sop_instance_uid__in=sop_instance_uids).values("series_id")
        concerned = concerned.filter(pk__in=held)
    elif study is None and series is None:
        concerned = concerned.none()
    keys = list(concerned.values_list("pk", "study_id"))
    studies = _lock(Study.all_objects.filter(pk__in={study_pk for _pk, study_pk in keys}))
    if study is not None and series is None and sop_instance_uids is None:
        return studies, _lock(Series.all_objects.filter(study=study))  # one may have come meanwhile
    return studies, _lock(Series.all_objects.filter(pk__in=[pk for pk, _study_pk in keys]))


def _lock(rows: Any) -> list[Any]:
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _move_out(
    series: Iterable[Series],
    sop_instance_uids: Collection[str] | None,
    *,
    reason: ReasonCode,
    correction: Correction,
) -> int:
    instances, withdrawn = Instance._meta.db_table, WithdrawnInstance._meta.db_table  # noqa: SLF001
    named = "" if sop_instance_uids is None else "AND sop_instance_uid = ANY(%(uids)s)"
    sql = f"""
        WITH moved AS (DELETE FROM "{instances}" WHERE series_id = ANY(%(series)s) {named} RETURNING *)
        INSERT INTO "{withdrawn}" (sop_instance_uid, sop_class_uid, series_id, study_instance_uid,
            series_instance_uid, storage_key, size_bytes, sha256, reason, correction_id, withdrawn_at, row)
        SELECT moved.sop_instance_uid, moved.sop_class_uid, moved.series_id, study.study_instance_uid,
            series.series_instance_uid, moved.storage_key, moved.size_bytes, moved.sha256, %(reason)s,
            %(correction)s, %(now)s, to_jsonb(moved)
        FROM moved JOIN "{Series._meta.db_table}" series ON series.id = moved.series_id
            JOIN "{Study._meta.db_table}" study ON study.id = series.study_id
    """  # noqa: S608, SLF001 - table names of our own models
    values = {
        "series": [one.pk for one in series], "uids": list(sop_instance_uids or []), "reason": str(reason),
        "correction": correction.pk, "now": clock.now(),
    }  # fmt: skip
    return _executed(sql, values)


def _move_back(correction: Correction) -> int:
    instances, withdrawn = Instance._meta.db_table, WithdrawnInstance._meta.db_table  # noqa: SLF001
    sql = f"""
        WITH moved AS (DELETE FROM "{withdrawn}" WHERE correction_id = %(correction)s AND purged_at IS NULL
            AND series_id IS NOT NULL AND sop_instance_uid <> %(note)s RETURNING *)
        INSERT INTO "{instances}" SELECT held.* FROM moved,
            jsonb_populate_record(NULL::"{instances}", moved.row || jsonb_build_object(
                'storage_key', moved.storage_key, 'series_id', moved.series_id)) held
        ON CONFLICT (sop_instance_uid) DO NOTHING
    """  # noqa: S608 - table names of our own models
    return _executed(sql, {"correction": correction.pk, "note": correction.detail.get("note", "")})


def _executed(sql: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _judge_again(series: Iterable[Series]) -> None:
    for one in series:
        judge_again(one)


def _tell(study: Study, correction: Correction, actor: Actor, action: str, count: int) -> None:
    record_audit(
        actor,
        action,
        object_kind="study",
        object_uid=study.study_instance_uid,
        study_instance_uid=study.study_instance_uid,
        site_code=study.site.code,
        correction=str(correction.uid),
        reason=correction.reason,
        instances=count,
    )
