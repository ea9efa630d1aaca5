"""Object stores: bytes staged, made durable, and found again by the key their content gives them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from django.conf import settings

from archive.storage.placement import check_key, content_key
from common.errors import InvalidInput, NotFound, Unavailable

STAGED_AT_MOST_S = 24 * 3600.0
_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that is durable: its key, size and digest."""

    key: str
    size_bytes: int
    sha256: str


class StagedObject(Protocol):
    """Bytes on their way in. Nobody finds them before `commit`; a crash leaves nothing but litter."""

    size_bytes: int

    def write(self, data: bytes | bytearray | memoryview) -> None: ...

    def path(self) -> Path:
        """A local file with what was written so far, for reading."""
        ...

    def commit(self) -> StoredObject: ...

    def discard(self) -> None: ...


class Storage(Protocol):
    """What the archive asks of an object store."""

    def stage(self) -> StagedObject: ...

    def open(self, key: str) -> BinaryIO: ...

    def path(self, key: str) -> Path: ...

    def exists(self, key: str) -> bool: ...

    def sweep_staged(self, *, older_than_s: float) -> int: ...


def default_storage() -> Storage:
    """The store that STORAGE_URL names, as the setting stands now.

    Raises  InvalidInput for a kind of store this build does not speak.
    """
    url = str(settings.STORAGE_URL)
    parts = urlsplit(url)
    if parts.scheme != "file":
        raise InvalidInput(
            f"STORAGE_URL names a {parts.scheme or 'nameless'} store; only file:// is supported",
            code="STORAGE_UNSUPPORTED",
        )
    return _file_storage(unquote(parts.path))


def sweep_staged() -> int:
    """The duty that removes staged files no process can still be writing."""
    return default_storage().sweep_staged(older_than_s=STAGED_AT_MOST_S)


_opened: dict[str, FileSystemStorage] = {}


def _file_storage(root: str) -> FileSystemStorage:
    if root not in _opened:
        _opened[root] = FileSystemStorage(Path(root))
    return _opened[root]


class FileSystemStorage:
    """A folder of files named by digest. Success of `commit` means: file and directory entry are on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"
        self._made: set[Path] = set()

    def stage(self) -> StagedFile:
        """A new file outside of anybody's sight.

        Raises  Unavailable if there is no room or no access.
        """
        with _failures_told():
            if not self._incoming.is_dir():
                self._incoming.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._incoming)
        return StagedFile(self, handle, Path(name))

    def open(self, key: str) -> BinaryIO:
        """The object, open for reading. Raises NotFound if there is none."""
        try:
            return self.path(key).open("rb")
        except FileNotFoundError as error:
            raise NotFound("The object is not in the store", code="OBJECT_MISSING") from error

    def path(self, key: str) -> Path:
        """The object's file; whether it is there is not asked."""
        return self._root / check_key(key)

    def exists(self, key: str) -> bool:
        return self.path(key).is_file()

    def sweep_staged(self, *, older_than_s: float) -> int:
        """Remove what a crash left half written; how many files."""
        oldest = time.time() - older_than_s
        litter = [path for path in self._incoming.glob("*") if _modified(path) < oldest]
        for path in litter:
            path.unlink(missing_ok=True)
        return len(litter)

    def ensure_folder(self, folder: Path) -> None:
        """Make a folder and all above it, each durable in its parent; once a process."""
        if folder in self._made:
            return
        if not folder.is_dir():
            if folder != self._root:
                self.ensure_folder(folder.parent)
            folder.mkdir(parents=folder == self._root, exist_ok=True)
        _sync_folder(folder.parent)
        self._made.add(folder)


class StagedFile:
    """A file being written, digested on the way."""

    def __init__(self, storage: FileSystemStorage, handle: int, path: Path) -> None:
        self.size_bytes = 0
        self._storage = storage
        self._handle = handle
        self._path = path
        self._digest = hashlib.sha256()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes. Raises Unavailable if the disk is full."""
        view = memoryview(data)
        self._digest.update(view)
        self.size_bytes += view.nbytes
        with _failures_told():
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
        target = self._storage.path(key)
        with _failures_told():
            os.fchmod(self._handle, 0o640)
            os.fsync(self._handle)
            self._storage.ensure_folder(target.parent)
            self._path.rename(target)
            _sync_folder(target.parent)
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


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # committed meanwhile
        return float("inf")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _failures_told() -> Iterator[None]:
    """Turn what the operating system refuses into our words; a full disk is a reason to try later."""
    try:
        yield
    except OSError as error:
        code = "STORAGE_FULL" if error.errno in _NO_SPACE else "STORAGE_FAILED"
        raise Unavailable("The object store cannot take the object now", code=code) from error
