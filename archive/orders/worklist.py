"""The modality worklist as a query over scheduled procedure steps: keys in, rows out, by one statement.

Matching keys are those of PS3.4 Table K.6-1; a step without a station is for every station. What the model
demands and an order here does not know (medical alerts, station name ...) is answered empty.

Reference  PS3.4 §K.6.1.2 (attributes), §C.2.2.2 (matching), IHE RAD-5
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from accounts.models import Site
from archive.mpi.names import shown_name_sql
from archive.studies.datasets import vr_of
from archive.studies.queries.matching import (
    Condition,
    Matcher,
    all_of,
    any_of,
    between,
    date_range,
    matches_date,
    matches_patient_name,
    matches_person,
    matches_text,
    matches_time,
    matches_uid,
)
from archive.studies.queries.requests import Key, check_size
from archive.studies.queries.search import Answers, rows_of
from archive.studies.queries.statement import Column

STEPS = 0x00400100
_STATION, _START_DATE = 0x00400001, 0x00400002
_NAME, _PATIENT_ID = 0x00100010, 0x00100020


@dataclass(frozen=True, slots=True)
class _Attribute:
    shown: str
    matcher: Matcher | None = None
    column: str = ""

    def matches(self, values: Sequence[str]) -> Condition | None:
        return self.matcher(self.column or self.shown, values) if self.matcher is not None else None


def _of_no_entry(_column: str, _values: Sequence[str]) -> Condition:
    return Condition("false")


_EMPTY = _Attribute("NULL::text")
_SHOWN_NAME = shown_name_sql("p")
_CODE = (
    "jsonb_build_object('vr', 'SQ', 'Value', jsonb_build_array(jsonb_build_object("
    "'00080100', jsonb_build_object('vr', 'SH', 'Value', jsonb_build_array(left(r.procedure_code, 16))), "
    "'00080102', jsonb_build_object('vr', 'SH', 'Value', jsonb_build_array(left('99' || upper(o.code), 16))), "
    "'00080104', jsonb_build_object('vr', 'LO', 'Value', jsonb_build_array(left(r.procedure_description, 64))))))"
)
_EMPTY_SEQUENCE = _Attribute("""'{"vr": "SQ"}'::jsonb""")
_ATTRIBUTES: dict[int, _Attribute] = {
    0x00080050: _Attribute("r.accession_number", matches_text),
    0x00080090: _Attribute("left(r.referring_physician, 64)", matches_person),
    _NAME: _Attribute(_SHOWN_NAME),
    _PATIENT_ID: _Attribute("d.value"),
    0x00100021: _Attribute("d.authority_namespace", matches_text),
    0x00100030: _Attribute("to_char(p.birth_date, 'YYYYMMDD')", matches_date, "p.birth_date"),
    0x00100040: _Attribute("CASE p.sex WHEN 'U' THEN '' ELSE p.sex END", matches_text, "p.sex"),
    0x0020000D: _Attribute("r.study_instance_uid", matches_uid),
    0x00321032: _Attribute("left(r.referring_physician, 64)", matches_person),
    0x00321060: _Attribute("left(r.procedure_description, 64)", matches_text),
    0x00321064: _Attribute(_CODE),
    0x00401001: _Attribute("r.requested_procedure_id", matches_text),
    0x00401002: _Attribute("left(r.reason, 64)", matches_text),
    0x00401003: _Attribute(
        "CASE r.priority WHEN 'URGENT' THEN 'HIGH' ELSE r.priority END", matches_text
    ),
    0x00402016: _Attribute("left(r.placer_order_number, 64)", matches_text),
    0x00402017: _Attribute("left(r.filler_order_number, 64)", matches_text),
} | {
    tag: _EMPTY_SEQUENCE if vr_of(tag) == "SQ" else _EMPTY
    for tag in (
        0x00081110, 0x00101030, 0x001021C0, 0x00102000, 0x00102110, 0x00380010, 0x00380050, 0x00380300,
        0x00380500, 0x00401004, 0x00403001, 0x00321033, 0x00102160, 0x00104000, 0x001021B0, 0x00101000,
    )
}  # fmt: skip
_STEP_ATTRIBUTES: dict[int, _Attribute] = {
    0x00080060: _Attribute("t.modality", matches_text),
    _STATION: _Attribute("l.station"),
    _START_DATE: _Attribute("to_char(l.starts, 'YYYYMMDD')", matches_date, "l.starts::date"),
    0x00400003: _Attribute("to_char(l.starts, 'HH24MISS')", matches_time, "l.starts::time"),
    0x00400006: _Attribute("NULL::text", _of_no_entry),
    0x00400007: _Attribute(
        "left(COALESCE(NULLIF(t.description, ''), r.procedure_description), 64)", matches_text
    ),
    0x00400009: _Attribute("t.scheduled_procedure_step_id", matches_text),
    0x00400020: _Attribute("t.status", matches_text),
} | {
    tag: _EMPTY_SEQUENCE if vr_of(tag) == "SQ" else _EMPTY
    for tag in (0x00321070, 0x00400008, 0x00400010, 0x00400011, 0x00400012, 0x00400400)
}  # fmt: skip


def search_worklist(keys: Sequence[Key], *, site: Site, called_ae_title: str) -> Answers:
    """The scheduled steps of a site that match every key, soonest first.

    `called_ae_title` stands for the station of a step that has none.

    Raises  InvalidInput for a key that cannot be matched.
    """
    for key in keys:
        check_size(key)
    asked = sorted(
        (key for key in keys if key.tag in _ATTRIBUTES or key.tag == STEPS), key=lambda key: key.tag
    )
    steps = next((key for key in keys if key.tag == STEPS), Key(STEPS, "SQ"))
    conditions = [condition for key in asked if (condition := _condition(key)) is not None]
    conditions += [condition for key in steps.items if (condition := _step_condition(key)) is not None]
    shown = ", ".join(_steps_json(steps) if key.tag == STEPS else _ATTRIBUTES[key.tag].shown for key in asked)
    where = all_of([Condition("t.status = 'SCHEDULED' AND r.site_id = %s", (site.pk,)), *conditions])
    source = _source(called_ae_title, _matched(keys, _PATIENT_ID))
    sql = f"SELECT {shown or '1'} FROM {source.sql} WHERE {where.sql} ORDER BY t.scheduled_at, t.id"  # noqa: S608
    columns = tuple(Column(key.tag, vr_of(key.tag), vr_of(key.tag) == "SQ", key.items) for key in asked)
    return Answers(columns, _unsupported(keys, steps), rows_of(sql, (*source.parameters, *where.parameters)))


def _unsupported(keys: Sequence[Key], steps: Key) -> tuple[int, ...]:
    """Keys that nothing answers, and those whose value cannot be matched by."""
    top = [key for key in keys if key.tag != STEPS and not _is_supported(key, _ATTRIBUTES)]
    within = [key for key in steps.items if not _is_supported(key, _STEP_ATTRIBUTES)]
    return tuple(key.tag for key in (*top, *within))


def _is_supported(key: Key, attributes: Mapping[int, _Attribute]) -> bool:
    attribute = attributes.get(key.tag)
    is_matched = key.tag in {_NAME, _PATIENT_ID, _STATION} or (attribute and attribute.matcher is not None)
    return attribute is not None and (key.is_universal or bool(is_matched))


def _matched(keys: Sequence[Key], tag: int) -> Sequence[str]:
    return next((key.values for key in keys if key.tag == tag and not key.is_universal), ())


def _condition(key: Key) -> Condition | None:
    if key.is_universal or key.tag == STEPS:
        return None
    if key.tag == _NAME:
        return matches_patient_name("p.matching_name", "p.ideographic_name", key.values)
    if key.tag == _PATIENT_ID:
        return matches_text("d.value", key.values)
    return _ATTRIBUTES[key.tag].matches(key.values)


def _step_condition(key: Key) -> Condition | None:
    attribute = _STEP_ATTRIBUTES.get(key.tag)
    if attribute is None or key.is_universal:
        return None
    if key.tag == _STATION:
        return any_of([Condition("t.station_ae_title = ''"), matches_text("t.station_ae_title", key.values)])
    condition = attribute.matches(key.values)
    if key.tag == _START_DATE and condition is not None:
        return all_of([condition, *(_indexed(value) for value in key.values if len(key.values) == 1)])
    return condition


def _indexed(value: str) -> Condition:
    """The range of a date in absolute time, which an index knows."""
    if value == '""':
        return Condition("true")
    since, until = date_range(value)
    return between(
        "t.scheduled_at", _midnight(since) if since else None, _midnight(until, days=1) if until else None
    )


def _midnight(day: dt.date, *, days: int = 0) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min)) + dt.timedelta(days=days)


def _steps_json(steps: Key) -> str:
    """The one item of the sequence as DICOM JSON, with what is asked for in it, or everything."""
    tags = [key.tag for key in steps.items if key.tag in _STEP_ATTRIBUTES] or list(_STEP_ATTRIBUTES)
    plain = [tag for tag in tags if vr_of(tag) != "SQ"]
    members = ", ".join(
        f"'{tag:08X}', jsonb_build_object('vr', '{vr_of(tag)}', 'Value', jsonb_build_array({_json_value(tag)}))"
        for tag in plain
    )
    return f"jsonb_build_object('vr', 'SQ', 'Value', jsonb_build_array(jsonb_build_object({members})))"


def _json_value(tag: int) -> str:
    shown = _STEP_ATTRIBUTES[tag].shown
    return f"jsonb_build_object('Alphabetic', {shown})" if vr_of(tag) == "PN" else shown


def _source(called_ae_title: str, patient_ids: Sequence[str]) -> Condition:
    """The tables; a patient is shown by the identifier that was asked for, else by the site's own."""
    asked = matches_text("n.value", patient_ids) if patient_ids else Condition("n.value IS NOT NULL")
    return Condition(
        "orders_scheduledprocedurestep t JOIN orders_order r ON r.id = t.order_id "  # noqa: S608
        "JOIN mpi_patient p ON p.id = r.patient_id JOIN accounts_site o ON o.id = r.site_id "
        "CROSS JOIN LATERAL (SELECT t.scheduled_at AT TIME ZONE %s AS starts, "
        "COALESCE(NULLIF(t.station_ae_title, ''), %s) AS station) l "
        "LEFT JOIN LATERAL (SELECT n.value, n.authority_namespace FROM mpi_patientidentifier n "
        f"WHERE n.patient_id = r.patient_id ORDER BY ({asked.sql}) DESC, "
        "(n.authority_namespace = o.authority_namespace) DESC, n.id LIMIT 1) d ON true",
        (settings.TIME_ZONE, called_ae_title, *asked.parameters),
    )
