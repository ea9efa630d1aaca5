"""A query as one SQL statement.

The patient's demographics are those of today, from the master patient index; the Patient ID is the one issued
by the site that owns the study, or by the authority the query names (IHE PIR; PS3.3 §C.7.1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from archive.studies.models import Study
from archive.studies.queries.catalogue import (
    ISSUER,
    PATIENT_ID,
    PATIENT_NAME,
    RETRIEVE_AE_TITLE,
    STUDY_DATE,
    STUDY_TIME,
    Attribute,
    attribute_of,
)
from archive.studies.queries.fuzzy import matches_name_fuzzily, matches_words
from archive.studies.queries.kept import matches_kept
from archive.studies.queries.matching import (
    Condition,
    all_of,
    matches_datetime,
    matches_patient_name,
    matches_text,
)
from archive.studies.queries.requests import UNIQUE_KEYS, Key, Level, Query

_ALIAS = re.compile(r"\b([podsei])\.")
_ROWS = {Level.STUDY: "s", Level.SERIES: "se", Level.IMAGE: "sei"}  # which tables name a row of each level


@dataclass(frozen=True, slots=True)
class Column:
    """One element of every answer: `keys` are those asked for within a sequence."""

    tag: int
    vr: str
    is_json: bool = False
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL whose rows hold the columns' values in order; `unsupported` are keys that nothing answers."""

    sql: str
    parameters: tuple[Any, ...]
    columns: tuple[Column, ...]
    unsupported: tuple[int, ...]


def scope_of(within: QuerySet[Study]) -> Condition:
    """The studies of a queryset as SQL: whoever asks often keeps it, for Django takes its time to write it."""
    return Condition(*within.order_by().query.sql_with_params())


@dataclass(frozen=True, slots=True)
class PagedStatement:
    """A page in two statements: `find` names its rows by what is matched, `show` tells of those what is wanted.

    `show` takes what `find` gave, a list a column. Its text follows from what is shown alone, so that the server
    plans it once; what is matched has to be planned anew with its values, and is all that is planned then.
    """

    find: Condition
    show: Condition
    columns: tuple[Column, ...]
    unsupported: tuple[int, ...]


def statement_of(query: Query, *, within: Condition) -> Statement:
    """The statement that answers a query, of the studies in the scope `within` only."""
    parts = _parts(query)
    where = [condition.sql for condition in parts.conditions] or ["true"]
    source = _source(query, within, used=_aliases([parts.shown, *where]), matched=_aliases(where))
    return Statement(
        f"SELECT {parts.shown} FROM {source.sql} WHERE {' AND '.join(where)}{_page(query)}",  # noqa: S608
        _parameters([source, *parts.conditions]),
        parts.columns,
        parts.unsupported,
    )


def paged_statement_of(query: Query, *, within: Condition) -> PagedStatement:
    """As `statement_of`, of a query below the patient level with a limit."""
    parts = _parts(query)
    where = [condition.sql for condition in parts.conditions] or ["true"]
    matched = _aliases(where)
    source = _source(query, within, used=matched, matched=matched)
    names = ", ".join(f"{alias}.id" for alias in _ROWS[query.level])
    find = Condition(
        f"SELECT {names} FROM {source.sql} WHERE {' AND '.join(where)}{_page(query)}",  # noqa: S608
        _parameters([source, *parts.conditions]),
    )
    return PagedStatement(find, _show(query, parts.shown), parts.columns, parts.unsupported)


@dataclass(frozen=True, slots=True)
class _Parts:
    shown: str
    conditions: list[Condition]
    columns: tuple[Column, ...]
    unsupported: tuple[int, ...]


def _parts(query: Query) -> _Parts:
    known = [(key, attribute_of(key.tag, query.level)) for key in query.keys]
    asked = [(key, attribute) for key, attribute in known if attribute is not None]
    conditions = _conditions(query, asked)
    unsupported = [key.tag for key, attribute in known if attribute is None and key.tag != RETRIEVE_AE_TITLE]
    unsupported += [key.tag for key, attribute in asked if not key.is_universal and _is_unmatched(attribute)]
    asked.sort(key=lambda pair: pair[0].tag)
    return _Parts(
        ", ".join(attribute.shown for _, attribute in asked) or "1",
        conditions,
        tuple(Column(key.tag, attribute.vr, attribute.is_json, key.items) for key, attribute in asked),
        tuple(unsupported),
    )


