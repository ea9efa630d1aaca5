"""The attributes queries know: at which level each lies, what answers it, and how it is matched.

Aliases  s study · p patient · o the site that owns the study · d the patient's identifier shown with the study
         e series · i instance. An attribute of `None` as its matcher is answered, not matched.
"""

from __future__ import annotations

from dataclasses import dataclass

from archive.mpi.names import shown_name_sql
from archive.studies.attributes import SERIES_TAGS, STUDY_TAGS
from archive.studies.datasets import vr_of
from archive.studies.queries.matching import (
    Condition,
    Matcher,
    matches_date,
    matches_number,
    matches_person,
    matches_text,
    matches_time,
    matches_uid,
)
from archive.studies.queries.requests import Level

RETRIEVE_AE_TITLE, INSTANCE_AVAILABILITY = 0x00080054, 0x00080056
PATIENT_NAME, PATIENT_ID, ISSUER = 0x00100010, 0x00100020, 0x00100021
STUDY_DATE, STUDY_TIME = 0x00080020, 0x00080030


@dataclass(frozen=True, slots=True)
class Attribute:
    """`shown` is the SQL of its answer as DICOM writes it, `column` what keys are compared with."""

    tag: int
    vr: str
    level: Level
    shown: str
    column: str = ""
    matcher: Matcher | None = None
    is_json: bool = False


def _da(column: str) -> str:
    return f"to_char({column}, 'YYYYMMDD')"


def _tm(column: str) -> str:
    return f"rtrim(rtrim(to_char({column}, 'HH24MISS.US'), '0'), '.')"


def _of_study(source: str, column: str) -> Matcher:
    """Matches a study by what any of its series or instances says."""

    def matches(_column: str, values: object) -> Condition:
        matcher = matches_uid if column.endswith("uid") else matches_text
        inner = matcher(f"m.{column}", values)  # type: ignore[arg-type]
        return Condition(f"EXISTS (SELECT 1 FROM {source} AND {inner.sql})", inner.parameters)  # noqa: S608

    return matches


_SERIES_OF_STUDY = "studies_series m WHERE m.study_id = s.id AND m.withdrawn_at IS NULL"
_INSTANCES = "studies_instance m JOIN studies_series n ON n.id = m.series_id AND n.withdrawn_at IS NULL"
_INSTANCES_OF_STUDY = f"{_INSTANCES} WHERE n.study_id = s.id"
_IDENTIFIERS = "mpi_patientidentifier m WHERE m.patient_id = s.patient_id AND m.id <> d.id"
_MODALITIES = f"(SELECT string_agg(DISTINCT m.modality, '\\') FROM {_SERIES_OF_STUDY} AND m.modality <> '')"  # noqa: S608
_CLASSES = f"(SELECT string_agg(DISTINCT m.sop_class_uid, '\\') FROM {_INSTANCES_OF_STUDY})"  # noqa: S608
_NAME = shown_name_sql("p")
_OF_PATIENT = (
    "studies_study u WHERE u.patient_id = s.patient_id AND u.site_id = s.site_id AND u.withdrawn_at IS NULL"
)
_SERIES_OF_PATIENT = (
    f"studies_series m WHERE m.withdrawn_at IS NULL AND m.study_id IN (SELECT u.id FROM {_OF_PATIENT})"  # noqa: S608
)
_INSTANCES_OF_PATIENT = f"{_INSTANCES} WHERE n.study_id IN (SELECT u.id FROM {_OF_PATIENT})"  # noqa: S608


def _count(source: str) -> str:
    return f"(SELECT count(*) FROM {source})::text"  # noqa: S608


def _vectors(column: str) -> str:
    return f"(SELECT string_agg(v.x, '\\') FROM jsonb_array_elements_text({column}) v(x))"  # noqa: S608


def _availability(where: str) -> str:
    """NEARLINE where a segment is held by cold volumes only (PS3.4 §C.4.1.1.3.2)."""
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM storage_segment g WHERE {where} "  # noqa: S608
        "AND EXISTS (SELECT 1 FROM storage_segmentcopy c JOIN storage_volume v ON v.id = c.volume_id "
        "WHERE c.segment_id = g.id AND c.state = 'held' AND v.tier = 'cold') "
        "AND NOT EXISTS (SELECT 1 FROM storage_segmentcopy c JOIN storage_volume v ON v.id = c.volume_id "
        "WHERE c.segment_id = g.id AND c.state IN ('held', 'writing') AND v.tier <> 'cold')) "
        "THEN 'NEARLINE' ELSE 'ONLINE' END"
    )


AVAILABILITY = {
    Level.STUDY: _availability("g.study_instance_uid = s.study_instance_uid"),
    Level.SERIES: _availability("g.series_instance_uid = e.series_instance_uid"),
    Level.IMAGE: _availability("g.series_instance_uid = e.series_instance_uid"),
}

_P, _S, _E, _I = Level.PATIENT, Level.STUDY, Level.SERIES, Level.IMAGE


def _text(tag: int, vr: str, level: Level, column: str) -> Attribute:
    return Attribute(tag, vr, level, column, column, matches_text)


def _uid(tag: int, level: Level, column: str) -> Attribute:
    return Attribute(tag, "UI", level, column, column, matches_uid)


def _integer(tag: int, level: Level, column: str, vr: str = "IS") -> Attribute:
    return Attribute(tag, vr, level, f"{column}::text", column, matches_number)


