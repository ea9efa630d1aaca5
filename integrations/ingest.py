"""The one door for objects: check, store, index; and keep what is refused.

An edge makes a `Sender` for each peer that sends, has it `receive` each object, and closes it at the end.
`Reception.finish` returns once the object is durable and indexed. An edge that need not answer for an object before the
next one comes has it `begin` first.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable
from functools import partial

import structlog
from django.conf import settings
from django.db import DatabaseError

from accounts.actors import Actor
from accounts.models import Site
from archive.storage.admission import admit
from archive.storage.backends import StagedObject, StoredObject, default_storage
from archive.storage.objects import open_writer
from archive.storage.rows import record_loose
from archive.storage.writing import ObjectWriter
from archive.studies.elements import SERIES_INSTANCE_UID, STUDY_INSTANCE_UID
from archive.studies.header import SOP_CLASS_UID, SOP_INSTANCE_UID, Header
from archive.studies.received import ReceivedObject, checked_header, inspect
from archive.studies.services import StoredOutcome, begin_storing, reject_object
from common.errors import InvalidInput, ServiceError
from common.uids import is_uid_lenient

log = structlog.get_logger(__name__)

BUFFERED_AT_MOST = 8 << 20  # a larger object goes by way of a file
_SPARE = (1 << 20) + 64  # the largest fragment, and a little that is read along with it


class ObjectBuffer:
    """Memory for one object at a time: pages that were never needed are never there."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, BUFFERED_AT_MOST + _SPARE)
        self.view = memoryview(self.memory)

    def scratch(self, count: int) -> memoryview:
        """Room for bytes that nobody wants."""
        return self.view[:count]

    def close(self) -> None:
        """Give the memory back now: who held it may be garbage that is collected much later."""
        self.view.release()
        with contextlib.suppress(BufferError):  # a part of it is still in somebody's hands
            self.memory.close()


