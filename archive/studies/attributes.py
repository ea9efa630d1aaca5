"""What the first instance of a study or series says beside the index's columns, kept as DICOM JSON.

Optional keys of queries are matched by and answered from it. A value that cannot be read is left out:
the object itself keeps it.

Reference  PS3.18 §F.2 (DICOM JSON), PS3.4 §C.6 (optional keys)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archive.studies.datasets import Element, encodings_named, read_items, text_values, vr_of
from common.errors import InvalidInput

STUDY_TAGS = frozenset([
    0x00080051,  # IssuerOfAccessionNumberSequence
    0x00080201,  # TimezoneOffsetFromUTC
    0x00081032,  # ProcedureCodeSequence
    0x00081048, 0x00081060,  # PhysiciansOfRecord, NameOfPhysiciansReadingStudy
    0x00081080,  # AdmittingDiagnosesDescription
    0x00100032,  # PatientBirthTime
    0x00101010, 0x00101020, 0x00101030,  # PatientAge, PatientSize, PatientWeight
    0x00102160, 0x00102180, 0x001021B0,  # EthnicGroup, Occupation, AdditionalPatientHistory
    0x00104000,  # PatientComments
    0x00201070,  # OtherStudyNumbers
    0x00321032,  # RequestingPhysician
    0x00321060,  # RequestedProcedureDescription
    0x00401003,  # RequestedProcedurePriority
])  # fmt: skip
SERIES_TAGS = frozenset([
    0x00080008,  # ImageType
    0x00080021, 0x00080031,  # SeriesDate, SeriesTime
    0x00080068,  # PresentationIntentType
    0x00080070, 0x00080080, 0x00081010, 0x00081040,  # Manufacturer, InstitutionName, StationName, Department
    0x00081050, 0x00081070,  # PerformingPhysicianName, OperatorsName
    0x00081090,  # ManufacturerModelName
    0x0008103F,  # SeriesDescriptionCodeSequence
    0x00180010, 0x00180024,  # ContrastBolusAgent, SequenceName
    0x00180050, 0x00180060, 0x00181030,  # SliceThickness, KVP, ProtocolName
    0x00181000, 0x00181020,  # DeviceSerialNumber, SoftwareVersions
    0x00181210,  # ConvolutionKernel
    0x00185100, 0x00185101,  # PatientPosition, ViewPosition
    0x00200060,  # Laterality
    0x00400244, 0x00400245,  # PerformedProcedureStepStartDate, PerformedProcedureStepStartTime
    0x00400253, 0x00400254,  # PerformedProcedureStepID, PerformedProcedureStepDescription
    0x00400275,  # RequestAttributesSequence
])  # fmt: skip
CATALOGUE_VERSION = (
    2  # to be raised with every tag that is added: rows of before are then read anew, by a duty
)
LARGEST_VALUE = 16384
_NUMBERS = frozenset(["DS", "IS"])
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
Json = dict[str, Any]


def attributes_of(
    values: Mapping[int, bytes], tags: frozenset[int], *, character_set: str = "", order: str = "<"
) -> Json:
    """The DICOM JSON of those elements of a header that are among `tags` and not empty."""
    try:
        encodings = encodings_named(character_set)
    except InvalidInput:
        encodings = ["iso8859"]
    found: Json = {}
    for tag in sorted(tags & values.keys()):
        value = values[tag]
        if len(value) <= LARGEST_VALUE and (element := _json_of(tag, value, encodings, order)):
            found[f"{tag:08X}"] = element
    return found


def _json_of(tag: int, value: bytes, encodings: Sequence[str], order: str) -> Json | None:
    vr = vr_of(tag)
    try:
        items = read_items(value, order=order) if vr == "SQ" else ()
        return element_json(Element(tag, vr, value, items), encodings)
    except InvalidInput:
        return None


def element_json(element: Element, encodings: Sequence[str]) -> Json | None:
    """One element as DICOM JSON; None for an empty one and for VRs that no query asks for."""
    values: list[Any]
    if element.vr == "SQ":
        values = [_item_json(item, encodings) for item in element.items]
    elif element.vr in {"OB", "OW", "UN", "US", "SS", "UL", "SL", "FL", "FD", "AT"}:
        return None
    else:
        values = [_value_json(element.vr, text) for text in text_values(element, encodings)]
    return {"vr": element.vr, "Value": values} if any(values) else None


def _item_json(item: Sequence[Element], encodings: Sequence[str]) -> Json:
    found = {f"{element.tag:08X}": element_json(element, encodings) for element in item}
    return {tag: element for tag, element in found.items() if element is not None}


def _value_json(vr: str, text: str) -> Any:
    text = text.replace("\0", "")
    if vr == "PN":
        groups = zip(_GROUPS, text.split("="), strict=False)
        return {group: value for group, value in groups if value}
    if vr in _NUMBERS:
        return _number(text, is_whole=vr == "IS")
    return text or None


def _number(text: str, *, is_whole: bool) -> int | float | None:
    try:
        return int(text) if is_whole else float(text)
    except ValueError:
        return None