_COLUMNS = (
    # PatientName and PatientID are matched by the statement itself: see `statement.py`
    Attribute(PATIENT_NAME, "PN", _P, _NAME, "p.matching_name"),
    Attribute(PATIENT_ID, "LO", _P, "d.value", "d.value"),
    Attribute(ISSUER, "LO", _P, "d.authority_namespace", "d.authority_namespace", matches_text),
    Attribute(0x00100030, "DA", _P, _da("p.birth_date"), "p.birth_date", matches_date),
    Attribute(0x00100040, "CS", _P, "CASE p.sex WHEN 'U' THEN '' ELSE p.sex END", "p.sex", matches_text),
    Attribute(0x00101000, "LO", _P, f"(SELECT string_agg(m.value, '\\') FROM {_IDENTIFIERS})"),  # noqa: S608
    Attribute(
        0x00101002, "SQ", _P,
        "jsonb_build_object('vr', 'SQ', 'Value', (SELECT jsonb_agg(jsonb_build_object("  # noqa: S608
        "'00100020', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array(m.value)), "
        "'00100021', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array(m.authority_namespace)))) "
        f"FROM {_IDENTIFIERS}))",
        is_json=True,
    ),
    Attribute(0x00201200, "IS", _P, _count(_OF_PATIENT)),
    Attribute(0x00201202, "IS", _P, _count(_SERIES_OF_PATIENT)),
    Attribute(0x00201204, "IS", _P, _count(_INSTANCES_OF_PATIENT)),
    Attribute(STUDY_DATE, "DA", _S, _da("s.study_date"), "s.study_date", matches_date),
    Attribute(STUDY_TIME, "TM", _S, _tm("s.study_time"), "s.study_time", matches_time),
    _text(0x00080050, "SH", _S, "s.accession_number"),
    Attribute(0x00080061, "CS", _S, _MODALITIES, "m", _of_study(_SERIES_OF_STUDY, "modality")),
    Attribute(0x00080062, "UI", _S, _CLASSES, "m", _of_study(_INSTANCES_OF_STUDY, "sop_class_uid")),
    Attribute(0x00080090, "PN", _S, "s.referring_physician_name", "s.referring_physician_name", matches_person),
    _text(0x00081030, "LO", _S, "s.study_description"),
    _uid(0x0020000D, _S, "s.study_instance_uid"),
    _text(0x00200010, "SH", _S, "s.study_id"),
    Attribute(0x00201206, "IS", _S, _count(_SERIES_OF_STUDY)),
    Attribute(0x00201208, "IS", _S, _count(_INSTANCES_OF_STUDY)),
    _text(0x00080060, "CS", _E, "e.modality"),
    _text(0x0008103E, "LO", _E, "e.series_description"),
    _text(0x00180015, "CS", _E, "e.body_part_examined"),
    _uid(0x0020000E, _E, "e.series_instance_uid"),
    _integer(0x00200011, _E, "e.series_number"),
    _uid(0x00200052, _E, "e.frame_of_reference_uid"),
    Attribute(0x00201209, "IS", _E, _count("studies_instance m WHERE m.series_id = e.id")),
    _uid(0x00080016, _I, "i.sop_class_uid"),
    _uid(0x00080018, _I, "i.sop_instance_uid"),
    _uid(0x00083002, _I, "i.transfer_syntax_uid"),
    _integer(0x00200013, _I, "i.instance_number"),
    _integer(0x00280008, _I, "i.number_of_frames"),
    _integer(0x00280010, _I, "i.rows", "US"),
    _integer(0x00280011, _I, "i.columns", "US"),
    _integer(0x00280100, _I, "i.bits_allocated", "US"),
    Attribute(0x00200032, "DS", _I, _vectors("i.image_position")),
    Attribute(0x00200037, "DS", _I, _vectors("i.image_orientation")),
    Attribute(0x00280030, "DS", _I, _vectors("i.pixel_spacing")),
)  # fmt: skip

_ATTRIBUTES = {attribute.tag: attribute for attribute in _COLUMNS}


def _kept(tag: int, level: Level, alias: str) -> Attribute:
    """An optional key, kept as DICOM JSON."""
    return Attribute(tag, vr_of(tag), level, f"{alias}.attributes->'{tag:08X}'", alias, is_json=True)


_ATTRIBUTES |= {tag: _kept(tag, _S, "s") for tag in STUDY_TAGS}
_ATTRIBUTES |= {tag: _kept(tag, _E, "e") for tag in SERIES_TAGS}


def attribute_of(tag: int, level: Level) -> Attribute | None:
    """What answers a tag in a query at this level; None where nothing does."""
    if tag == INSTANCE_AVAILABILITY and level in AVAILABILITY:
        return Attribute(tag, "CS", level, AVAILABILITY[level])
    attribute = _ATTRIBUTES.get(tag)
    return attribute if attribute is not None and attribute.level <= level else None


def tags_at(level: Level, *, down_to: Level | None = None) -> list[int]:
    """Every attribute that is answered in a query at this level, of the levels from `down_to` on."""
    top = Level.PATIENT if down_to is None else down_to
    held = [one.tag for one in _ATTRIBUTES.values() if top <= one.level <= level]
    return sorted([*held, INSTANCE_AVAILABILITY])