def _is_unmatched(attribute: Attribute) -> bool:
    return attribute.matcher is None and not attribute.column


def _aliases(parts: Iterable[str]) -> set[str]:
    return {alias for part in parts for alias in _ALIAS.findall(part)}


def _page(query: Query) -> str:
    if query.limit is None:
        return ""
    return f" ORDER BY {_order(query)} LIMIT {int(query.limit)} OFFSET {int(query.offset)}"


def _order(query: Query) -> str:
    """A total order: of studies the newest first, below a known study or series by number."""
    if query.level is Level.PATIENT:
        return "p.id, s.site_id"
    if query.level is Level.STUDY:
        return "s.study_date DESC NULLS LAST, s.id DESC"
    if query.level is Level.SERIES:
        return "e.series_number, e.id" if _names_one(query, Level.STUDY) else "e.id DESC"
    return "i.instance_number, i.id" if _names_one(query, Level.SERIES) else "i.id DESC"


def _names_one(query: Query, level: Level) -> bool:
    key = query.key(UNIQUE_KEYS[level][0])
    return key is not None and len(key.values) == 1 and not key.is_universal


def _show(query: Query, shown: str) -> Condition:
    """What is shown of rows whose keys are given, in the order they were found in.

    The keys stand in a SELECT of their own, out of the planner's sight: one row or many, it is the same plan.
    """
    aliases = _ROWS[query.level]
    keys = ", ".join("(SELECT %s::bigint[])" for _ in aliases)
    names = ", ".join(f"{alias}_id" for alias in aliases)
    parts = [
        Condition(f"unnest({keys}) AS k({names})"), Condition("JOIN studies_study s ON s.id = k.s_id")
    ]  # fmt: skip
    if "e" in aliases:
        parts.append(Condition("JOIN studies_series e ON e.id = k.e_id"))
    if "i" in aliases:
        parts.append(Condition("JOIN studies_instance i ON i.id = k.i_id"))
    parts += _shown_only(query, _aliases([shown]))
    return Condition(
        f"SELECT {shown} FROM {' '.join(part.sql for part in parts)} ORDER BY {_order(query)}",  # noqa: S608
        _parameters(parts),
    )


def _parameters(parts: Iterable[Condition]) -> tuple[Any, ...]:
    return tuple(value for part in parts for value in part.parameters)


def _conditions(query: Query, asked: Sequence[tuple[Key, Attribute]]) -> list[Condition]:
    conditions = []
    combined = _combined(query)
    if combined is not None:
        conditions.append(combined)
    for key, attribute in asked:
        is_done = combined is not None and key.tag in {STUDY_DATE, STUDY_TIME}
        if not key.is_universal and not is_done:
            condition = _condition(key, attribute, query)
            if condition is not None:
                conditions.append(condition)
    return conditions


def _combined(query: Query) -> Condition | None:
    if not query.is_datetime_combined or query.level is Level.PATIENT:
        return None
    date, time = query.key(STUDY_DATE), query.key(STUDY_TIME)
    if date is None or time is None or len(date.values) != 1 or len(time.values) != 1:
        return None
    if date.is_universal or time.is_universal or "-" not in date.values[0] + time.values[0]:
        return None
    return matches_datetime("s.study_date", "s.study_time", date.values[0], time.values[0])


def _condition(key: Key, attribute: Attribute, query: Query) -> Condition | None:
    if attribute.tag == PATIENT_NAME:
        return _patient_name(key, query)
    if attribute.tag == PATIENT_ID:
        return _patient_id(key, query)
    if attribute.is_json and attribute.column:
        return matches_kept(f"{attribute.column}.attributes", key)
    if attribute.matcher is None:
        return None
    matcher = matches_words if attribute.vr == "PN" and query.is_fuzzy else attribute.matcher
    return matcher(attribute.column, key.values)


