"""Part 10 files of one request, on their way through the one door for objects.

Reference  PS3.18 §10.5 (store transaction), PS3.10 §7.1 (file meta information)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from accounts.models import Site
from archive.storage.backends import StoredObject
from archive.studies.header import Header, read_header
from archive.studies.received import PREAMBLE, safe_preamble, split_part10
from archive.studies.services import StoredOutcome, note_sender_done
from common.errors import InvalidInput, NotPermitted, ServiceError
from integrations.dicomweb.multipart_reading import PIECE
from integrations.dicomweb.store.admission import OF_THE_REQUEST, Admission
from integrations.ingest import Reception, Sender

CALLING = "STOW-RS"  # stands where a sender's AE title does
_LARGEST_META = 64 << 10
_BEGINNING = PREAMBLE + 16  # preamble, prefix, and the element that tells how long the rest is
_META_CLASS_UID, _META_INSTANCE_UID = 0x00020002, 0x00020003
_EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_REFUSALS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Stored:
    """An instance that is durable and indexed; `is_coerced`: retrieved, it will name who the index says."""

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
    """Stores the instances of one request, one after the other, each at the site its study belongs to."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._senders: dict[int, Sender] = {}
        self._series: set[str] = set()
        self.refusals_kept = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for sender in self._senders.values():
            sender.close()
        if self._series:
            note_sender_done(self._series)

    def store(self, file: Iterator[memoryview]) -> Stored | Failed:
        """Store a Part 10 file that comes in pieces; what is wrong with it is told of it alone."""
        try:
            head, rest, syntax, claimed = _opened(file)
        except ServiceError as error:
            return Failed(error)
        reception = _FilePart(
            self, self._first, head=head, transfer_syntax_uid=syntax,
            sop_class_uid=claimed[0], sop_instance_uid=claimed[1],
        )  # fmt: skip
        try:
            _pour(rest, reception)
            for piece in file:
                _pour(piece, reception)
        except BaseException:
            reception.discard()
            raise
        try:
            outcome = reception.finish()
        except ServiceError as error:
            return Failed(error, *reception.claimed)
        self._series.add(outcome.series_instance_uid)
        is_coerced = self._admission.is_coerced(outcome.study_instance_uid)
        return Stored(reception.claimed[0], outcome, is_coerced)

    def sender_for(self, header: Header) -> Sender:
        """Who stores this object. Raises  NotPermitted, InvalidInput."""
        return self._sender_at(self._admission.site_of(header))

    @property
    def _first(self) -> Sender:
        """Any sender of this request: it lends its memory until the object's study is known."""
        return next(iter(self._senders.values()), None) or self._sender_at(self._admission.home)

    def _sender_at(self, site: Site) -> Sender:
        if site.pk not in self._senders:
            actor = self._admission.actor
            self._senders[site.pk] = Sender(site=site, calling_ae_title=CALLING, actor=actor)
        return self._senders[site.pk]


class _FilePart(Reception):
    """One file on its way in: where it goes is known once its header is."""

    def __init__(
        self,
        intake: Intake,
        sender: Sender,
        *,
        head: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
    ) -> None:
        super().__init__(
            sender, head=head, sop_class_uid=sop_class_uid, sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )  # fmt: skip
        self._intake = intake

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


def _opened(file: Iterator[memoryview]) -> tuple[bytes, memoryview, str, tuple[str, str]]:
    """What the stored file begins with, what has come of its data set, its syntax, and the UIDs it claims.

    Raises  InvalidInput if it is no Part 10 file.
    """
    start = b""
    end = _BEGINNING
    while len(start) < end:
        piece = next(file, None)
        if piece is None:
            break
        start += piece
        if len(start) >= _BEGINNING:
            end = _BEGINNING + int.from_bytes(start[_BEGINNING - 4 : _BEGINNING], "little")
            if end > _LARGEST_META:
                raise InvalidInput("This is not a DICOM Part 10 file", code="NOT_PART10")
    syntax, end = split_part10(start)
    meta = read_header(
        start, offset=PREAMBLE + 4, end=end, transfer_syntax_uid=_EXPLICIT_LITTLE,
        wanted=frozenset([_META_CLASS_UID, _META_INSTANCE_UID]),
    )  # fmt: skip
    claimed = meta.text(_META_CLASS_UID), meta.text(_META_INSTANCE_UID)
    head = safe_preamble(start) + start[PREAMBLE:end]
    return head, memoryview(start)[end:], syntax, claimed if all(claimed) else ("", "")


def _pour(data: memoryview, reception: Reception) -> None:
    for at in range(0, len(data), PIECE):
        piece = data[at : at + PIECE]
        reception.room(len(piece))[:] = piece
        reception.took(len(piece))
