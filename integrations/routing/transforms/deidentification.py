"""The seam to de-identification: whoever can do it says so when the app is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from common.errors import InvalidInput

Deidentifier = Callable[[bytes, frozenset[str]], bytes]
_deidentifier: Deidentifier | None = None


def use_deidentifier(deidentifier: Deidentifier | None) -> None:
    """Have Part 10 files de-identified by this: file and the words of profile and options in, file out."""
    global _deidentifier  # noqa: PLW0603 - one a process
    _deidentifier = deidentifier


def deidentify(data: bytes, profile: Sequence[str]) -> bytes:
    """The file without what tells who the patient is.

    Raises  InvalidInput if it cannot be done; nothing leaves then.
    """
    if _deidentifier is None:
        raise InvalidInput("De-identification is not set up", code="DEIDENTIFICATION_MISSING")
    return _deidentifier(data, frozenset(profile))
