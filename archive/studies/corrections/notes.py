"""Rejection notes: Key Object Selection documents whose title says that what they name is rejected.

Reference  IHE RAD TF-2 §4.66 (Rejection Note Stored), PS3.3 §A.35.4, §C.17.6, PS3.16 TID 2010
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, KeyObjectSelectionDocumentStorage

from archive.studies.corrections.reasons import NOTES, RULES, ReasonCode
from archive.studies.models import Study
from archive.studies.references import instance_reference, series_references
from common import clock
from common.clock import format_da
from common.errors import InvalidInput
from common.uids import is_uid_lenient

MOST_NAMED = 100_000


@dataclass(frozen=True, slots=True)
class Named:
    """An instance a note names. `is_image` where it has pixels to show."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    is_image: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    """What a rejection note says: why, and which instances of which study."""

    reason: ReasonCode
    study_instance_uid: str
    named: tuple[Named, ...]


def read_note(dataset: Dataset) -> Note | None:
    """The rejection a key object document means; None for a document that means something else.

    Raises  InvalidInput if it rejects and does not name properly what.
    """
    title = (dataset.get("ConceptNameCodeSequence") or [Dataset()])[0]
    code = str(title.get("CodeValue") or "").strip()
    if str(title.get("CodingSchemeDesignator") or "").strip() != "DCM" or code not in set(NOTES):
        return None
    studies = dataset.get("CurrentRequestedProcedureEvidenceSequence") or []
    if len(studies) != 1:
        raise InvalidInput("A rejection note names one study", code="NOTE_UNUSABLE")
    named = tuple(_named(studies[0]))
    if not named or len(named) > MOST_NAMED:
        raise InvalidInput("The rejection note names no instances, or too many", code="NOTE_UNUSABLE")
    return Note(ReasonCode(code), _uid(studies[0], "StudyInstanceUID"), named)


def make_note(
    study: Study,
    named: Sequence[Named],
    *,
    reason: ReasonCode,
    like: Dataset,
    sop_instance_uid: str,
    series_instance_uid: str,
    comment: str = "",
) -> bytes:
    """A rejection note as a Part 10 file. `like` is a header of the study: its patient and study are the note's."""
    note = _of_the_study(like)
    now = clock.now()
    note.SOPClassUID, note.SOPInstanceUID = KeyObjectSelectionDocumentStorage, sop_instance_uid
    note.StudyInstanceUID, note.SeriesInstanceUID = study.study_instance_uid, series_instance_uid
    note.Modality, note.SeriesNumber, note.InstanceNumber = "KO", 1, 1
    note.SeriesDescription = RULES[reason].meaning
    note.ReferencedPerformedProcedureStepSequence = []
    note.Manufacturer = "Consilium"
    note.ContentDate, note.ContentTime = format_da(now.date()), now.strftime("%H%M%S")
    note.InstanceCreationDate, note.InstanceCreationTime = note.ContentDate, note.ContentTime
    note.CurrentRequestedProcedureEvidenceSequence = [_evidence(study.study_instance_uid, named)]
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = [_code(reason.value, RULES[reason].meaning)]
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    note.ContentTemplateSequence = [template]
    note.ContentSequence = [*_description(comment), *(_content(one) for one in named)]
    return _part10(note)


def _of_the_study(like: Dataset) -> Dataset:
    """Patient and study of a header; what must be there may be empty."""
    note = Dataset()
    note.SpecificCharacterSet = like.get("SpecificCharacterSet", "ISO_IR 192")
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime",
        "ReferringPhysicianName", "StudyID", "AccessionNumber",
    ):  # fmt: skip
        setattr(note, keyword, like.get(keyword) or "")
    for keyword in ("IssuerOfPatientID", "StudyDescription"):
        if like.get(keyword):
            setattr(note, keyword, like.get(keyword))
    return note


def _evidence(study_instance_uid: str, named: Iterable[Named]) -> Dataset:
    """Which instances of which series, each once (PS3.3 §C.17.2)."""
    item = Dataset()
    item.StudyInstanceUID = study_instance_uid
    item.ReferencedSeriesSequence = series_references(
        (one.series_instance_uid, _reference(one)) for one in named
    )
    return item


def _content(named: Named) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = "IMAGE" if named.is_image else "COMPOSITE"
    item.ReferencedSOPSequence = [_reference(named)]
    return item


def _description(comment: str) -> list[Dataset]:
    if not comment:
        return []
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = [_code("113012", "Key Object Description")]
    item.TextValue = comment
    return [item]


def _reference(named: Named) -> Dataset:
    return instance_reference(named.sop_class_uid, named.sop_instance_uid)


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _named(study: Dataset) -> Iterable[Named]:
    for series in study.get("ReferencedSeriesSequence") or []:
        series_instance_uid = _uid(series, "SeriesInstanceUID")
        for reference in series.get("ReferencedSOPSequence") or []:
            yield Named(
                series_instance_uid,
                _uid(reference, "ReferencedSOPClassUID"),
                _uid(reference, "ReferencedSOPInstanceUID"),
            )


def _uid(dataset: Mapping[str, object] | Dataset, keyword: str) -> str:
    value = str(dataset.get(keyword) or "").strip(" \0")
    if not is_uid_lenient(value):
        raise InvalidInput(f"{keyword} of the rejection note is no UID", code="NOTE_UNUSABLE")
    return value


def _part10(dataset: Dataset) -> bytes:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