def _patient_name(key: Key, query: Query) -> Condition:
    """By the name that stands with the study, so that one index holds name and order; else by the patient's row.

    The patient's has what a study's has not: ideographs, and indexes of parts and sounds for fuzzy matching.
    """
    if query.is_fuzzy:
        return matches_name_fuzzily("p.matching_name", "p.ideographic_name", key.values)
    of_patient = matches_patient_name("p.matching_name", "p.ideographic_name", key.values)
    if query.level is Level.PATIENT or "p.ideographic_name" in of_patient.sql:
        return of_patient
    return matches_patient_name("s.patient_matching_name", "p.ideographic_name", key.values)


def _patient_id(key: Key, query: Query) -> Condition:
    """By the identifier that is shown; all patients who hold such an identifier are looked up first."""
    patient = "p.id" if query.level is Level.PATIENT else "s.patient_id"
    held = matches_text("n.value", key.values)
    known = Condition(
        f"{patient} IN (SELECT n.patient_id FROM mpi_patientidentifier n WHERE {held.sql})",  # noqa: S608
        held.parameters,
    )
    return all_of([known, matches_text("d.value", key.values)])


def _source(query: Query, within: Condition, *, used: set[str], matched: set[str]) -> Condition:
    """The tables, joined as far as the statement uses them.

    A patient who is only shown is looked up study by study: else the planner may read all patients there are.
    """
    parts: list[Condition] = []
    if query.level is Level.PATIENT:
        parts.append(
            Condition(
                "mpi_patient p JOIN LATERAL (SELECT DISTINCT v.patient_id, v.site_id "  # noqa: S608
                f"FROM ({within.sql}) v WHERE v.patient_id = p.id) s ON true",
                within.parameters,
            )
        )
    else:
        parts.append(Condition(f"({within.sql}) s", within.parameters))
        if "p" in matched:
            parts.append(Condition("JOIN mpi_patient p ON p.id = s.patient_id"))
    if query.level >= Level.SERIES:
        parts.append(Condition("JOIN studies_series e ON e.study_id = s.id AND e.withdrawn_at IS NULL"))
    if query.level is Level.IMAGE:
        parts.append(Condition("JOIN studies_instance i ON i.series_id = e.id"))
    is_joined = query.level is Level.PATIENT or "p" in matched
    parts += _shown_only(query, used - {"p"} if is_joined else used)
    return Condition(" ".join(part.sql for part in parts), _parameters(parts))


def _shown_only(query: Query, used: set[str]) -> list[Condition]:
    """What is looked up row by row, for it is not what rows are found by."""
    parts = []
    if "p" in used:
        parts.append(
            Condition("CROSS JOIN LATERAL (SELECT * FROM mpi_patient q WHERE q.id = s.patient_id OFFSET 0) p")
        )
    if "d" in used:
        parts += [Condition("JOIN accounts_site o ON o.id = s.site_id"), _shown_identifier(query)]
    return parts


def _shown_identifier(query: Query) -> Condition:
    """Which of a patient's identifiers is shown: of the authority asked for, else of the study's site."""
    issuer, patient_id = query.key(ISSUER), query.key(PATIENT_ID)
    authority = Condition("m.authority_namespace = o.authority_namespace")
    if issuer is not None and not issuer.is_universal:
        authority = matches_text("m.authority_namespace", issuer.values)
    orders = [authority]
    if patient_id is not None and not patient_id.is_universal:
        orders.append(matches_text("m.value", patient_id.values))
    order = ", ".join(f"({condition.sql}) DESC" for condition in orders)
    return Condition(
        "LEFT JOIN LATERAL (SELECT m.id, m.value, m.authority_namespace FROM mpi_patientidentifier m "  # noqa: S608
        f"WHERE m.patient_id = s.patient_id ORDER BY {order}, m.id LIMIT 1) d ON true",
        _parameters(orders),
    )
