"""Sending stored objects by C-STORE exactly as they are: no parsing of the data set, and no copy of it.

Where the peer does not take the transfer syntax an object is stored in, it is sent in one the peer takes, as
far as that loses nothing (`transcoding.py`).

Reference  PS3.4 §B.2, PS3.7 §9.3.1 (C-STORE)
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from archive.studies.datasets import read_elements
from common.errors import InvalidInput, Unavailable
from integrations.dicom import dimse
from integrations.dicom.scu.association import MAXIMUM_CONTEXTS
from integrations.dicom.scu.channel import Buffer, CallingChannel, Channel
from integrations.dicom.scu.transcoding import UNCOMPRESSED, can_transcode, transcoded

_HEAD = 132 + 12
_CHUNK = 4 << 20
_LARGEST_META = 1 << 16
_NAMING = (
    0x00020002,
    0x00020003,
    0x00020010,
)  # Media Storage SOP Class and Instance UID, Transfer Syntax UID
CONTEXT_NOT_ACCEPTED = 0x0122


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A Part 10 object to be sent: what its meta information says, and where its data set lies in the file.

    `length` is the data set's; None means up to the end of the file.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int
    length: int | None = None

    @property
    def context(self) -> tuple[str, str]:
        return self.sop_class_uid, self.transfer_syntax_uid

    def read(self) -> bytes:
        """The encoded data set."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read() if self.length is None else file.read(self.length)


@dataclass(frozen=True, slots=True)
class Originator:
    """The C-MOVE on whose behalf an object is sent (PS3.7 §9.1.1.1)."""

    ae_title: str
    message_id: int


