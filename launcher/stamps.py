"""Proof that a step was done on exactly this input, so that it need not be done again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(files: Iterable[Path], *words: str) -> str:
    """A hash over the names and contents of files, and over words; files that are absent count as such."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(b"\0" + str(file).encode() + b"\0")
        total.update(hashlib.sha256(file.read_bytes()).digest() if file.is_file() else b"absent")
    return total.hexdigest()


def holds(stamp: Path, value: str) -> bool:
    """Whether the step was finished with this value."""
    try:
        return stamp.read_text() == value
    except FileNotFoundError:
        return False


def put(stamp: Path, value: str) -> None:
    """Note that the step is finished."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)
