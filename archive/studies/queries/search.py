"""Running a query: rows as they come from the database, as few in memory as the reader takes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import QuerySet

from archive.studies.models import Study
from archive.studies.queries.catalogue import PATIENT_NAME
from archive.studies.queries.matching import Condition, has_wildcard
from archive.studies.queries.requests import Query, check_query
from archive.studies.queries.statement import Column, paged_statement_of, scope_of, statement_of

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Answers:
    """What every row holds, and the rows. Closing `rows` stops the statement.

    A value is text as DICOM writes it (values separated by backslashes), the text of a DICOM JSON element where
    the column says so, or None. `unsupported` are keys that were not answered or not matched.
    """

    columns: tuple[Column, ...]
    unsupported: tuple[int, ...]
    rows: Generator[tuple[str | None, ...]]


@dataclass(frozen=True, slots=True)
class Page:
    """As Answers, with rows that have all been read."""

    columns: tuple[Column, ...]
    unsupported: tuple[int, ...]
    rows: list[tuple[str | None, ...]]


def search(query: Query, *, within: QuerySet[Study] | Condition) -> Answers:
    """Everything that matches, of the studies `within` only, by one statement whatever its size.

    `within` is a queryset, or what `scope_of` made of one.

    Raises  InvalidInput for a query that breaks the rules of its model or holds a key that cannot be matched.
    """
    check_query(query)
    scope = within if isinstance(within, Condition) else scope_of(within)
    statement = statement_of(query, within=scope)
    return Answers(statement.columns, statement.unsupported, rows_of(statement.sql, statement.parameters))


def search_page(query: Query, *, within: QuerySet[Study] | Condition) -> Page:
    """As `search`, of a query with a limit: all rows at once, by two statements; by one if there are none."""
    check_query(query)
    scope = within if isinstance(within, Condition) else scope_of(within)
    statement = paged_statement_of(query, within=scope)
    with _planned_anew() if _is_found_by_pattern(query) else connection.cursor() as cursor:
        cursor.execute(statement.find.sql, statement.find.parameters)
        keys = cursor.fetchall()
    if not keys:
        return Page(statement.columns, statement.unsupported, [])
    named = [list(column) for column in zip(*keys, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement.show.sql, [*named, *statement.show.parameters])
        return Page(statement.columns, statement.unsupported, cursor.fetchall())


def _is_found_by_pattern(query: Query) -> bool:
    """Whether the best plan follows from the values: an index of names serves a pattern the planner can see.

    A patient's name is always one: what follows the components that are asked for is open.
    """
    asked = [key for key in query.keys if not key.is_universal]
    is_by_name = query.is_fuzzy or any(key.tag == PATIENT_NAME for key in asked)
    return is_by_name or any(has_wildcard(value) for key in asked for value in key.values)


class _PlannedAnew(psycopg.Cursor[Any]):
    """Has a statement planned each time with the values in it, however often it is asked."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> _PlannedAnew:
        return super().execute(query, params, **{**options, "prepare": False})


@contextlib.contextmanager
def _planned_anew() -> Iterator[CursorWrapper]:
    connection.ensure_connection()
    cursor = _PlannedAnew(connection.connection)
    with connection._prepare_cursor(cursor) as wrapped:  # type: ignore[attr-defined]  # noqa: SLF001
        yield wrapped


def rows_of(sql: str, parameters: tuple[Any, ...]) -> Generator[tuple[str | None, ...]]:
    """The rows of a statement, streamed: the connection is busy with it until it is read or closed."""
    connection.ensure_connection()
    began = time.monotonic()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield from cursor.stream(sql, parameters, size=_AT_ONCE)
    if connection.queries_logged:
        connection.queries_log.append({"sql": sql, "time": f"{time.monotonic() - began:.3f}"})