class Sender:
    """A peer whose site is known, and what its objects go through: one after the other, by one thread."""

    def __init__(self, *, site: Site, calling_ae_title: str, actor: Actor) -> None:
        self.site, self.calling_ae_title, self.actor = site, calling_ae_title, actor
        self._buffer: ObjectBuffer | None = None
        self._writer: ObjectWriter | None = None

    @property
    def buffer(self) -> ObjectBuffer:
        if self._buffer is None:
            self._buffer = ObjectBuffer()
        return self._buffer

    @property
    def writer(self) -> ObjectWriter:
        if self._writer is None:
            self._writer = open_writer(self.site)
        return self._writer

    def receive(
        self, *, head: bytes, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> Reception:
        """A reception for the next object; `head` is what its stored bytes begin with."""
        return Reception(
            self,
            self.buffer,
            head=head,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )

    def rest(self) -> None:
        """Seal what has come so far; more may follow."""
        if self._writer is not None:
            self._writer.close()

    def close(self) -> None:
        """Seal all, and take nothing more."""
        try:
            self.rest()
        finally:
            if self._buffer is not None:
                self._buffer.close()
                self._buffer = None


class Reception:
    """One object on its way in.

    `sop_class_uid` and `sop_instance_uid` are what the peer says it sends; the object must agree, unless the
    peer says nothing. A disk that fails while bytes come in is told at the end, so that the edge can take the
    message off the wire.
    """

    def __init__(
        self,
        sender: Sender,
        buffer: ObjectBuffer,
        *,
        head: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
    ) -> None:
        self._sender, self._buffer = sender, buffer
        self._offset, self._filled = len(head), len(head)
        self._buffer.view[: len(head)] = head
        self._claimed = (sop_class_uid, sop_instance_uid)
        self._transfer_syntax_uid = transfer_syntax_uid
        self._failure: ServiceError | None = None
        self._staged: StagedObject | None = None

    def room(self, count: int) -> memoryview:
        """Where the next `count` bytes go."""
        if self._filled + count > BUFFERED_AT_MOST + _SPARE:
            self._spill()
        return self._buffer.view[self._filled : self._filled + count]

    def took(self, count: int) -> None:
        """So many bytes have come."""
        self._filled += count

    def finish(self) -> StoredOutcome:
        """Make the object durable and index it, both at once.

        Raises  ServiceError with the reason of refusal, after the object was kept for a person to look at.
        """
        return self.begin()()

    def begin(self) -> Callable[[], StoredOutcome]:
        """Have the disk and the database begin; what is returned does the rest of `finish`, and each raises as it does.

        Until that was called, nothing else of this sender is begun, and the connection to the database serves nothing
        else; another object may come into another buffer.
        """
        stored: StoredObject | None = None
        try:
            if self._staged is not None:
                self._spill()
            if self._failure is not None:
                raise self._failure
            header = self._checked()
            stored = self._store(header)
            return partial(self._end, header, stored, self._begin_index(header, stored))
        except BaseException as error:
            self._give_up(error, stored)
            raise

    def _end(
        self, header: Header, stored: StoredObject, indexed: Callable[[], StoredOutcome]
    ) -> StoredOutcome:
        try:
            outcome = self._indexed(indexed, stored)
        except BaseException as error:
            self._give_up(error, stored)
            raise
        self.discard()
        if outcome.is_duplicate:
            self._sender.writer.withdraw(stored)
        elif self._staged is not None:
            self._record_loose(header, stored)
        return outcome

    def _give_up(self, error: BaseException, stored: StoredObject | None) -> None:
        try:
            if isinstance(error, ServiceError):
                self._keep_refused(error, stored)
        finally:
            self.discard()

    def discard(self) -> None:
        """Forget an object whose sender went away."""
        if self._staged is not None:
            self._staged.discard()

    def _spill(self) -> None:
        """Move what is in memory to a file; a failure is kept for `finish`."""
        try:
            if self._failure is None:
                if self._staged is None:
                    self._staged = default_storage().stage()
                self._staged.write(self._buffer.view[: self._filled])
                if self._staged.size_bytes > settings.DICOM_LARGEST_OBJECT_MIB << 20:
                    raise InvalidInput("The object is larger than any that is taken", code="OBJECT_TOO_LARGE")
        except ServiceError as error:
            self._failure = error
        self._filled = 0

    def _store(self, header: Header) -> StoredObject:
        if self._staged is not None:
            admit(self._sender.site, self._staged.size_bytes)
            return self._staged.commit()
        return self._sender.writer.put(
            [self._buffer.view[: self._filled]],
            study_instance_uid=header.text(STUDY_INSTANCE_UID),
            series_instance_uid=header.text(SERIES_INSTANCE_UID),
        )

    def _begin_index(self, header: Header, stored: StoredObject) -> Callable[[], StoredOutcome]:
        """Have the row written beside the bytes."""
        try:
            return begin_storing(
                ReceivedObject(header, self._transfer_syntax_uid, stored),
                site=self._sender.site,
                calling_ae_title=self._sender.calling_ae_title,
                actor=self._sender.actor,
                is_sending=True,
                flush=self._flush,
            )
        except BaseException:
            self._flush(stored)
            raise

    def _indexed(self, indexed: Callable[[], StoredOutcome], stored: StoredObject) -> StoredOutcome:
        """The row and the bytes there; when this ends, nobody reads from the buffer any more."""
        try:
            return indexed()
        finally:
            self._flush(stored)

    def _flush(self, stored: StoredObject) -> None:
        """Have the bytes on the disk; a file of its own is there already."""
        if self._staged is None:
            self._sender.writer.flush(stored)

    def _record_loose(self, header: Header, stored: StoredObject) -> None:
        """Give an object that was stored by itself its rows; where that fails, a duty does it later."""
        try:
            record_loose(
                default_storage(),
                stored,
                site_pk=self._sender.site.pk,
                study_instance_uid=header.text(STUDY_INSTANCE_UID),
                series_instance_uid=header.text(SERIES_INSTANCE_UID),
            )
        except DatabaseError as error:
            log.warning("object.not_recorded", key=stored.key, code=type(error).__name__)

    def _checked(self) -> Header:
        if not is_uid_lenient(self._transfer_syntax_uid):
            raise InvalidInput("The transfer syntax is not a UID", code="SOP_MISMATCH")
        syntax = self._transfer_syntax_uid
        if self._staged is not None:
            header = inspect(self._staged.path(), offset=self._offset, transfer_syntax_uid=syntax)
        else:
            header = checked_header(
                self._buffer.memory, offset=self._offset, end=self._filled, transfer_syntax_uid=syntax
            )
        found = (header.text(SOP_CLASS_UID), header.text(SOP_INSTANCE_UID))
        if not any(self._claimed):
            self._claimed = found
        if found != self._claimed:
            raise InvalidInput(
                "SOP Class or Instance UID of the object and of the request differ", code="SOP_MISMATCH"
            )
        return header

    def _keep_refused(self, error: ServiceError, stored: StoredObject | None) -> None:
        """Write down a refusal; one that will be tried again is only logged."""
        log.warning("object.refused", code=error.code, calling_ae_title=self._sender.calling_ae_title)
        if not error.permanent:
            return
        if stored is not None and self._staged is None:
            self._sender.writer.withdraw(stored)
            stored = None
        reject_object(
            error,
            site=self._sender.site,
            calling_ae_title=self._sender.calling_ae_title,
            sop_class_uid=self._claimed[0],
            sop_instance_uid=self._claimed[1],
            stored=stored or self._kept(),
            actor=self._sender.actor,
        )

    def _kept(self) -> StoredObject | None:
        """The bytes of an object that was refused, by themselves; None if there is no room for them either."""
        try:
            if self._staged is not None:
                return None if self._failure is not None else self._staged.commit()
            staged = default_storage().stage()
            try:
                staged.write(self._buffer.view[: self._filled])
                return staged.commit()
            finally:
                staged.discard()
        except ServiceError as error:
            log.warning("object.not_kept", code=error.code)
            return None
