"""Part 10 files of one request, on their way through the one door for objects.

Reference  PS3.18 §10.5 (store transaction), PS3.10 §7.1 (file meta information)
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from accounts.models import Site
from archive.storage.backends import StoredObject
from archive.studies.header import Header
from archive.studies.services import StoredOutcome, note_sender_done
from common.errors import NotPermitted, ServiceError
from integrations.dicomweb.multipart_reading import PIECE
from integrations.dicomweb.store.admission import OF_THE_REQUEST, Admission
from integrations.dicomweb.store.file_meta import Opening, opening_of
from integrations.ingest import ObjectBuffer, Reception, Sender

CALLING = "STOW-RS"  # stands where a sender's AE title does
_REFUSALS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is durable and indexed.

    `is_coerced`: retrieved, it will name who the index says, or its file meta information had to be put right.
    """

    sop_class_uid: str
    outcome: StoredOutcome
    is_coerced: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An instance that was not stored, as far as it could be told which."""

    error: ServiceError
    sop_class_uid: str = ""
    sop_instance_uid: str = ""

    def __post_init__(self) -> None:
        """Let go of where the error came from: its frames hold what came of the object, a megabyte or more."""
        self.error.__traceback__ = self.error.__cause__ = self.error.__context__ = None


class Intake:
    """Stores the instances of one request, one after the other, each at the site its study belongs to.

    While disk and database are at work on one, the next one comes. `tell` hears of each, in their order, and of all
    when the block ends.
    """

    def __init__(self, admission: Admission, tell: Callable[[Stored | Failed], None]) -> None:
        self._admission, self._tell = admission, tell
        self._senders: dict[int, Sender] = {}
        self._buffers = (ObjectBuffer(), ObjectBuffer())
        self._last: _Begun | None = None
        self._series: set[str] = set()
        self.refusals_kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ending:
            for buffer in self._buffers:
                ending.callback(buffer.close)
            for sender in self._senders.values():
                ending.callback(sender.close)
            self._finish_last()
        if self._series:
            note_sender_done(self._series)

    def store(self, file: Iterator[memoryview]) -> None:
        """Store a Part 10 file that comes in pieces; what is wrong with it is told of it alone."""
        try:
            opening = opening_of(file)
        except ServiceError as error:
            self.refuse(error)
            return
        reception = _FilePart(self, self._any_sender, self._free_buffer, opening)
        try:
            _pour(opening.rest, reception)
            for piece in file:
                _pour(piece, reception)
        except BaseException:
            reception.discard()
            raise
        self._finish_last()
        try:
            self._last = _Begun(reception, reception.begin())
        except ServiceError as error:
            self._tell(Failed(error, *reception.claimed))

    def refuse(self, error: ServiceError, sop_class_uid: str = "", sop_instance_uid: str = "") -> None:
        """Tell of an instance that was not so much as begun to be stored."""
        self._finish_last()
        self._tell(Failed(error, sop_class_uid, sop_instance_uid))

    def sender_for(self, header: Header) -> Sender:
        """Who stores this object. Raises  NotPermitted, InvalidInput."""
        return self._sender_at(self._admission.site_of(header))

    def _finish_last(self) -> None:
        last, self._last = self._last, None
        if last is None:
            return
        file = last.file
        try:
            outcome = last.finish()
        except ServiceError as error:
            self._tell(Failed(error, *file.claimed))
            return
        self._series.add(outcome.series_instance_uid)
        is_coerced = file.is_mended or self._admission.is_coerced(outcome.study_instance_uid)
        self._tell(Stored(file.claimed[0], outcome, is_coerced))

    @property
    def _any_sender(self) -> Sender:
        """One that stands in until the object's study is known."""
        return next(iter(self._senders.values()), None) or self._sender_at(self._admission.home)

    @property
    def _free_buffer(self) -> ObjectBuffer:
        """The one that the last object does not lie in."""
        first, second = self._buffers
        return second if self._last is not None and self._last.file.buffer is first else first

    def _sender_at(self, site: Site) -> Sender:
        if site.pk not in self._senders:
            actor = self._admission.actor
            self._senders[site.pk] = Sender(site=site, calling_ae_title=CALLING, actor=actor)
        return self._senders[site.pk]


class _FilePart(Reception):
    """One file on its way in: where it goes is known once its header is."""

    def __init__(self, intake: Intake, sender: Sender, buffer: ObjectBuffer, opening: Opening) -> None:
        super().__init__(
            sender, buffer, head=opening.head, sop_class_uid=opening.claimed[0],
            sop_instance_uid=opening.claimed[1], transfer_syntax_uid=opening.transfer_syntax_uid,
        )  # fmt: skip
        self._intake = intake
        self.buffer, self.is_mended = buffer, opening.is_mended

    @property
    def claimed(self) -> tuple[str, str]:
        """SOP Class and Instance UID, as far as they are known."""
        return self._claimed

    def _checked(self) -> Header:
        header = super()._checked()
        self._sender = self._intake.sender_for(header)
        return header

    def _keep_refused(self, error: ServiceError, stored: StoredObject | None) -> None:
        """Keep what is wrong with the object itself, up to so many of one request: nobody fills the disk so."""
        is_of_request = isinstance(error, NotPermitted) or error.code in OF_THE_REQUEST
        if stored is None and (is_of_request or self._intake.refusals_kept >= _REFUSALS_KEPT):
            return
        self._intake.refusals_kept += 1
        super()._keep_refused(error, stored)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file that has come; `finish` waits until it is durable and indexed."""

    file: _FilePart
    finish: Callable[[], StoredOutcome]


def _pour(data: memoryview, reception: Reception) -> None:
    for at in range(0, len(data), PIECE):
        piece = data[at : at + PIECE]
        reception.room(len(piece))[:] = piece
        reception.took(len(piece))
