"""Files of cases lie in the object store, in a folder of their own beside the archive's objects.

The archive's duties look after volumes and the keys they know; they never come into this folder.
"""

from __future__ import annotations

from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from archive.storage.backends import store_at
from archive.storage.keys import ObjectKey, check_segment_key, new_segment_key
from archive.storage.volumes.base import Store
from workflows.people.attachments import use_keeper

FOLDER = "case-files"


class CaseFiles:
    """Each file under a key of its own, so that to remove one never touches another."""

    def keep(self, data: bytes) -> str:
        key = new_segment_key()
        inflow = _store().inflow(key)
        inflow.append(data)
        inflow.finish()
        return key

    def open(self, location: str) -> BinaryIO:
        return _store().open(ObjectKey(check_segment_key(location)))

    def remove(self, location: str) -> None:
        _store().remove(location)


def register() -> None:
    use_keeper(CaseFiles())


def _store() -> Store:
    parts = urlsplit(str(settings.STORAGE_URL))
    return store_at(urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{FOLDER}")))
