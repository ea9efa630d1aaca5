"""Statements made of models: what changes rows of one table is a part, and many parts are one statement.

Each is made once for its shape: which table, which columns, how many rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import AutoField, Model
from django.db.models.options import Options

from common.columns import Column, as_json, column, texts
from common.lean import LeanStatement

Table = type[Model]


@dataclass(eq=False, slots=True)
class Update:
    """The update of one row, its values as parameters and its key the last of them. There is one a shape."""

    sql: str
    columns: tuple[Column, ...]

    def values_of(self, row: Model) -> list[bytes | None]:
        return texts(row.__dict__, self.columns)


@dataclass(eq=False, slots=True)
class Insert:
    """Rows into one table: a parameter for each value of each row, or all of them as a JSON array of objects.

    There is one a shape, so that it is known by itself and not by what it holds.
    """

    sql: str
    columns: tuple[Column, ...]
    gives_keys: bool
    is_json: bool

    def values_of(self, rows: Iterable[dict[str, Any]]) -> list[bytes | None]:
        """The parameters for rows, each given as the values of its attributes."""
        if self.is_json:
            return [as_json([self._as_object(row) for row in rows])]
        return [text for row in rows for text in texts(row, self.columns)]

    def _as_object(self, values: dict[str, Any]) -> dict[str, Any]:
        return {column.name: values[column.attribute] for column in self.columns}


@lru_cache(maxsize=512)
def update_of(table: Table, fields: tuple[str, ...]) -> Update:
    """Write these fields of one row."""
    options = options_of(table)
    written = tuple(column(field) for field in options.concrete_fields if field.name in fields)
    columns = ", ".join(f"{quoted(column.name)} = %s" for column in written)
    key = column(options.pk)
    sql = f"UPDATE {quoted(options.db_table)} SET {columns} WHERE {quoted(key.name)} = %s"  # noqa: S608
    return Update(sql, (*written, key))


@lru_cache(maxsize=64)
def delete_of(table: Table) -> str:
    """Delete one row."""
    options = options_of(table)
    return f"DELETE FROM {quoted(options.db_table)} WHERE {quoted(options.pk.column)} = %s"  # noqa: S608


@lru_cache(maxsize=512)
def insert_of(table: Table, has_key: bool, ignore_conflicts: bool, keys: bool, count: int) -> Insert:
    """A row brings every column but those the database generates, and a key that it counts and has not given yet.

    `count`  the number of rows; 0 for any number, as JSON.
    """
    options = options_of(table)
    name, key = quoted(options.db_table), options.pk
    is_counted = isinstance(key, AutoField) and not has_key
    written = [
        field
        for field in options.concrete_fields
        if not field.generated and not (is_counted and field is key)
    ]
    columns = ", ".join(quoted(field.column) for field in written)
    sql = f"INSERT INTO {name} ({columns}) "
    if count:
        row = f"({', '.join(['%s'] * len(written))})"
        sql += f"VALUES {', '.join([row] * count)}"
    else:
        sql += f"SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s)"  # noqa: S608
    gives_keys = is_counted and keys and not ignore_conflicts
    if gives_keys:
        sql += f" RETURNING {quoted(key.column)} AS key"
    elif ignore_conflicts:
        sql += " ON CONFLICT DO NOTHING"
    return Insert(sql, tuple(map(column, written)), gives_keys, is_json=not count)


@lru_cache(maxsize=512)
def statement_of(
    musts: tuple[str, ...], updates: tuple[str, ...], inserts: tuple[Insert, ...]
) -> LeanStatement:
    """One statement that does all the parts and answers with the new keys, in the order of the rows.

    A part that must find its row is divided by how many it found: an error alone keeps back the COMMIT that may
    be on its way already.
    """
    parts = (*musts, *updates, *(part.sql for part in inserts))
    named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts))
    answers = [
        f"SELECT NULL::bigint AS key WHERE 1 / (SELECT count(*) FROM part{number}) = 0"  # noqa: S608
        for number in range(len(musts))
    ]
    answers += [
        f"SELECT key FROM part{number}"  # noqa: S608 - names of our own
        for number, part in enumerate(inserts, start=len(musts) + len(updates))
        if part.gives_keys
    ]
    return LeanStatement(f"WITH {named} {' UNION ALL '.join(answers) or 'SELECT WHERE false'}")


@lru_cache(maxsize=64)
def returning(sql: str, name: str) -> LeanStatement:
    """A part as a statement of its own, which answers with a column of its rows."""
    return LeanStatement(f"{sql} RETURNING {quoted(name)}")


def options_of(table: Table) -> Options[Any]:
    """What a model says of its table."""
    return table._meta  # noqa: SLF001 - Django's documented door to what a model says, underscore or not


def quoted(name: str | None) -> str:
    """A name as SQL writes it."""
    return connection.ops.quote_name(name or "")
