"""A C-FIND client that costs next to nothing, so that what is measured is the server; and the keys it asks by."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from integrations.dicom import dimse
from integrations.dicom.scu.find import STUDY_ROOT_FIND, study_query
from integrations.dicom.scu.wire import CallingSocket

CONTEXTS = [build_context(STUDY_ROOT_FIND, ImplicitVRLittleEndian)]
ASKED = {
    "PatientName": "", "PatientID": "", "StudyInstanceUID": "", "StudyDate": "", "StudyTime": "",
    "AccessionNumber": "", "StudyDescription": "",
}  # fmt: skip


def identifier(**keys: str) -> bytes:
    """A study level identifier with these keys to match by, beside what is asked for."""
    query: Dataset = study_query(**(ASKED | keys))
    out = DicomBytesIO()
    out.is_little_endian = out.is_implicit_VR = True
    write_dataset(out, query)
    return bytes(out.getvalue())


def timed_find(assoc: Association, encoded: bytes) -> tuple[float, int]:
    """Seconds from the request to the last response, and how many matches came."""
    (context,) = assoc.accepted_contexts
    command = dimse.command_set(
        [
            (dimse.AFFECTED_CLASS, dimse.ui(STUDY_ROOT_FIND)), (dimse.COMMAND_FIELD, dimse.us(0x0020)),
            (dimse.MESSAGE_ID, dimse.us(1)), (dimse.PRIORITY, dimse.us(0)),
            (dimse.DATA_SET_TYPE, dimse.us(dimse.HAS_DATA_SET)),
        ]
    )  # fmt: skip
    number = context.context_id or 0
    request = dimse.pdus(number, command, is_command=True, fragment=16000)
    request += dimse.pdus(number, encoded, is_command=False, fragment=16000)
    wire = assoc.dul.socket
    assert isinstance(wire, CallingSocket)
    began = time.perf_counter()
    with wire.lent() as connection:
        connection.sendall(b"".join(request))
        matches = _Responses(connection).count()
    assoc.dul._idle_timer.restart()  # noqa: SLF001
    return time.perf_counter() - began, matches


class _Responses:
    def __init__(self, connection: object) -> None:
        self._read, self._held = connection.recv, b""  # type: ignore[attr-defined]

    def count(self) -> int:
        """The pending responses up to the last one."""
        pending, command = 0, b""
        while True:
            kind, length = struct.unpack(">BxL", self._take(6))
            assert kind == dimse.P_DATA_TF, "the server has ended the association"
            body = self._take(length)
            at = 0
            while at < length:
                size = int.from_bytes(body[at : at + 4], "big")
                if body[at + 5] & dimse.COMMAND:
                    command += body[at + 6 : at + 4 + size]
                    if body[at + 5] & dimse.LAST:
                        status = dimse.short(dimse.elements_of(command), dimse.STATUS)
                        command = b""
                        if status not in {0xFF00, 0xFF01}:
                            assert status == 0, f"status 0x{status:04X}"
                            return pending
                        pending += 1
                at += 4 + size

    def _take(self, count: int) -> bytes:
        while len(self._held) < count:
            piece = self._read(1 << 16)
            assert piece, "the server has closed the connection"
            self._held += piece
        taken, self._held = self._held[:count], self._held[count:]
        return taken


def labelled(queries: Mapping[str, dict[str, str]]) -> dict[str, bytes]:
    """The identifiers of named queries."""
    return {name: identifier(**keys) for name, keys in queries.items()}
