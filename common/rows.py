"""Rows of any models, written together in one statement.

A step of a process writes to half a dozen tables. Each through the ORM would cost a statement put together
anew and a trip to the database; here a statement is made once for each shape (which tables, which columns),
from the models themselves, and the server prepares it. The rows of one table are one JSON parameter, so
their number does not change the statement. Constraints and triggers act as ever; Django's signals do not.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import AutoField, BigIntegerField, CharField, Field, Func, Model, Value
from django.db.models.options import Options

from common.prepared import PreparedUpdate

Table = type[Model]


class Changes:
    """Rows to insert and to update, kept until `write`, which puts all of them into the transaction in hand.

    A row may be given once. What the rows refer to is in the database, or among them with a key already.
    """

    def __init__(self) -> None:
        self._new: dict[tuple[Table, bool, bool], list[Model]] = {}
        self._changed: list[tuple[Model, tuple[str, ...]]] = []
        self._also: list[tuple[str, list[Any]]] = []

    def insert(self, rows: Iterable[Model], *, ignore_conflicts: bool = False) -> None:
        """Add rows. Those without a key get the one the database counts, unless they may be known already."""
        for row in rows:
            self._new.setdefault((type(row), row.pk is not None, ignore_conflicts), []).append(row)

    def update(self, row: Model, *fields: str) -> None:
        """Write these fields of a row that the transaction holds locked."""
        self._changed.append((row, fields))

    def also(self, update: PreparedUpdate, **slots: Any) -> None:
        """Add an update of many rows. It sees what was there before `write`, not what is written with it."""
        self._also.append(update.statement(**slots))

    def write(self) -> None:
        """Write everything with one statement; nothing is left to write then."""
        new, changed, also = self._new, self._changed, self._also
        if not new and not changed and not also:
            return
        self._new, self._changed, self._also = {}, [], []
        updates = [(_update(type(row), fields), row) for row, fields in changed]
        inserts = [(_insert(*shape), rows) for shape, rows in new.items()]
        sql = _statement(
            (*(sql for sql, _ in also), *(part.sql for part, _ in updates)),
            tuple(part for part, _ in inserts),
        )
        parameters = [value for _, values in also for value in values]
        parameters += [value for part, row in updates for value in part.values_of(row)]
        parameters += [part.as_json(rows) for part, rows in inserts]
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            keys = cursor.fetchall()
        keyed = [row for part, rows in inserts if part.gives_keys for row in rows]
        for row, (key,) in zip(keyed, keys, strict=True):
            row.pk = key
        for _, rows in inserts:
            for row in rows:
                row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as after `save`


def write_with(changes: Changes | None, rows: Iterable[Model], *, ignore_conflicts: bool = False) -> None:
    """Leave new rows to the changes somebody holds, or insert them now with a statement of their own."""
    held = Changes() if changes is None else changes
    held.insert(rows, ignore_conflicts=ignore_conflicts)
    if changes is None:
        held.write()


def insert_if_new(row: Model) -> bool:
    """Insert one row unless one like it is there, by any constraint; whether it was inserted, with its key.

    Waits for a transaction that is inserting such a row; after that one the row is to be read.
    """
    part, key = _insert(type(row), has_key=False, ignore_conflicts=True), _options(type(row)).pk
    with connection.cursor() as cursor:
        cursor.execute(f"{part.sql} RETURNING {_quoted(key.column)}", [part.as_json([row])])
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk = found[0]
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as after `save`
    return True


def next_key(table: Table) -> Func:
    """The key the database counts next for a table, as an expression: what is asked is used up.

    A row that knows its key beforehand is written in one statement with the rows that refer to it.
    """
    options = _options(table)
    sequence = Func(
        Value(options.db_table), Value(options.pk.column), function="pg_get_serial_sequence",
        output_field=CharField(),
    )  # fmt: skip
    return Func(sequence, function="nextval", output_field=BigIntegerField())


@dataclass(frozen=True, slots=True)
class _Update:
    """The update of one row, its values as parameters and its key the last of them."""

    sql: str
    fields: tuple[Field[Any, Any], ...]

    def values_of(self, row: Model) -> list[Any]:
        return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in self.fields] + [
            row.pk
        ]


@dataclass(frozen=True, slots=True)
class _Insert:
    """Rows into one table, given as a JSON array of objects whose keys are the table's columns."""

    sql: str
    columns: tuple[tuple[str, str], ...]
    gives_keys: bool

    def as_json(self, rows: Iterable[Model]) -> str:
        values = (row.__dict__ for row in rows)
        return _JSON.encode([{column: each[name] for column, name in self.columns} for each in values])


@lru_cache(maxsize=512)
def _update(table: Table, fields: tuple[str, ...]) -> _Update:
    options = _options(table)
    written = tuple(field for field in options.concrete_fields if field.name in fields)
    columns = ", ".join(f"{_quoted(field.column)} = %s" for field in written)
    key = _quoted(options.pk.column)
    return _Update(f"UPDATE {_quoted(options.db_table)} SET {columns} WHERE {key} = %s", written)  # noqa: S608


@lru_cache(maxsize=512)
def _insert(table: Table, has_key: bool, ignore_conflicts: bool) -> _Insert:
    """A row brings every column but those the database generates, and a key that it counts and has not given yet."""
    options = _options(table)
    name, key = _quoted(options.db_table), options.pk
    is_counted = isinstance(key, AutoField) and not has_key
    written = [
        field
        for field in options.concrete_fields
        if not field.generated and not (is_counted and field is key)
    ]
    columns = ", ".join(_quoted(field.column) for field in written)
    sql = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s)"  # noqa: S608
    gives_keys = is_counted and not ignore_conflicts
    if gives_keys:
        sql += f" RETURNING {_quoted(key.column)} AS key"
    elif ignore_conflicts:
        sql += " ON CONFLICT DO NOTHING"
    return _Insert(sql, tuple((str(field.column), field.attname) for field in written), gives_keys)


@lru_cache(maxsize=512)
def _statement(updates: tuple[str, ...], inserts: tuple[_Insert, ...]) -> str:
    """One statement that does all the parts and answers with the new keys, in the order of the rows."""
    parts = (*updates, *(part.sql for part in inserts))
    named = ", ".join(f"part{number} AS ({part})" for number, part in enumerate(parts))
    keys = " UNION ALL ".join(
        f"SELECT key FROM part{number}"  # noqa: S608 - names of our own
        for number, part in enumerate(inserts, start=len(updates))
        if part.gives_keys
    )
    return f"WITH {named} {keys or 'SELECT WHERE false'}"


def _options(table: Table) -> Options[Any]:
    return table._meta  # noqa: SLF001 - Django's documented door to what a model says, underscore or not


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")


def _as_text(value: Any) -> str:
    """A value JSON does not know, as the database reads it."""
    if isinstance(value, uuid.UUID | dt.datetime | dt.date | dt.time):
        return str(value)
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    raise TypeError(f"No column of ours holds a {type(value).__name__}")


_JSON = json.JSONEncoder(separators=(",", ":"), default=_as_text)
