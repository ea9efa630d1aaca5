"""A folder on a local file system: files named by key, each durable before anybody may rely on it."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import fcntl
import functools
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from archive.storage.keys import ObjectKey, check_segment_key, content_key
from archive.storage.volumes.base import Found, LocalSlice
from archive.storage.volumes.slices import local_part
from archive.storage.writing import Bytes, StoredObject
from common.errors import NotFound, Unavailable

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@functools.lru_cache(4096)
def _file(root: Path, segment: str) -> Path:
    """Kept, since to put a path together costs more than to ask the system about it."""
    return root / check_segment_key(segment)


class FileSystemStore:
    """A folder of files named by key. Success of `commit` means: file and directory entry are on disk."""

    is_local = True

    def __init__(self, root: Path, url: str) -> None:
        self.root, self.url = root, url
        self.incoming = root / "incoming"
        self.aside = root / "aside"
        self._made: set[Path] = set()

    def check(self) -> None:
        """Raises Unavailable if no file could be written now."""
        staged = self.stage()
        try:
            staged.write(b"ready?")
        finally:
            staged.discard()

    def stage(self) -> StagedFile:
        """A new file outside of anybody's sight.

        Raises  Unavailable if there is no room or no access.
        """
        with failures_told():
            if not self.incoming.is_dir():
                self.incoming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.incoming)
        return StagedFile(self, handle, Path(name))

    def path(self, segment: str, *, aside: bool = False) -> Path:
        """The file of a segment or loose object; whether it is there is not asked."""
        return _file(self.aside if aside else self.root, segment)

    def open(self, where: ObjectKey, *, aside: bool = False) -> BinaryIO:
        """The object, open for reading. Raises NotFound if there is none."""
        path = self.path(where.segment, aside=aside)
        with failures_told():
            if where.length is None:
                return path.open("rb")
            return local_part(path, where.offset, where.length)

    def read(self, where: ObjectKey) -> bytes:
        """The object's bytes. Raises NotFound if there are none, or fewer than there should be."""
        with failures_told():
            if where.length is None:
                return self.path(where.segment).read_bytes()
            handle = os.open(self.path(where.segment), os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = _pread(handle, where.offset, where.length)
            finally:
                os.close(handle)
        if len(data) < where.length:
            raise NotFound("The segment ends before the object does", code="OBJECT_MISSING")
        return data

    def size(self, segment: str, *, aside: bool = False) -> int:
        with failures_told():
            return self.path(segment, aside=aside).stat().st_size

    def local_slice(self, where: ObjectKey) -> LocalSlice:
        """Where the object lies. Raises NotFound if it is not there."""
        path = self.path(where.segment)
        with failures_told():
            size = path.stat().st_size
        length = size if where.length is None else where.length
        if where.offset + length > size:
            raise NotFound("The segment ends before the object does", code="OBJECT_MISSING")
        return LocalSlice(path, where.offset, length)

    def inflow(self, segment: str, *, token: str = "", bytes_done: int = 0) -> FileInflow:  # noqa: ARG002
        """A file beside the others that becomes the segment when it is whole."""
        with failures_told():
            self.incoming.mkdir(parents=True, exist_ok=True)
            return FileInflow(self, segment, bytes_done)

    def remove(self, segment: str, *, aside: bool = False) -> None:
        path = self.path(segment, aside=aside)
        with failures_told(), contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)

    def set_aside(self, segment: str) -> bool:
        return self._rename(self.path(segment), self.path(segment, aside=True))

    def bring_back(self, segment: str) -> bool:
        return self._rename(self.path(segment, aside=True), self.path(segment))

    def found(self, folder: str) -> Iterator[Found]:
        """The files in one folder of keys; what a purge takes away meanwhile is left out."""
        with failures_told(), contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self.root / folder):
                with contextlib.suppress(FileNotFoundError):
                    stat = entry.stat()
                    modified_at = dt.datetime.fromtimestamp(stat.st_mtime, dt.UTC)
                    yield Found(f"{folder}{entry.name}", stat.st_size, modified_at)

    def free_bytes(self) -> int | None:
        with failures_told():
            self.root.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self.root).free

    def sweep_staged(self, *, older_than_s: float) -> int:
        """Remove what a crash left half written; how many files."""
        oldest = time.time() - older_than_s
        litter = [path for path in self.incoming.glob("*") if _modified(path) < oldest]
        for path in litter:
            path.unlink(missing_ok=True)
        return len(litter)

    def ensure_folder(self, folder: Path) -> None:
        """Make a folder and all above it, each durable in its parent; once a process."""
        if folder in self._made:
            return
        if not folder.is_dir():
            if folder != self.root:
                self.ensure_folder(folder.parent)
            folder.mkdir(parents=folder == self.root, exist_ok=True)
        sync_folder(folder.parent)
        self._made.add(folder)

    def _rename(self, source: Path, target: Path) -> bool:
        with failures_told():
            self.ensure_folder(target.parent)
            try:
                source.rename(target)
            except FileNotFoundError:
                return False
            sync_folder(target.parent)
            sync_folder(source.parent)
        return True


