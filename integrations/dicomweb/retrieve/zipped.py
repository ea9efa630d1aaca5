"""A zip file written while it is sent: Part 10 files by series, stored and not compressed again.

Reference  PS3.18 §8.7.3.2 (application/zip), §10.4.1.1 (objects named by their UIDs)
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator

from integrations.dicomweb.retrieve.subjects import Subject

_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Outlet(io.RawIOBase):
    """Takes what zipfile writes until it is fetched."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def fetched(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def zip_stream(objects: Iterable[tuple[Subject, bytes]]) -> Iterator[bytes]:
    """The zip file of these objects, one of them in memory at a time."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as archive:
        for subject, data in objects:
            name = f"{subject.series_instance_uid}/{subject.sop_instance_uid}.dcm"
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
            yield outlet.fetched()
    yield outlet.fetched()
