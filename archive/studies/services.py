"""Storing instances in the index and refusing what cannot be stored; the door to judging series."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.db import connection, transaction

from accounts.actors import Actor
from accounts.audit import record_audit
from accounts.models import Site
from archive.storage.objects import open_writer
from archive.storage.writing import Bytes, ObjectWriter, StoredObject
from archive.studies.corrections.resending import is_to_be_ignored
from archive.studies.duplicates import is_same_data_set
from archive.studies.elements import SERIES_INSTANCE_UID, STUDY_INSTANCE_UID, InstanceFacts
from archive.studies.judging import complete_series, judge_receiving_series
from archive.studies.models import Instance, RejectedObject, Series, WithdrawnInstance
from archive.studies.news import announce_key_objects
from archive.studies.opening import series_of
from archive.studies.received import PREAMBLE, ReceivedObject, checked_header, safe_preamble, split_part10
from archive.studies.unfinished import settle, take_back
from common import clock
from common.errors import Conflict, ServiceError
from common.prepared import PreparedQuery, Slot
from common.statements import Statement, Value
from events.tracing import current_trace

__all__ = [
    "StoredOutcome",
    "begin_storing",
    "complete_series",
    "judge_receiving_series",
    "note_sender_done",
    "reject_object",
    "store_part10",
]

Flush = Callable[[StoredObject], None]

KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"  # Key Object Selection Document Storage
TOUCH_AT_MOST = dt.timedelta(seconds=1)
_KNOWN_AT_MOST = 4096


@dataclass(frozen=True, slots=True)
class StoredOutcome:
    """What became of an object. `is_duplicate`: the same object was here already, which is a success."""

    instance_pk: int
    sop_instance_uid: str
    series_instance_uid: str
    study_instance_uid: str
    is_duplicate: bool = False


@dataclass(slots=True)
class _KnownSeries:
    """A series this process has written to, so that the next instance needs no look-up."""

    pk: int
    study_pk: int
    study_instance_uid: str
    touched_at: dt.datetime


_known: dict[str, _KnownSeries] = {}


def begin_storing(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    is_derived: bool = False,
    is_sending: bool = False,
    flush: Flush | None = None,
) -> Callable[[], StoredOutcome]:
    """Have the database begin to index an object, if it may be at once; what is returned does the rest.

    That has to be called before the connection is used again; when it returns, row and bytes are both durable.
    Without `flush` the bytes are durable already; else it has them so, while the database commits the row. Where
    the process is killed between the two, the row may be there and the bytes not: nobody was told of success,
    and whoever seals the segment or gets the object again takes the row back (`archive.studies.unfinished`).
    `is_sending` says that more may follow until the edge calls `note_sender_done`.

    One statement for an instance of a series this process knows, and one more a second that tells when
    the series was last added to. Sending the same object again succeeds without effect.

    Raises  Conflict DUPLICATE_SOP_INSTANCE if another object is held under the same SOP Instance UID,
            SERIES_ELSEWHERE if the series belongs to another study.
    """
    slowly = partial(
        _store_slowly, received, site=site, calling_ae_title=calling_ae_title, actor=actor, derived=is_derived,
        is_sending=is_sending,
    )  # fmt: skip
    known = _known.get(received.series_instance_uid)
    is_plain = received.instance.sop_class_uid != KEY_OBJECTS
    if not is_plain or known is None or known.study_instance_uid != received.study_instance_uid:
        return partial(_flushed, received, flush, slowly)
    inserted = (
        partial(_insert_and_touch, received, known, is_sending=is_sending, flush=flush)
        if _is_stale(known)
        else _begin_insert(received, known.pk, known.study_pk, flush=flush)
    )

    def finish() -> StoredOutcome:
        instance_pk = inserted()
        return slowly() if instance_pk is None else _outcome(received, instance_pk)

    return finish


def _flushed(
    received: ReceivedObject, flush: Flush | None, slowly: Callable[[], StoredOutcome]
) -> StoredOutcome:
    """Store an object whose bytes are on the disk before any row of it is written."""
    if flush is not None:
        flush(received.stored)
    return slowly()


_NOT_SENDING = (
    f'UPDATE "{Series._meta.db_table}" SET is_sending = false '  # noqa: S608, SLF001
    "WHERE series_instance_uid = ANY(%s) AND is_sending AND withdrawn_at IS NULL"
)


def note_sender_done(series_instance_uids: Collection[str]) -> None:
    """A sender has said that it is done (it released its association): nothing more need be waited for."""
    with connection.cursor() as cursor:
        cursor.execute(_NOT_SENDING, [list(series_instance_uids)])


def store_part10(
    data: bytes,
    *,
    site: Site,
    actor: Actor,
    is_derived: bool = False,
    calling_ae_title: str = "",
    writer: ObjectWriter | None = None,
) -> StoredOutcome:
    """Store a Part 10 file as it is, but for its preamble; success means durable and indexed.

    The patient, order and trace of the study are inherited where the study exists. With `writer`, the objects
    of a series come to lie one behind the other; the caller closes it. A preamble that is neither empty
    nor a TIFF header is emptied: it means nothing in DICOM and may make the file an executable (PS3.10 §7.1).
    Raises  InvalidInput if the file is damaged or names itself badly; Conflict as `begin_storing`.
    """
    transfer_syntax_uid, offset = split_part10(data)
    header = checked_header(data, offset=offset, end=len(data), transfer_syntax_uid=transfer_syntax_uid)
    parts: list[Bytes] = [safe_preamble(data), memoryview(data)[PREAMBLE:]]
    own = writer or open_writer(site)
    try:
        stored = own.append(
            parts,
            study_instance_uid=header.text(STUDY_INSTANCE_UID),
            series_instance_uid=header.text(SERIES_INSTANCE_UID),
        )
        outcome = _store_appended(
            own, ReceivedObject(header, transfer_syntax_uid, stored), site=site,
            calling_ae_title=calling_ae_title, actor=actor, is_derived=is_derived,
        )  # fmt: skip
    finally:
        if writer is None:
            own.close()
    return outcome


def _store_appended(
    writer: ObjectWriter,
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    is_derived: bool,
) -> StoredOutcome:
    """Index what was appended, and take back the bytes no row came to refer to."""
    try:
        outcome = begin_storing(
            received, site=site, calling_ae_title=calling_ae_title, actor=actor, is_derived=is_derived
        )()
    except ServiceError as error:
        if error.permanent:
            writer.withdraw(received.stored)
        raise
    if outcome.is_duplicate:
        writer.withdraw(received.stored)
    return outcome


def reject_object(
    error: ServiceError,
    *,
    site: Site | None,
    calling_ae_title: str,
    sop_class_uid: str = "",
    sop_instance_uid: str = "",
    stored: StoredObject | None = None,
    actor: Actor,
) -> RejectedObject:
    """Keep a refused object, its bytes if there are any and the reason, for a person to look at."""
    with transaction.atomic():
        row = RejectedObject.objects.create(
            received_at=clock.now(),
            site=site,
            calling_ae_title=calling_ae_title[:16],
            sop_class_uid=_plain(sop_class_uid),
            sop_instance_uid=_plain(sop_instance_uid),
            code=error.code,
            reason=error.message[:200],
            storage_key=stored.key if stored else "",
            size_bytes=stored.size_bytes if stored else 0,
            trace_id=current_trace(),
        )
        record_audit(
            actor,
            "object.refused",
            object_kind="instance",
            object_uid=row.sop_instance_uid,
            site_code=site.code if site else "",
            outcome="refused",  # type: ignore[arg-type]
            code=error.code,
        )
    return row


def _store_slowly(
    received: ReceivedObject,
    *,
    site: Site,
    calling_ae_title: str,
    actor: Actor,
    derived: bool,
    is_sending: bool,
) -> StoredOutcome:
    """Store an instance of a series this process does not know, or one that may be here already."""
    with transaction.atomic():
        held = _held(received)
        if held is not None:
            return held
        if is_to_be_ignored(received.instance.sop_instance_uid):
            return _outcome(received, 0, is_duplicate=True)
        series = series_of(
            received, site=site, calling_ae_title=calling_ae_title, actor=actor, is_derived=derived,
            is_sending=is_sending,
        )  # fmt: skip
        instance_pk = _insert_instance(received, series.pk, series.study_id)
        if instance_pk is None:  # another association was quicker with the same instance
            held = _held(received)
            if held is None:
                raise Conflict("The series has just been removed", code="SERIES_GONE")
            return held
        known = _KnownSeries(series.pk, series.study_id, received.study_instance_uid, series.last_received_at)
        if _is_stale(known):
            _touch(known, is_sending=is_sending)
        if received.instance.sop_class_uid == KEY_OBJECTS and calling_ae_title:
            announce_key_objects(series, received.instance.sop_instance_uid, said_by=calling_ae_title)
    if len(_known) >= _KNOWN_AT_MOST:
        _known.clear()
    _known[received.series_instance_uid] = known
    return _outcome(received, instance_pk)


_INSTANCE = PreparedQuery(
    lambda: Instance.objects.filter(sop_instance_uid=Slot("uid")).only("sha256", "storage_key", "received_at")
)


def _held(received: ReceivedObject) -> StoredOutcome | None:
    """The outcome for an instance that is here already; None for a new one. Raises Conflict, and as `settle`."""
    row = _INSTANCE.first(uid=received.instance.sop_instance_uid)
    if row is None or not settle(row):  # who sent it first may not have been answered yet, or never be
        return None
    if row.sha256 != received.stored.sha256 and not is_same_data_set(row.storage_key, received.stored.key):
        raise Conflict(
            "Another object is held under the same SOP Instance UID", code="DUPLICATE_SOP_INSTANCE"
        )
    return _outcome(received, row.pk, is_duplicate=True)


# The instance's columns with the types their values are bound as.
_COLUMNS = {
    "sop_instance_uid": "text", "sop_class_uid": "text", "transfer_syntax_uid": "text",
    "instance_number": "integer", '"rows"': "integer", '"columns"': "integer", "bits_allocated": "integer",
    "number_of_frames": "integer", "image_position": "jsonb", "image_orientation": "jsonb", "pixel_spacing": "jsonb",
    "storage_key": "text", "size_bytes": "bigint", "sha256": "text", "received_at": "timestamptz",
}  # fmt: skip


# A series or instance that was taken out of sight meanwhile, or a series that went to another study, is no place
# for the row: that is left to the slow path, which knows what to do.
_INSERT = Statement(
    "insert_instance",
    f'INSERT INTO "{Instance._meta.db_table}" (series_id, {", ".join(_COLUMNS)}) '  # noqa: S608, SLF001
    f"SELECT id, {', '.join(f'%s::{kind}' for kind in _COLUMNS.values())} "
    f'FROM "{Series._meta.db_table}" WHERE id = %s::bigint AND series_instance_uid = %s::text '  # noqa: SLF001
    "AND study_id = %s::bigint AND withdrawn_at IS NULL AND NOT EXISTS ("
    f'SELECT FROM "{WithdrawnInstance._meta.db_table}" WHERE sop_instance_uid = %s::text) '  # noqa: SLF001
    # The lock the deferred foreign key takes at the end, taken now: a withdrawal waits for what is on its way in.
    "FOR KEY SHARE ON CONFLICT (sop_instance_uid) DO NOTHING RETURNING id",
)


def _insert_instance(
    received: ReceivedObject, series_pk: int, study_pk: int, *, flush: Flush | None = None
) -> int | None:
    """Insert the row in one statement, and write the bytes beside it.

    None if the instance is here already or the series is not as it was. Raises what `flush` does, without a row.
    """
    return _begin_insert(received, series_pk, study_pk, flush=flush)()


def _begin_insert(
    received: ReceivedObject, series_pk: int, study_pk: int, *, flush: Flush | None
) -> Callable[[], int | None]:
    """Have the database begin `_insert_instance`; what is returned does the rest."""
    facts = received.instance
    place: list[Value] = [series_pk, received.series_instance_uid, study_pk, facts.sop_instance_uid]
    inserted = _INSERT.begin([*_values(facts, received), *place])

    def finish() -> int | None:
        try:
            if flush is not None:
                flush(received.stored)
        except BaseException:
            if (instance_pk := inserted()) is not None:
                take_back([instance_pk])
            raise
        return inserted()

    return finish


def _insert_and_touch(
    received: ReceivedObject, known: _KnownSeries, *, is_sending: bool, flush: Flush | None
) -> int | None:
    """Insert the row, and note that the series is being added to."""
    with transaction.atomic():
        instance_pk = _insert_instance(received, known.pk, known.study_pk, flush=flush)
        if instance_pk is not None:
            _touch(known, is_sending=is_sending)
    return instance_pk


def _values(facts: InstanceFacts, received: ReceivedObject) -> list[Value]:
    """The columns' values, in the columns' order."""

    def as_json(vector: list[float] | None) -> str | None:
        return None if vector is None else f"[{','.join(map(repr, vector))}]"

    return [
        facts.sop_instance_uid, facts.sop_class_uid, received.transfer_syntax_uid, facts.instance_number,
        facts.rows, facts.columns, facts.bits_allocated, facts.number_of_frames, as_json(facts.image_position),
        as_json(facts.image_orientation), as_json(facts.pixel_spacing), received.stored.key,
        received.stored.size_bytes, received.stored.sha256, clock.now().isoformat(),
    ]  # fmt: skip


def _touch_every() -> dt.timedelta:
    return min(TOUCH_AT_MOST, dt.timedelta(seconds=settings.DICOM_QUIET_SECONDS) / 4)


def _is_stale(known: _KnownSeries) -> bool:
    return clock.now() - known.touched_at >= _touch_every()


def _touch(known: _KnownSeries, *, is_sending: bool) -> None:
    """Note that the series is being added to; one that was complete is receiving again."""
    now = clock.now()
    Series.objects.filter(pk=known.pk).update(
        last_received_at=now, completeness=Series.Completeness.RECEIVING, is_sending=is_sending
    )
    known.touched_at = now


def _outcome(received: ReceivedObject, pk: int, *, is_duplicate: bool = False) -> StoredOutcome:
    return StoredOutcome(
        instance_pk=pk,
        sop_instance_uid=received.instance.sop_instance_uid,
        series_instance_uid=received.series_instance_uid,
        study_instance_uid=received.study_instance_uid,
        is_duplicate=is_duplicate,
    )


def _plain(uid: str) -> str:
    """A claimed UID, fit for a column: peers send anything."""
    return "".join(character for character in uid if character.isprintable())[:64]
