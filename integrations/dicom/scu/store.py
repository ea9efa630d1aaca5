"""Sending stored objects by C-STORE exactly as they are: no transcoding, no parsing of the data set.

Reference  PS3.4 §B.2
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.filereader import read_file_meta_info
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import PresentationContext, build_context

from common.errors import InvalidInput, Unavailable
from integrations.dicom.scu.association import MAXIMUM_CONTEXTS

_HEAD = 132 + 12


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A Part 10 file to be sent: what its meta information says, and where its data set starts."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    offset: int

    @property
    def context(self) -> tuple[str, str]:
        return self.sop_class_uid, self.transfer_syntax_uid


def stored_file(path: Path) -> StoredFile:
    """The file with its meta information. Raises InvalidInput if it has none that could be sent by."""
    try:
        meta = read_file_meta_info(path)
        return StoredFile(
            path,
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
            _HEAD + int(meta.FileMetaInformationGroupLength),
        )
    except Exception as error:
        raise InvalidInput("The file has no usable meta information", code="NOT_PART10") from error


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


def contexts_for(files: Sequence[StoredFile]) -> list[PresentationContext]:
    """One presentation context for each SOP class and transfer syntax among the files.

    Raises  InvalidInput if there are more than one association may propose (PS3.8 §9.3.2.2).
    """
    wanted = sorted({file.context for file in files})
    if len(wanted) > MAXIMUM_CONTEXTS:
        raise InvalidInput("Too many SOP classes and transfer syntaxes at once", code="TOO_MANY_CONTEXTS")
    return [build_context(sop_class, syntax) for sop_class, syntax in wanted]


class StorageSCU:
    """Sends objects over one association that was opened with `contexts_for` them."""

    def __init__(self, assoc: Association) -> None:
        self._assoc = assoc
        self._message_id = 0
        self._contexts = {
            (str(context.abstract_syntax), str(context.transfer_syntax[0])): context.context_id
            for context in assoc.accepted_contexts
        }

    def send(self, file: StoredFile) -> int:
        """Send one object; the status of the peer's answer (0x0122 if it did not accept the context).

        Raises  Unavailable if the association is gone or the peer does not answer: the object counts as
                not sent.
        """
        data_set = file.path.read_bytes()[file.offset :]
        return self.send_encoded(
            data_set,
            sop_class_uid=file.sop_class_uid,
            sop_instance_uid=file.sop_instance_uid,
            transfer_syntax_uid=file.transfer_syntax_uid,
        )

    def send_encoded(
        self, data_set: bytes, *, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
    ) -> int:
        """As `send`, of an encoded data set in memory."""
        context_id = self._contexts.get((sop_class_uid, transfer_syntax_uid))
        if context_id is None:
            return 0x0122
        if not self._assoc.is_established:
            raise Unavailable("The association is gone", code="ASSOCIATION_LOST")
        self._message_id = self._message_id % 65535 + 1
        request = C_STORE()
        request.MessageID = self._message_id
        request.AffectedSOPClassUID = sop_class_uid
        request.AffectedSOPInstanceUID = sop_instance_uid
        request.Priority = 0x0002
        request.DataSet = io.BytesIO(data_set)
        return self._exchange(request, context_id)

    def _exchange(self, request: C_STORE, context_id: int) -> int:
        assoc = self._assoc
        assoc._reactor_checkpoint.clear()  # noqa: SLF001 - as pynetdicom's own send_c_store does
        try:
            while not assoc._is_paused and assoc.is_alive():  # noqa: SLF001
                assoc._reactor_checkpoint.wait(0.001)  # noqa: SLF001
            assoc.dimse.send_msg(request, context_id)
            _, answer = assoc.dimse.get_msg(block=True)
        finally:
            assoc._reactor_checkpoint.set()  # noqa: SLF001
        status: int | None = getattr(answer, "Status", None)
        if status is None:
            raise Unavailable("The peer did not answer", code="ASSOCIATION_LOST")
        return status
