"""Local segments: one sender's objects appended to a file a series, each durable before it is answered for.

One `pwritev` and one `fdatasync` an object, where a file of its own would need eight calls and a journal
entry for its name. A crash leaves bytes that no row refers to, which nothing finds, or a last row without its
bytes, which nobody was told of and which is taken back (`archive.studies.unfinished`).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from django.db import DatabaseError

from accounts.models import Site
from archive.storage import rows
from archive.storage.beside import Beside
from archive.storage.keys import new_segment_key, parse_key, slice_key
from archive.storage.models import Segment
from archive.storage.volumes.local import FileSystemStore, failures_told, raise_told, sync_folder
from archive.storage.writing import Bytes, ObjectWriter, StoredObject, digest_of

log = structlog.get_logger(__name__)

OPEN_AT_MOST = 4  # series that one sender mixes
BESIDE_FROM = 64 << 10  # bytes
LARGEST = 2 << 30  # a longer series goes on in another segment


@dataclass(slots=True)
class _OpenSegment:
    """A file that is still appended to, locked as long: so a duty tells it from a dead writer's."""

    pk: int
    key: str
    handle: int
    size_bytes: int = 0
    object_count: int = 0


@dataclass(frozen=True, slots=True)
class _Pending:
    """An object on its way to the disk: `finish` returns when it is there, or raises."""

    series_instance_uid: str
    offset: int
    finish: Callable[[], None]


class SegmentWriter(ObjectWriter):
    """One sender's way onto a local volume. For one thread at a time; see `ObjectWriter`."""

    def __init__(self, store: FileSystemStore, site: Site | None = None) -> None:
        self._store = store
        self._site = site
        self._open: OrderedDict[str, _OpenSegment] = OrderedDict()
        self._to_close: list[_OpenSegment] = []
        self._pending: _Pending | None = None
        self._beside = Beside("segment-writer")

    def put(
        self, parts: Sequence[Bytes], *, study_instance_uid: str, series_instance_uid: str
    ) -> StoredObject:
        """Give one object its place behind the last one of its series, and its digest.

        The disk is at work on a large one from now on, beside us; a small one is written by `flush`, since
        waking a thread would cost more than it saves.
        """
        segment = self._segment_for(study_instance_uid, series_instance_uid)
        offset, length = segment.size_bytes, sum(len(part) for part in parts)
        segment.size_bytes += length
        segment.object_count += 1
        write = partial(_write_durably, segment.handle, parts, offset, length)
        self._pending = _Pending(
            series_instance_uid, offset, self._beside.begin(write) if length >= BESIDE_FROM else write
        )
        return StoredObject(slice_key(segment.key, offset, length), length, digest_of(parts))

    def flush(self, stored: StoredObject) -> None:  # noqa: ARG002 - the one that was put last
        """Have the object that was put last on the disk.

        Raises  Unavailable if the disk does not take it. The object is then gone, and the segment closed where
                it was, since nobody can tell what of it reached the disk.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.finish()
        except BaseException as error:
            self._set_aside(pending.series_instance_uid, pending.offset)
            raise_told(error)

    def withdraw(self, stored: StoredObject) -> None:
        """Cut off the object that was just appended and that no row refers to."""
        where = parse_key(stored.key)
        for segment in self._open.values():
            if segment.key == where.segment and segment.size_bytes == where.offset + stored.size_bytes:
                with failures_told():
                    os.ftruncate(segment.handle, where.offset)
                segment.size_bytes = where.offset
                segment.object_count -= 1

    def close(self) -> None:
        """Seal what was written; a segment nothing came to stay in is removed."""
        self._beside.close()
        while self._to_close:
            self._seal(self._to_close.pop())
        while self._open:
            self._seal(self._open.popitem(last=False)[1])

    def _set_aside(self, series_instance_uid: str, size_bytes: int) -> None:
        """Take back the last object, and have the segment closed later: the database may be at work on its row."""
        segment = self._open.pop(series_instance_uid)
        segment.size_bytes, segment.object_count = size_bytes, segment.object_count - 1
        with contextlib.suppress(OSError):
            os.ftruncate(segment.handle, size_bytes)
        self._to_close.append(segment)

    def _segment_for(self, study_instance_uid: str, series_instance_uid: str) -> _OpenSegment:
        segment = self._open.get(series_instance_uid)
        if segment is not None and segment.size_bytes < LARGEST:
            self._open.move_to_end(series_instance_uid)
            return segment
        if segment is not None:
            self._seal(self._open.pop(series_instance_uid))
        elif len(self._open) >= OPEN_AT_MOST:
            self._seal(self._open.popitem(last=False)[1])
        segment = self._begin(study_instance_uid, series_instance_uid)
        self._open[series_instance_uid] = segment
        return segment

    def _begin(self, study_instance_uid: str, series_instance_uid: str) -> _OpenSegment:
        """A new segment: its row first, so that no file is without one, then the file and its name on the disk."""
        key = new_segment_key()
        pk = rows.open_segment(
            self._store,
            key,
            site_pk=None if self._site is None else self._site.pk,
            study_instance_uid=study_instance_uid,
            series_instance_uid=series_instance_uid,
        )
        try:
            return _OpenSegment(pk, key, self._create(self._store.path(key)))
        except BaseException:
            Segment.objects.filter(pk=pk).delete()
            raise

    def _create(self, path: Path) -> int:
        """A file of our own, locked, its name on the disk."""
        with failures_told():
            self._store.ensure_folder(path.parent)
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o640)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                sync_folder(path.parent)
            except BaseException:
                os.close(handle)
                path.unlink(missing_ok=True)
                raise
        return handle

    def _seal(self, segment: _OpenSegment) -> None:
        """End a segment; where that fails, the duty that seals dead writers' segments does it later."""
        try:
            with contextlib.suppress(OSError):
                os.ftruncate(segment.handle, segment.size_bytes)
            if segment.object_count:
                rows.seal_segment(
                    segment.pk, size_bytes=segment.size_bytes, object_count=segment.object_count
                )
            else:
                Segment.objects.filter(pk=segment.pk).delete()
                self._store.path(segment.key).unlink(missing_ok=True)
        except DatabaseError as error:
            log.warning("segment.not_sealed", key=segment.key, code=type(error).__name__)
        finally:
            os.close(segment.handle)


def _write_durably(handle: int, parts: Sequence[Bytes], offset: int, length: int) -> None:
    _write_all(handle, parts, offset, length)
    os.fdatasync(handle)


def _write_all(handle: int, parts: Sequence[Bytes], offset: int, length: int) -> None:
    """Write the parts one behind the other, however few bytes the system takes at a time."""
    done = os.pwritev(handle, parts, offset) if parts else length
    if done == length:
        return
    rest = memoryview(b"".join(parts))
    while done < length:
        done += os.pwrite(handle, rest[done:], offset + done)
