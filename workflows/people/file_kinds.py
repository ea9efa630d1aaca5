"""What a file is, told by its bytes; the name has only to agree. Nothing that a browser could run is accepted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

MOST_PARTS = 5000
OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class _Kind:
    content_type: str
    suffixes: tuple[str, ...]
    is_it: Callable[[bytes], bool]


def kind_of(name: str, data: bytes) -> str | None:
    """The content type of an accepted file; None where the bytes are not what the name says."""
    lower = name.lower()
    kind = next((each for each in _KINDS if lower.endswith(each.suffixes)), None)
    return kind.content_type if kind is not None and kind.is_it(data) else None


def _begins(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(marks)


def _is_text(data: bytes) -> bool:
    """UTF-8 without control characters, and nothing that starts like markup."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not text.lstrip().startswith("<") and all(char >= " " or char in "\t\r\n\f" for char in text)


def _is_office(part: str) -> Callable[[bytes], bool]:
    """An Office Open XML package (ECMA-376 Part 2) with this part and without macros."""

    def is_it(data: bytes) -> bool:
        if not data.startswith(b"PK\x03\x04"):
            return False
        try:
            names = zipfile.ZipFile(io.BytesIO(data)).namelist()
        except (zipfile.BadZipFile, ValueError, OSError):
            return False
        has_macros = any(name.lower().endswith("vbaproject.bin") for name in names)
        return len(names) <= MOST_PARTS and part in names and not has_macros

    return is_it


_KINDS = (
    _Kind("application/pdf", (".pdf",), _begins(b"%PDF-")),
    _Kind("image/png", (".png",), _begins(b"\x89PNG\r\n\x1a\n")),
    _Kind("image/jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8\xff")),
    _Kind("image/tiff", (".tif", ".tiff"), _begins(b"II*\x00", b"MM\x00*")),
    _Kind("text/plain", (".txt",), _is_text),
    _Kind("text/csv", (".csv",), _is_text),
    _Kind(f"{OFFICE}.wordprocessingml.document", (".docx",), _is_office("word/document.xml")),
    _Kind(f"{OFFICE}.spreadsheetml.sheet", (".xlsx",), _is_office("xl/workbook.xml")),
)
