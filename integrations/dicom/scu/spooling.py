"""Objects that come over an association we opened, held in a file from some size on and not in memory.

pynetdicom gathers a C-STORE request's data set in memory, however large it is. Its own way to disk is a switch for
the whole process; here it is one association's.

Reference  PS3.7 §9.1.1 (C-STORE), PS3.8 §E.1 (fragments)
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.pdu_primitives import P_DATA

IN_MEMORY_AT_MOST = 4 << 20
_PIECE = 1 << 20


class SpooledDataSet(io.BytesIO):
    """A data set on its way in. Beyond `largest_bytes` no byte is kept but the one that shows it is too large."""

    def __init__(self, begun: bytes, *, largest_bytes: int) -> None:
        super().__init__()
        self._file: IO[bytes] | None = None
        self._largest, self.size = largest_bytes, 0
        self.write(begun)

    def write(self, data: Any, /) -> int:
        kept = memoryview(data)[: max(self._largest + 1 - self.size, 0)]
        self.size += len(kept)
        if self._file is None and self.size > IN_MEMORY_AT_MOST:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the data set
            self._file.write(self.getbuffer())
            self.seek(0)
            self.truncate()
        if self._file is None:
            super().write(kept)
        else:
            self._file.write(kept)
        return len(data)

    @property
    def is_in_memory(self) -> bool:
        return self._file is None

    def pieces(self) -> Iterator[bytes]:
        """What came, from its beginning, a piece at a time."""
        source: IO[bytes] = self if self._file is None else self._file
        source.seek(0)
        while piece := source.read(_PIECE):
            yield piece

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


class SpoolingProvider(DIMSEServiceProvider):
    """Makes messages of fragments as pynetdicom does, but for where data sets to be stored go."""

    largest_bytes: int

    def receive_primitive(self, primitive: P_DATA) -> None:
        super().receive_primitive(primitive)
        message = self.message
        if isinstance(message, C_STORE_RQ) and not isinstance(message.data_set, SpooledDataSet):
            begun = message.data_set.getvalue() if isinstance(message.data_set, io.BytesIO) else b""
            message.data_set = SpooledDataSet(begun, largest_bytes=self.largest_bytes)


@contextlib.contextmanager
def spooled(assoc: Association, *, largest_bytes: int) -> Iterator[None]:
    """Have objects that come over the association in files, as long as it lasts."""
    provider: Any = assoc.dimse
    usual = provider.__class__
    provider.largest_bytes = largest_bytes
    provider.__class__ = SpoolingProvider
    try:
        yield
    finally:
        provider.__class__ = usual
