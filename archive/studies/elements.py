"""The elements the index keeps: facts of the instance always; of series, study and patient when new."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.valuerep import TEXT_VR_DELIMS, PersonName

from archive.mpi.models import Patient
from archive.studies.attributes import SERIES_TAGS, STUDY_TAGS, attributes_of
from archive.studies.datasets import without_escapes
from archive.studies.header import SOP_CLASS_UID, SOP_INSTANCE_UID, SPECIFIC_CHARACTER_SET, Header
from common.clock import parse_da, parse_tm

IMAGE_TYPE = 0x00080008
STUDY_DATE, STUDY_TIME = 0x00080020, 0x00080030
ACCESSION_NUMBER, MODALITY, REFERRING_PHYSICIAN = 0x00080050, 0x00080060, 0x00080090
STUDY_DESCRIPTION, SERIES_DESCRIPTION = 0x00081030, 0x0008103E
PATIENT_NAME, PATIENT_ID, BIRTH_DATE, SEX = 0x00100010, 0x00100020, 0x00100030, 0x00100040
BODY_PART = 0x00180015
STUDY_INSTANCE_UID, SERIES_INSTANCE_UID = 0x0020000D, 0x0020000E
STUDY_ID, SERIES_NUMBER, INSTANCE_NUMBER = 0x00200010, 0x00200011, 0x00200013
IMAGE_POSITION, IMAGE_ORIENTATION, FRAME_OF_REFERENCE = 0x00200032, 0x00200037, 0x00200052
INSTANCES_IN_SERIES = 0x00201209
NUMBER_OF_FRAMES, ROWS, COLUMNS, PIXEL_SPACING = 0x00280008, 0x00280010, 0x00280011, 0x00280030
BITS_ALLOCATED = 0x00280100

WANTED = (
    STUDY_TAGS
    | SERIES_TAGS
    | {value for name, value in globals().items() if name.isupper() and isinstance(value, int)}
)


@dataclass(frozen=True, slots=True)
class PatientFacts:
    patient_id: str
    family_name: str
    given_name: str
    ideographic_name: str
    birth_date: dt.date | None
    sex: str
    middle_name: str = ""
    name_prefix: str = ""
    name_suffix: str = ""


@dataclass(frozen=True, slots=True)
class StudyFacts:
    study_instance_uid: str
    accession_number: str
    study_id: str
    study_date: dt.date | None
    study_time: dt.time | None
    study_description: str
    referring_physician_name: str
    modality: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    series_instance_uid: str
    modality: str
    series_number: int | None
    series_description: str
    body_part_examined: str
    frame_of_reference_uid: str
    expected_instances: int | None
    is_localizer: bool
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    sop_instance_uid: str
    sop_class_uid: str
    instance_number: int | None
    rows: int | None
    columns: int | None
    bits_allocated: int | None
    number_of_frames: int
    image_position: list[float] | None
    image_orientation: list[float] | None
    pixel_spacing: list[float] | None


def patient_facts(header: Header) -> PatientFacts:
    name = _name(header, PATIENT_NAME)
    sex = header.text(SEX)
    return PatientFacts(
        patient_id=_text(header, PATIENT_ID, 64),
        family_name=name.family_name[:100],
        given_name=name.given_name[:100],
        ideographic_name=name.ideographic.replace("^", "").strip()[:100],
        birth_date=parse_da(header.text(BIRTH_DATE)),
        sex=sex if sex in Patient.Sex.values else str(Patient.Sex.UNKNOWN),
        middle_name=name.middle_name[:64],
        name_prefix=name.name_prefix[:64],
        name_suffix=name.name_suffix[:64],
    )


def study_facts(header: Header) -> StudyFacts:
    return StudyFacts(
        study_instance_uid=header.text(STUDY_INSTANCE_UID),
        accession_number=_text(header, ACCESSION_NUMBER, 16),
        study_id=_text(header, STUDY_ID, 16),
        study_date=parse_da(header.text(STUDY_DATE)),
        study_time=parse_tm(header.text(STUDY_TIME)),
        study_description=_text(header, STUDY_DESCRIPTION, 64),
        referring_physician_name=str(_name(header, REFERRING_PHYSICIAN))[:200],
        modality=_text(header, MODALITY, 16),
        attributes=_attributes(header, STUDY_TAGS),
    )


def series_facts(header: Header) -> SeriesFacts:
    return SeriesFacts(
        series_instance_uid=header.text(SERIES_INSTANCE_UID),
        modality=_text(header, MODALITY, 16),
        series_number=header.integer(SERIES_NUMBER),
        series_description=_text(header, SERIES_DESCRIPTION, 64),
        body_part_examined=_text(header, BODY_PART, 16),
        frame_of_reference_uid=_text(header, FRAME_OF_REFERENCE, 64),
        expected_instances=_positive(header.integer(INSTANCES_IN_SERIES)),
        is_localizer="LOCALIZER" in header.text(IMAGE_TYPE).split("\\"),  # PS3.3 §C.8.2.1.1.1, value 3
        attributes=_attributes(header, SERIES_TAGS),
    )


def instance_facts(header: Header) -> InstanceFacts:
    return InstanceFacts(
        sop_instance_uid=header.text(SOP_INSTANCE_UID),
        sop_class_uid=header.text(SOP_CLASS_UID),
        instance_number=header.integer(INSTANCE_NUMBER),
        rows=header.number(ROWS),
        columns=header.number(COLUMNS),
        bits_allocated=header.number(BITS_ALLOCATED),
        number_of_frames=_positive(header.integer(NUMBER_OF_FRAMES)) or 1,
        image_position=header.decimals(IMAGE_POSITION, 3),
        image_orientation=header.decimals(IMAGE_ORIENTATION, 6),
        pixel_spacing=header.decimals(PIXEL_SPACING, 2),
    )


def _attributes(header: Header, tags: frozenset[int]) -> dict[str, Any]:
    return attributes_of(
        header.values, tags, character_set=header.text(SPECIFIC_CHARACTER_SET), order=header.order
    )


def _positive(value: int | None) -> int | None:
    return value if value is not None and value > 0 else None


def _encodings(header: Header) -> list[str]:
    try:
        return convert_encodings(header.text(SPECIFIC_CHARACTER_SET).split("\\"))
    except (LookupError, ValueError):
        return ["latin-1"]


def _text(header: Header, tag: int, limit: int) -> str:
    """A value in its character set, cut to what the index holds. NUL cannot be kept in the database."""
    try:
        text = decode_bytes(header.values.get(tag, b""), _encodings(header), TEXT_VR_DELIMS)
    except (LookupError, ValueError):
        text = header.text(tag)
    return without_escapes(text).replace("\0", "").strip()[:limit]


def _name(header: Header, tag: int) -> PersonName:
    raw = header.values.get(tag, b"").replace(b"\0", b"").strip()
    try:
        return PersonName(without_escapes(str(PersonName(raw, _encodings(header)).decode())))
    except (LookupError, ValueError):
        return PersonName(raw.decode("latin-1"))
