"""Verification: C-ECHO."""

from __future__ import annotations

from pynetdicom.events import Event

from integrations.dicom.status import SUCCESS


def handle_c_echo(_event: Event) -> int:
    """Answer 0x0000 while the listener serves (PS3.4 §A)."""
    return SUCCESS
