"""Files put into a case: checked for what they are, kept, and given out by the case's rights.

Where the bytes lie is another package's business: it registers a `FileKeeper`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, BinaryIO, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.audit import record_audit
from accounts.models import Person
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, NotPermitted, Unavailable
from events.services import publish
from events.tracing import trace
from workflows.models import Attachment, ProcessInstance, UserTask
from workflows.people.file_kinds import kind_of
from workflows.selectors import visible_cases

MAX_BYTES = 25_000_000
MOST_FILES = 100


class FileKeeper(Protocol):
    """A place for bytes. Every method raises Unavailable when it does not answer."""

    def keep(self, data: bytes) -> str:
        """Where the bytes lie, durable when this returns: a place of their own."""
        ...

    def open(self, location: str) -> BinaryIO:
        """The bytes, for reading. Raises NotFound."""
        ...

    def remove(self, location: str) -> None:
        """Let go of the bytes; nothing happens where they are gone already."""
        ...


_keeper: FileKeeper | None = None


def use_keeper(keeper: FileKeeper | None) -> None:
    """Have files kept there."""
    global _keeper  # noqa: PLW0603 - one store a process
    _keeper = keeper


def attach(
    case: ProcessInstance, *, person: Person, name: str, data: bytes, task: UserTask | None = None
) -> Attachment:
    """Put a file into a case.

    Raises  NotFound for who may not see the case; Conflict if it has ended or is full; InvalidInput with a
            sentence for `file` if it is too large, empty, or not of a kind that is accepted; Unavailable.
    """
    if not visible_cases(person).filter(pk=case.pk).exists():
        raise NotFound(_("There is no such case."))
    if case.status != ProcessInstance.Status.RUNNING:
        raise Conflict(_("This case has ended."), code="CASE_ENDED")
    name = _clean_name(name)
    content_type = _checked(name, data)
    if Attachment.objects.filter(instance=case, removed_at=None).count() >= MOST_FILES:
        raise Conflict(_("This case holds as many files as a case may."), code="CASE_FULL")
    with _kept(data) as location, transaction.atomic(), trace(case.trace_id):
        made = Attachment.objects.create(
            instance=case, task=task, name=name, content_type=content_type, size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(), location=location, added_by=person, added_at=clock.now(),
        )  # fmt: skip
        _record(person, "attachment.added", made, size_bytes=len(data), content_type=content_type)
    return made


@contextmanager
def _kept(data: bytes) -> Iterator[str]:
    """Where the bytes lie; they are let go of again if no row comes to name them."""
    location, is_named = _place().keep(data), False
    try:
        yield location
        is_named = True
    finally:
        if not is_named:
            _place().remove(location)


def open_attachment(attachment: Attachment, *, person: Person) -> BinaryIO:
    """The bytes of a file that `visible_attachments` gave; the reading is written to the trail."""
    if attachment.removed_at is not None:
        raise NotFound(_("This file was removed."), code="ATTACHMENT_REMOVED")
    stream = _place().open(attachment.location)
    _record(person, "attachment.read", attachment)
    return stream


def remove_attachment(attachment: Attachment, *, person: Person) -> None:
    """Take a file out of a case again, while the case runs and if one put it there oneself.

    Raises  NotPermitted for somebody else's file; Conflict if the case has ended or it is removed already.
    """
    with transaction.atomic(), trace(attachment.instance.trace_id):
        row = Attachment.objects.select_for_update().get(pk=attachment.pk)
        if row.added_by_id != person.pk:
            raise NotPermitted(_("Only who added a file removes it."))
        if row.removed_at is not None or attachment.instance.status != ProcessInstance.Status.RUNNING:
            raise Conflict(_("This file can no longer be removed."), code="ATTACHMENT_KEPT")
        row.removed_at = clock.now()
        row.save(update_fields=["removed_at"])
        _record(person, "attachment.removed", attachment)
        transaction.on_commit(lambda: _place().remove(row.location), robust=True)


def visible_attachments(person: Person) -> QuerySet[Attachment]:
    """The files of the cases a person may see."""
    return (
        Attachment.objects.filter(instance__in=visible_cases(person))
        .select_related("instance__site", "added_by", "task")
        .defer("instance__state")
    )


def attachments_of(case: ProcessInstance) -> QuerySet[Attachment]:
    """The files in a case, in the order they came."""
    return (
        Attachment.objects.filter(instance=case, removed_at=None)
        .select_related("added_by")
        .order_by("added_at", "uid")
    )


def _checked(name: str, data: bytes) -> str:
    """The content type of a file that is accepted, by what its bytes are."""
    if not data:
        raise _refused(_("This file is empty."))
    if len(data) > MAX_BYTES:
        raise _refused(_("A file has at most %(limit)s MB.") % {"limit": MAX_BYTES // 1_000_000})
    content_type = kind_of(name, data)
    if content_type is None:
        raise _refused(
            _("This is no PDF, JPEG, PNG, TIFF, text, CSV, Word or Excel file, or not what its name says.")
        )
    return content_type


def _clean_name(name: str) -> str:
    """A file's own name: no path, no control characters, not longer than is shown."""
    plain = PurePath(name.replace("\\", "/")).name
    printable = "".join(char for char in plain if char.isprintable()).strip(". ")
    if len(printable) > 200:
        suffix = PurePath(printable).suffix[:10]
        printable = printable[: 200 - len(suffix)] + suffix
    return printable or "file"


def _refused(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, code="FILE_REFUSED", fields={"file": sentence})


def _place() -> FileKeeper:
    if _keeper is None:
        raise Unavailable("There is no place for files", code="NO_FILE_KEEPER")
    return _keeper


def _record(person: Person, action: str, attachment: Attachment, **detail: Any) -> None:
    """A line of the trail, and for what changes the case's files the news of it."""
    case = attachment.instance
    record_audit(
        person, action, object_kind="attachment", object_uid=str(attachment.uid), site_code=case.site.code,
        case=str(case.uid), **detail,
    )  # fmt: skip
    if action != "attachment.read":
        publish("CaseFilesChanged", {"attachment_uid": str(attachment.uid)}, subjects={"case": str(case.uid)})
