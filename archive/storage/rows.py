"""The index's rows of a segment and of its copy on the volume it is written to, each change one statement.

Every association opens a segment and seals it, so this is put together once and prepared by the server.
"""

from __future__ import annotations

from archive.storage.models import Segment, SegmentCopy, Volume
from archive.storage.volumes.base import Store
from archive.storage.writing import StoredObject
from common import clock
from common.statements import Statement

_SEGMENT, _COPY = Segment._meta.db_table, SegmentCopy._meta.db_table  # noqa: SLF001
_State = SegmentCopy.State
_COPY_OF = (
    f'INSERT INTO "{_COPY}" (segment_id, volume_id, state, bytes_done, problem, changed_at, token, attempts) '  # noqa: S608
    "SELECT id, %s::bigint, '{state}', %s::bigint, '', %s::timestamptz, '', 0 FROM made"
)

_OPEN = Statement(
    "open_segment",
    f'WITH made AS (INSERT INTO "{_SEGMENT}" '  # noqa: S608
    "(key, site_id, study_instance_uid, series_instance_uid, size_bytes, object_count, sha256, created_at) "
    "VALUES (%s::text, %s::bigint, %s::text, %s::text, 0, 0, '', %s::timestamptz) RETURNING id), "
    f"copied AS ({_COPY_OF.format(state=_State.WRITING.value)}) SELECT id FROM made",
)
_SEAL = Statement(
    "seal_segment",
    f'WITH sealed AS (UPDATE "{_SEGMENT}" SET size_bytes = %s::bigint, object_count = %s::integer, '  # noqa: S608
    "sealed_at = %s::timestamptz WHERE id = %s::bigint) "
    f"UPDATE \"{_COPY}\" SET state = '{_State.HELD.value}', bytes_done = %s::bigint, changed_at = %s::timestamptz "
    "WHERE segment_id = %s::bigint RETURNING id",
)
_LOOSE = Statement(
    "record_loose",
    f'WITH made AS (INSERT INTO "{_SEGMENT}" '  # noqa: S608
    "(key, site_id, study_instance_uid, series_instance_uid, size_bytes, object_count, sha256, created_at, "
    "sealed_at) VALUES (%s::text, %s::bigint, %s::text, %s::text, %s::bigint, 1, %s::text, %s::timestamptz, "
    "%s::timestamptz) ON CONFLICT (key) DO NOTHING RETURNING id) "
    f"{_COPY_OF.format(state=_State.HELD.value)} RETURNING id",
)


def open_segment(
    store: Store, key: str, *, site_pk: int | None, study_instance_uid: str, series_instance_uid: str
) -> int:
    """The row of a segment that is about to be written, with its copy on the store's volume."""
    now = clock.now().isoformat()
    uids = [study_instance_uid, series_instance_uid]
    pk = _OPEN.value([key, site_pk, *uids, now, volume_pk(store), 0, now])
    assert pk is not None  # noqa: S101 - an insert without a condition gives a row
    return pk


def seal_segment(pk: int, *, size_bytes: int, object_count: int) -> None:
    """Note that a segment is whole, and its copy held."""
    now = clock.now().isoformat()
    _SEAL.value([size_bytes, object_count, now, pk, size_bytes, now, pk])


def record_loose(
    store: Store,
    stored: StoredObject,
    *,
    site_pk: int | None,
    study_instance_uid: str,
    series_instance_uid: str,
) -> None:
    """Rows for an object that was stored by itself and is referred to; one that has them keeps them."""
    now, uids = clock.now().isoformat(), [study_instance_uid, series_instance_uid]
    made = [stored.key, site_pk, *uids, stored.size_bytes, stored.sha256, now, now]
    _LOOSE.value([*made, volume_pk(store), stored.size_bytes, now])


_volumes: dict[str, int] = {}


def volume_pk(store: Store) -> int:
    """The row of the volume this store is; made when the first bytes go there."""
    if store.url not in _volumes:
        volume, _made = Volume.objects.get_or_create(
            url=store.url, defaults={"name": _free_name(), "created_at": clock.now()}
        )
        _volumes[store.url] = volume.pk
    return _volumes[store.url]


def _free_name() -> str:
    taken = Volume.objects.count()
    return f"default-{taken}" if taken else "default"
