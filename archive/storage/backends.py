"""The stores that URLs name; the default one is where new bytes go.

file:///var/lib/consilium/objects
s3://bucket/folder?endpoint=http://host:port&region=name
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from archive.storage.volumes.base import Store
from archive.storage.volumes.local import FileSystemStore
from archive.storage.volumes.s3 import S3Store
from archive.storage.writing import StagedObject, StoredObject
from common.errors import InvalidInput

__all__ = ["StagedObject", "StoredObject", "default_storage", "store_at", "sweep_staged"]

STAGED_AT_MOST_S = 24 * 3600.0

_opened: dict[str, Store] = {}


def default_storage() -> Store:
    """The store that STORAGE_URL names, as the setting stands now.

    Raises  InvalidInput for a kind of store this build does not speak.
    """
    return store_at(str(settings.STORAGE_URL))


def store_at(url: str) -> Store:
    """The store a URL names; one of each a process.

    Raises  InvalidInput for a kind of store this build does not speak.
    """
    store = _opened.get(url)
    if store is None:
        store = _opened[url] = _open(url)
    return store


def sweep_staged() -> int:
    """The duty that removes staged files no process can still be writing."""
    return default_storage().sweep_staged(older_than_s=STAGED_AT_MOST_S)


def _open(url: str) -> Store:
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FileSystemStore(Path(unquote(parts.path)), url)
    if parts.scheme == "s3":
        return S3Store(url)
    raise InvalidInput(
        f"STORAGE_URL names a {parts.scheme or 'nameless'} store; file:// and s3:// are supported",
        code="STORAGE_UNSUPPORTED",
    )
