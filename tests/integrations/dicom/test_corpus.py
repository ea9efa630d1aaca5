"""Every file of the shared collection sent by C-STORE over a real socket: stored as it is, or refused for a reason.

The outcomes, as a table, are this test's output. Files that are no DICOM at all are left out by name.
"""

from __future__ import annotations

import struct
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom import dcmread
from pynetdicom.presentation import build_context

from archive.storage.objects import object_exists, read_object
from archive.studies.models import Instance, RejectedObject
from common.errors import ServiceError
from integrations.dicom.scu.association import associate
from integrations.dicom.scu.echo import echo
from integrations.dicom.scu.store import StorageSCU

NO_DICOM = {".json", ".png", ".xml", ".nrrd", ".txt", ".md", ".csv", ".dump", ".pdf", ".raw", ".npy", ".gz"}
LONG_VRS = {b"OB", b"OD", b"OF", b"OL", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT"}
IMPLICIT, EXPLICIT, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
REASONS = {
    0x0000: "stored", 0xA900: "names itself badly", 0xC000: "damaged", None: "no SOP Class of objects of a study",
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a file says of itself, however little, and its data set as it stands."""

    name: str
    data_set: bytes
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


def found_in(path: Path, root: Path) -> Found:
    data = path.read_bytes()
    meta, start = meta_of(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = dcmread(path, force=True, stop_before_pixels=True)
            told = (str(dataset.get("SOPClassUID", "")), str(dataset.get("SOPInstanceUID", "")))
        except Exception:  # the reader of the test gives up on some; the listener may not
            told = ("", "")
    syntax = meta.get(0x0010) or guessed_syntax(data[start:])
    return Found(
        str(path.relative_to(root)), data[start:], told[0] or meta.get(0x0002, ""),
        told[1] or meta.get(0x0003, ""), syntax,
    )  # fmt: skip


def meta_of(data: bytes) -> tuple[dict[int, str], int]:
    """The elements of group 0002 and where they end, whatever their group length says."""
    at = 132 if data[128:132] == b"DICM" else 0
    elements: dict[int, str] = {}
    while data[at : at + 2] == b"\2\0" and data[at + 4 : at + 6].isalpha():
        is_long = data[at + 4 : at + 6] in LONG_VRS
        length = struct.unpack_from("<L" if is_long else "<H", data, at + (8 if is_long else 6))[0]
        value = at + (12 if is_long else 8)
        elements[int.from_bytes(data[at + 2 : at + 4], "little")] = text_of(data[value : value + length])
        at = value + length
    return elements, at


def text_of(value: bytes) -> str:
    return value.decode("latin-1").strip("\0 ")


def guessed_syntax(data: bytes) -> str:
    if data[4:6].isalpha():
        return BIG_ENDIAN if data[:1] == b"\0" else EXPLICIT
    return IMPLICIT


def status_of(peer, file: Found) -> int | None:
    """What the listener answers; None if it does not even agree to the context."""
    try:
        contexts = [build_context(file.sop_class_uid, file.transfer_syntax_uid)]
        with associate(peer, contexts) as assoc:
            return StorageSCU(assoc).send_encoded(
                file.data_set, sop_class_uid=file.sop_class_uid, sop_instance_uid=file.sop_instance_uid,
                transfer_syntax_uid=file.transfer_syntax_uid,
            )  # fmt: skip
    except (ServiceError, ValueError):  # the last: our own sender cannot even propose it
        return None


def is_kept_as_sent(file: Found) -> bool:
    instance = Instance.objects.get(sop_instance_uid=file.sop_instance_uid)
    return (
        instance.transfer_syntax_uid == file.transfer_syntax_uid
        and read_object(instance.storage_key)[-len(file.data_set) :] == file.data_set
    )


def table_of(outcomes: dict[str, int | None], reasons: dict[str, str]) -> str:
    counts = Counter(outcomes.values())
    lines = [
        f"\n{len(outcomes)} files: " + ", ".join(f"{n} {REASONS[status]}" for status, n in counts.items())
    ]
    for name, status in outcomes.items():
        if status != 0x0000:
            shown = "-" if status is None else f"0x{status:04X}"
            lines.append(f"  {shown:6}  {name:60}  {reasons.get(name, REASONS[status])}")
    return "\n".join(lines) + "\n"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_file_is_stored_as_it_is_or_refused_for_a_reason(peer, shared_data, capsys):
    root = shared_data / "dicom"
    files = [
        found_in(path, root)
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix.lower() not in NO_DICOM and path.name != "README"
    ]
    outcomes: dict[str, int | None] = {}
    reasons: dict[str, str] = {}
    for file in files:
        # Many files are one object in several forms: each form gets its turn.
        Instance.objects.filter(sop_instance_uid=file.sop_instance_uid).delete()
        outcomes[file.name] = status_of(peer, file)
        if outcomes[file.name] in {0xA900, 0xC000}:
            reasons[file.name] = RejectedObject.objects.latest("pk").reason
        if outcomes[file.name] == 0x0000:
            assert is_kept_as_sent(file), file.name

    counts = Counter(outcomes.values())
    with capsys.disabled():
        sys.stdout.write(table_of(outcomes, reasons))
    assert set(counts) <= set(REASONS)
    assert counts[0x0000] >= 200
    refused = RejectedObject.objects.all()
    assert len(refused) == counts[0xA900] + counts[0xC000]
    assert all(row.code and row.reason and object_exists(row.storage_key) for row in refused)
    echo(peer)
