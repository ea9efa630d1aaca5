"""One object as a whole and in memory, for what reads all of it: documents, presentation states, de-identification."""

from __future__ import annotations

from archive.storage.objects import read_object
from archive.studies.outgoing import coerced
from archive.studies.selectors import with_stored
from integrations.dicomweb.retrieve.subjects import Subject


def whole_object(subject: Subject) -> bytes:
    """The stored Part 10 object as it leaves, looked up again where it moved since its row was read.

    Raises  NotFound if the bytes are gone; Unavailable; InvalidInput as `coerced`.
    """
    return coerced(with_stored(subject, read_object), subject.identity)
