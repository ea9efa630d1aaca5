"""The published objects beside the repository, as a program would send them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import UID, ImplicitVRLittleEndian

from common.uids import derived_uid, is_uid_lenient

# No composite objects of a patient's study: directories, worklist entries and what belongs to no patient.
OTHER_CLASSES = {
    "1.2.840.10008.1.3.10": "a directory of media",
    "1.2.276.0.7230010.3.1.0.1": "an entry of a worklist",
    "1.2.840.10008.5.1.4.38.1": "a hanging protocol: of no patient",
    "1.2.840.10008.5.1.4.39.1": "a colour palette: of no patient",
}
_NAMES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class RealObject:
    """A file of the set: as published, and as its sender would have to complete it to be a SOP Instance."""

    name: str
    published: bytes
    sent: bytes
    added: tuple[str, ...]

    @property
    def is_part10(self) -> bool:
        return self.published[128:132] == b"DICM"


def real_objects(shared_data: Path) -> list[RealObject]:
    """Every DICOM object of the set but the damaged ones."""
    root = shared_data / "dicom"
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and "malformed" not in path.parts)
    return [found for path in files if (found := _object(path, str(path.relative_to(root))))]


def _object(path: Path, name: str) -> RealObject | None:
    data = path.read_bytes()
    is_part10 = data[128:132] == b"DICM"
    if not is_part10 and path.suffix != ".dcm":
        return None
    dataset = dcmread(io.BytesIO(data), force=True)
    if dataset.file_meta.get("MediaStorageSOPClassUID") in OTHER_CLASSES:
        return None
    added = tuple(name for name in _NAMES if not is_uid_lenient(str(dataset.get(name, ""))))
    if not added and is_part10:
        return RealObject(name, data, data, ())
    if "SOPClassUID" not in dataset:
        return None
    return RealObject(name, data, completed(dataset, name, added), added)


def completed(dataset: Dataset, name: str, added: tuple[str, ...]) -> bytes:
    """The object with the UIDs it lacks and file meta information that names it; its elements are not parsed."""
    for keyword in added:
        setattr(dataset, keyword, derived_uid(name, keyword))
    meta = dataset.file_meta
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        dataset.SOPClassUID,
        UID(dataset.SOPInstanceUID),
    )
    if "TransferSyntaxUID" not in meta:
        meta.TransferSyntaxUID = ImplicitVRLittleEndian
    meta.FileMetaInformationVersion = b"\0\1"
    out = DicomBytesIO()
    out.write(bytes(128) + b"DICM")
    write_file_meta_info(out, meta)
    is_implicit, is_little = dataset.original_encoding
    out.is_implicit_VR, out.is_little_endian = bool(is_implicit), is_little is not False
    write_dataset(out, dataset)
    return out.getvalue()