class StagedFile:
    """A file being written, digested on the way."""

    def __init__(self, store: FileSystemStore, handle: int, path: Path) -> None:
        self.size_bytes = 0
        self._store = store
        self._handle = handle
        self._path = path
        self._digest = hashlib.sha256()

    def write(self, data: Bytes) -> None:
        """Append bytes. Raises Unavailable if the disk is full."""
        view = memoryview(data)
        self._digest.update(view)
        self.size_bytes += view.nbytes
        with failures_told():
            while view.nbytes:
                view = view[os.write(self._handle, view) :]

    def path(self) -> Path:
        return self._path

    def commit(self) -> StoredObject:
        """Make the bytes durable under their key: file, name, directory, in this order.

        The same content committed twice is one object.
        Raises  Unavailable if the disk cannot; nothing is then to be found under the key.
        """
        digest = self._digest.hexdigest()
        key = content_key(digest)
        target = self._store.path(key)
        with failures_told():
            os.fchmod(self._handle, 0o640)
            os.fsync(self._handle)
            self._store.ensure_folder(target.parent)
            self._path.rename(target)
            sync_folder(target.parent)
        self._close()
        return StoredObject(key, self.size_bytes, digest)

    def discard(self) -> None:
        """Forget what was staged; harmless after `commit`."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class FileInflow:
    """A segment being copied or packed: appended to beside the others, renamed into its place when whole."""

    token = ""

    def __init__(self, store: FileSystemStore, segment: str, bytes_done: int) -> None:
        self._store, self._segment = store, segment
        self._path = store.incoming / f"copy-{check_segment_key(segment).replace('/', '-')}"
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self._lock()
        self.bytes_done = min(bytes_done, os.fstat(self._handle).st_size)
        os.ftruncate(self._handle, self.bytes_done)
        os.lseek(self._handle, self.bytes_done, os.SEEK_SET)

    def _lock(self) -> None:
        """A worker that was taken for dead may still be writing: then it is left to it."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise Unavailable("Another worker writes this copy", code="COPY_IN_OTHER_HANDS") from error

    def append(self, data: Bytes) -> None:
        view = memoryview(data)
        with failures_told():
            while view.nbytes:
                view = view[os.write(self._handle, view) :]

    def settle(self) -> int:
        with failures_told():
            os.fdatasync(self._handle)
            self.bytes_done = os.fstat(self._handle).st_size
        return self.bytes_done

    def finish(self) -> None:
        target = self._store.path(self._segment)
        with failures_told():
            os.fsync(self._handle)
            self._store.ensure_folder(target.parent)
            self._path.rename(target)
            sync_folder(target.parent)
        self.release()

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def abandon(self) -> None:
        self.release()
        self._path.unlink(missing_ok=True)


def flush_file(path: Path) -> None:
    """Have a file's bytes on the disk. Raises NotFound, Unavailable."""
    with failures_told():
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(handle)
        finally:
            os.close(handle)


def length_unless_held(path: Path) -> int | None:
    """The length of a file nobody holds locked; None while its writer lives. A missing file has no bytes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return os.fstat(handle).st_size
    except BlockingIOError:
        return None
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def failures_told() -> Iterator[None]:
    """Turn what the operating system refuses into our words; a full disk is a reason to try later."""
    try:
        yield
    except OSError as error:
        raise_told(error)


def raise_told(error: BaseException) -> NoReturn:
    """Raise what went wrong in our words if the operating system said it, else as it is."""
    if isinstance(error, FileNotFoundError):
        raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error
    if isinstance(error, OSError):
        code = "STORAGE_FULL" if error.errno in _NO_SPACE else "STORAGE_FAILED"
        raise Unavailable("The object store cannot take or give the object now", code=code) from error
    raise error


def _pread(handle: int, offset: int, length: int) -> bytes:
    data = os.pread(handle, length, offset)
    while len(data) < length:  # a signal, or a file of more than 2 GiB
        more = os.pread(handle, length - len(data), offset + len(data))
        if not more:
            break
        data += more
    return data


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # committed meanwhile
        return float("inf")