def stored_file(path: Path) -> StoredFile:
    """The file with its meta information. Raises InvalidInput if it has none that could be sent by."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        start = data_set_offset(head)
        meta = read_elements(file.read(min(start - _HEAD, _LARGEST_META)), is_implicit=False)
    named = {element.tag: element.value.decode("latin-1").strip(" \0") for element in meta}
    if not all(named.get(tag) for tag in _NAMING):
        raise InvalidInput("The file has no usable meta information", code="NOT_PART10")
    sop_class_uid, sop_instance_uid, transfer_syntax_uid = (named[tag] for tag in _NAMING)
    return StoredFile(path, sop_class_uid, sop_instance_uid, transfer_syntax_uid, start)


def stored_files(folder: Path) -> list[StoredFile]:
    """Every Part 10 file below a folder, or the one file named; other files are passed over."""
    paths: Iterable[Path] = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    found = []
    for path in paths:
        if path.is_file():
            try:
                found.append(stored_file(path))
            except InvalidInput:
                continue
    return found


def data_set_offset(head: Buffer) -> int:
    """Where the data set of a Part 10 object starts, told from its first 144 bytes.

    Raises  InvalidInput if it is no Part 10 object.
    """
    if bytes(head[128:136]) != b"DICM\2\0\0\0" or len(head) < _HEAD:
        raise InvalidInput("The object is no Part 10 file", code="NOT_PART10")
    return _HEAD + int.from_bytes(head[_HEAD - 4 : _HEAD], "little")


def contexts_for(files: Sequence[StoredFile], *, with_fallback: bool = False) -> list[PresentationContext]:
    """One presentation context for each SOP class and transfer syntax among the files; see `contexts_of`."""
    return contexts_of({file.context for file in files}, with_fallback=with_fallback)


def contexts_of(
    pairs: Iterable[tuple[str, str]], *, with_fallback: bool = False
) -> list[PresentationContext]:
    """One presentation context for each pair of SOP class and transfer syntax.

    With fallback, and while there is room, one more for each class in the syntaxes that every peer takes.

    Raises  InvalidInput if there are more than one association may propose (PS3.8 §9.3.2.2).
    """
    wanted = sorted(set(pairs))
    if len(wanted) > MAXIMUM_CONTEXTS:
        raise InvalidInput("Too many SOP classes and transfer syntaxes at once", code="TOO_MANY_CONTEXTS")
    contexts = [build_context(sop_class, syntax) for sop_class, syntax in wanted]
    if with_fallback:
        classes = sorted({sop_class for sop_class, _ in wanted})[: MAXIMUM_CONTEXTS - len(wanted)]
        contexts += [build_context(sop_class, list(UNCOMPRESSED)) for sop_class in classes]
    return contexts


class StorageSCU:
    """Sends objects over one association: one we opened with `contexts_for` them, or another `channel`."""

    def __init__(
        self,
        assoc: Association,
        *,
        channel: Channel | None = None,
        accepted: Sequence[PresentationContext] | None = None,
    ) -> None:
        self._channel = CallingChannel(assoc) if channel is None else channel
        self._message_id = 0
        self._buffer = bytearray()
        self._contexts: dict[tuple[str, str], int] = {}
        for context in assoc.accepted_contexts if accepted is None else accepted:
            key = str(context.abstract_syntax), str(context.transfer_syntax[0])
            self._contexts.setdefault(key, context.context_id or 0)

    def send(self, file: StoredFile, *, originator: Originator | None = None) -> int:
        """Send one object; the status of the peer's answer (0x0122 if it takes the object in no form).

        Raises  Unavailable if the association is gone or the peer does not answer: the object counts as
                not sent.
        """
        context_id = self._contexts.get(file.context)
        if context_id is None:
            if self._fallback(file.sop_class_uid, file.transfer_syntax_uid) is None:
                return CONTEXT_NOT_ACCEPTED
            return self.send_encoded(
                file.read(), sop_class_uid=file.sop_class_uid, sop_instance_uid=file.sop_instance_uid,
                transfer_syntax_uid=file.transfer_syntax_uid, originator=originator,
            )  # fmt: skip
        with file.path.open("rb", buffering=0) as opened:
            size = file.length
            if size is None:
                size = os.fstat(opened.fileno()).st_size - file.offset
            chunks = self._chunks(opened.fileno(), file.offset, size)
            return self._exchange(context_id, file.sop_class_uid, file.sop_instance_uid, chunks, originator)

    def send_encoded(
        self, data_set: Buffer, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str,
        originator: Originator | None = None,
    ) -> int:  # fmt: skip
        """As `send`, of an encoded data set in memory."""
        context_id = self._contexts.get((sop_class_uid, transfer_syntax_uid))
        if context_id is None:
            syntax = self._fallback(sop_class_uid, transfer_syntax_uid)
            if syntax is None:
                return CONTEXT_NOT_ACCEPTED
            try:
                data_set = transcoded(bytes(data_set), transfer_syntax_uid, syntax)
            except InvalidInput:
                return CONTEXT_NOT_ACCEPTED
            context_id = self._contexts[sop_class_uid, syntax]
        view = memoryview(data_set)
        return self._exchange(context_id, sop_class_uid, sop_instance_uid, [(view, True)], originator)

    def _fallback(self, sop_class_uid: str, transfer_syntax_uid: str) -> str | None:
        """A transfer syntax the peer takes and the object can be turned into."""
        if not can_transcode(transfer_syntax_uid):
            return None
        return next((syntax for syntax in UNCOMPRESSED if (sop_class_uid, syntax) in self._contexts), None)

    def _chunks(self, handle: int, offset: int, size: int) -> Iterator[tuple[memoryview, bool]]:
        """The bytes of a file in pieces that fill whole PDUs, in one buffer that is used again."""
        fragment = self._channel.fragment
        chunk = min(max(_CHUNK // fragment, 1) * fragment, size + size % 2)
        if len(self._buffer) < chunk:
            self._buffer = bytearray(chunk)
        at = 0
        while at < size:
            view = memoryview(self._buffer)[: min(chunk, size - at)]
            if os.preadv(handle, [view], offset + at) != len(view):
                raise InvalidInput("The stored object is shorter than the index says", code="OBJECT_DAMAGED")
            at += len(view)
            yield view, at >= size

    def _exchange(
        self, context_id: int, sop_class_uid: str, sop_instance_uid: str,
        chunks: Iterable[tuple[memoryview, bool]], originator: Originator | None,
    ) -> int:  # fmt: skip
        self._message_id = self._message_id % 65535 + 1
        command = _request(self._message_id, sop_class_uid, sop_instance_uid, originator)
        fragment = self._channel.fragment
        parts: list[Buffer] = list(dimse.pdus(context_id, command, is_command=True, fragment=fragment))
        has_begun = False
        try:
            for view, is_last in chunks:
                parts += _data_pdus(context_id, view, is_last=is_last, fragment=fragment)
                has_begun = True
                self._channel.send(parts)
                parts = []
        except (InvalidInput, OSError) as error:
            if not has_begun:
                raise
            self._channel.give_up()
            raise Unavailable(
                "The stored object broke off while it was sent", code="ASSOCIATION_LOST"
            ) from error
        return self._channel.status(self._message_id)


def _data_pdus(context_id: int, view: memoryview, *, is_last: bool, fragment: int) -> Iterator[Buffer]:
    """Heads and fragments of a part of a data set; no byte of it is copied."""
    for at in range(0, len(view), fragment):
        piece = view[at : at + fragment]
        ends = is_last and at + fragment >= len(view)
        yield dimse.pdv_head(context_id, dimse.LAST if ends else 0, len(piece))
        yield piece


def _request(
    message_id: int, sop_class_uid: str, sop_instance_uid: str, originator: Originator | None
) -> bytes:
    elements = [
        (dimse.AFFECTED_CLASS, dimse.ui(sop_class_uid)),
        (dimse.COMMAND_FIELD, dimse.us(dimse.C_STORE_RQ)),
        (dimse.MESSAGE_ID, dimse.us(message_id)),
        (dimse.PRIORITY, dimse.us(dimse.MEDIUM)),
        (dimse.DATA_SET_TYPE, dimse.us(dimse.HAS_DATA_SET)),
        (dimse.AFFECTED_INSTANCE, dimse.ui(sop_instance_uid)),
    ]
    if originator is not None:
        elements += [
            (dimse.MOVE_ORIGINATOR, dimse.text(originator.ae_title)),
            (dimse.MOVE_ORIGINATOR_MESSAGE, dimse.us(originator.message_id)),
        ]
    return dimse.command_set(elements)
