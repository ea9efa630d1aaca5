"""Rows of any models, written together in one statement.

A step of a process writes to half a dozen tables. Each through the ORM would cost a statement put together
anew and a trip to the database; here a statement is made once for each shape (which tables, which columns, how
many rows), from the models themselves, and the server prepares it. Many rows of one table are one JSON parameter,
whatever their number. Constraints and triggers act as ever; Django's signals do not.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, DataError, connection, transaction
from django.db.models import AutoField, BigIntegerField, CharField, Field, Func, Model, Value
from django.db.models.options import Options
from psycopg.errors import DivisionByZero

from common.lean import LeanStatement, bytea, texts_of
from common.making import defaults_of
from common.prepared import PreparedChange, PreparedUpdate

Table = type[Model]
MANY = 8
"""From more rows of a table than this on they travel as JSON: a statement for each number would not pay."""


class Overtaken(Exception):
    """A row was to be as it was known, and has moved since: nothing of the transaction holds."""


class Line:
    """A new row of a table that nobody needs as a model: a log's line costs a twentieth of one.

    Columns are named as the model's attributes are, keys of others with `_id`; what is left out has its default.
    """

    __slots__ = ("table", "values")

    def __init__(self, table: Table, **values: Any) -> None:
        constant, made = defaults_of(table)
        self.table = table
        self.values: dict[str, Any] = {**constant, **values}
        if len(self.values) > len(constant):
            raise TypeError(f"{table.__name__} has no {', '.join(values.keys() - constant.keys())}")
        for name, make in made:
            if name not in values:
                self.values[name] = make()

    @property
    def pk(self) -> Any:
        """The row's key, once it is written."""
        return self.values[_key(self.table)]


class Changes:
    """Rows to insert, to update and to delete, kept until `write`, which puts all of them into the transaction in hand.

    A row may be given once. What the rows refer to is in the database, or among them with a key already.
    """

    def __init__(self) -> None:
        self._new: dict[tuple[Table, bool, bool, bool], list[Model | Line]] = {}
        self._changed: list[tuple[Model, tuple[str, ...]]] = []
        self._also: list[tuple[str, list[Any]]] = []
        self._musts: list[tuple[str, list[Any]]] = []
        self._then: list[Callable[[], Any]] = []

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._new or self._changed or self._also or self._musts)

    def insert(
        self, rows: Iterable[Model | Line], *, ignore_conflicts: bool = False, keys: bool = True
    ) -> None:
        """Add rows. Those without a key get the one the database counts, unless they may be known already.

        `keys`  whether the caller asks for those keys; a log's lines are hardly ever asked for theirs.
        """
        for row in rows:
            table, values = (row.table, row.values) if isinstance(row, Line) else (type(row), row.__dict__)
            shape = (table, values[_key(table)] is not None, ignore_conflicts, keys)
            self._new.setdefault(shape, []).append(row)

    def update(self, row: Model, *fields: str) -> None:
        """Write these fields of a row that the transaction holds locked."""
        self._changed.append((row, fields))

    def delete(self, row: Model) -> None:
        """Delete a row that the transaction holds locked, and to which nothing refers."""
        self._also.append((_delete(type(row)), [row.pk]))

    def also(self, change: PreparedChange, **slots: Any) -> None:
        """Change many rows. It sees what was there before `write`, not what is written with it."""
        self._also.append(_in_words(*change.statement(**slots)))

    def must(self, update: PreparedUpdate, *, first: bool = False, **slots: Any) -> None:
        """Add an update of one row that nobody has locked: it says what the row must still be like, or all is off.

        Rows are locked in the order of these calls; what is to be locked `first` is put before them.
        """
        self._musts.insert(0 if first else len(self._musts), _in_words(*update.statement(**slots)))

    def then(self, call: Callable[[], Any]) -> None:
        """Call this once what is written is committed; what it raises is logged."""
        self._then.append(call)

    def write(self, *, commit: bool = False) -> None:
        """Write everything with one statement; nothing is left to write then.

        `commit`  the transaction ends with it, if it is the caller's own (see `LeanStatement.rows`).

        Raises  Overtaken where a row that must be as it was known is not.
        """
        if not self:
            return
        new, changed, also, musts = self._new, self._changed, self._also, self._musts
        self._new, self._changed, self._also, self._musts = {}, [], [], []
        updates = [(_update(type(row), fields), row) for row, fields in changed]
        inserts = [
            (_insert(*shape, len(rows) if len(rows) <= MANY else 0), rows) for shape, rows in new.items()
        ]
        statement = _statement(
            tuple(sql for sql, _ in musts),
            (*(sql for sql, _ in also), *(part.sql for part, _ in updates)),
            tuple(part for part, _ in inserts),
        )
        parameters = [value for _, values in (*musts, *also) for value in values]
        parameters += [value for part, row in updates for value in part.values_of(row)]
        for part, rows in inserts:
            parameters += part.values_of(rows)
        keys = _kept(statement, parameters, commit=commit)
        keyed = [row for part, rows in inserts if part.gives_keys for row in rows]
        for row, (key,) in zip(keyed, keys, strict=True):
            if isinstance(row, Line):
                row.values[_key(row.table)] = key
            else:
                row.pk = key
        _note_written(row for _, rows in inserts for row in rows)
        for call in self._then:
            transaction.on_commit(call, robust=True)
        self._then = []


def _in_words(sql: str, values: list[Any]) -> tuple[str, list[Any]]:
    """A statement with its values in the database's own words, where they have any."""
    return sql, texts_of(values) or values


def _kept(statement: LeanStatement, parameters: list[Any], *, commit: bool) -> list[Any]:
    """What a statement answers whose parts may find that a row has moved."""
    try:
        return statement.rows(parameters, commit=commit)
    except DataError as error:
        if isinstance(error.__cause__, DivisionByZero):
            raise Overtaken from error
        raise


def write_with(
    changes: Changes | None,
    rows: Iterable[Model | Line],
    *,
    ignore_conflicts: bool = False,
    keys: bool = True,
) -> None:
    """Leave new rows to the changes somebody holds, or insert them now with a statement of their own."""
    held = Changes() if changes is None else changes
    held.insert(rows, ignore_conflicts=ignore_conflicts, keys=keys)
    if changes is None:
        held.write()


def insert_if_new(row: Model) -> bool:
    """Insert one row unless one like it is there, by any constraint; whether it was inserted, with its key.

    Waits for a transaction that is inserting such a row; after that one the row is to be read.
    """
    part = _insert(type(row), has_key=False, ignore_conflicts=True, keys=False, count=1)
    statement = _returning(part.sql, str(_options(type(row)).pk.column))
    found = statement.rows(part.values_of([row]))
    if not found:
        return False
    row.pk = found[0][0]
    _note_written([row])
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


class _Column(NamedTuple):
    """A column, the attribute of the model that holds its value, and the value's text for the database."""

    name: str
    attribute: str
    text: Callable[[Any], bytes]


@dataclass(eq=False, slots=True)
class _Update:
    """The update of one row, its values as parameters and its key the last of them. There is one a shape."""

    sql: str
    columns: tuple[_Column, ...]

    def values_of(self, row: Model) -> list[bytes | None]:
        return _texts(row.__dict__, self.columns)


@dataclass(eq=False, slots=True)
class _Insert:
    """Rows into one table: a parameter for each value of each row, or all of them as a JSON array of objects.

    There is one a shape, so that it is known by itself and not by what it holds.
    """

    sql: str
    columns: tuple[_Column, ...]
    gives_keys: bool
    is_json: bool

    def values_of(self, rows: Iterable[Model | Line]) -> list[bytes | None]:
        values = [row.values if isinstance(row, Line) else row.__dict__ for row in rows]
        if self.is_json:
            return [_JSON.encode([self._as_object(each) for each in values]).encode()]
        return [text for each in values for text in _texts(each, self.columns)]

    def _as_object(self, values: dict[str, Any]) -> dict[str, Any]:
        return {column.name: values[column.attribute] for column in self.columns}


def _texts(values: dict[str, Any], columns: tuple[_Column, ...]) -> list[bytes | None]:
    """The values of these columns as the database reads them."""
    return [
        None if (value := values[attribute]) is None
        # Most columns hold texts, and most texts are plain ones.
        else value.encode() if type(value) is str and text is _plain
        else text(value)
        for _, attribute, text in columns
    ]  # fmt: skip


@lru_cache(maxsize=512)
def _update(table: Table, fields: tuple[str, ...]) -> _Update:
    options = _options(table)
    written = tuple(_column(field) for field in options.concrete_fields if field.name in fields)
    columns = ", ".join(f"{_quoted(column.name)} = %s" for column in written)
    key = _column(options.pk)
    sql = f"UPDATE {_quoted(options.db_table)} SET {columns} WHERE {_quoted(key.name)} = %s"  # noqa: S608
    return _Update(sql, (*written, key))


@lru_cache(maxsize=64)
def _delete(table: Table) -> str:
    options = _options(table)
    return f"DELETE FROM {_quoted(options.db_table)} WHERE {_quoted(options.pk.column)} = %s"  # noqa: S608


@lru_cache(maxsize=512)
def _insert(table: Table, has_key: bool, ignore_conflicts: bool, keys: bool, count: int) -> _Insert:
    """A row brings every column but those the database generates, and a key that it counts and has not given yet.

    `count`  the number of rows; 0 for any number, as JSON.
    """
    options = _options(table)
    name, key = _quoted(options.db_table), options.pk
    is_counted = isinstance(key, AutoField) and not has_key
    written = [
        field
        for field in options.concrete_fields
        if not field.generated and not (is_counted and field is key)
    ]
    columns = ", ".join(_quoted(field.column) for field in written)
    sql = f"INSERT INTO {name} ({columns}) "
    if count:
        row = f"({', '.join(['%s'] * len(written))})"
        sql += f"VALUES {', '.join([row] * count)}"
    else:
        sql += f"SELECT {columns} FROM json_populate_recordset(NULL::{name}, %s)"  # noqa: S608
    gives_keys = is_counted and keys and not ignore_conflicts
    if gives_keys:
        sql += f" RETURNING {_quoted(key.column)} AS key"
    elif ignore_conflicts:
        sql += " ON CONFLICT DO NOTHING"
    return _Insert(sql, tuple(map(_column, written)), gives_keys, is_json=not count)


@lru_cache(maxsize=512)
def _statement(
    musts: tuple[str, ...], updates: tuple[str, ...], inserts: tuple[_Insert, ...]
) -> LeanStatement:
    """One statement that does all the parts and answers with the new keys, in the order of the rows.

    A part that must find its row is divided by how many it found: an error alone keeps back the COMMIT that may
    be on its way already.
    """
    parts = (*(f"{sql} RETURNING 1" for sql in musts), *updates, *(part.sql for part in inserts))
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
def _returning(sql: str, column: str) -> LeanStatement:
    return LeanStatement(f"{sql} RETURNING {_quoted(column)}")


def _note_written(rows: Iterable[Model | Line]) -> None:
    for row in rows:
        if isinstance(row, Model):
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as after `save`


@lru_cache(maxsize=256)
def _key(table: Table) -> str:
    """The attribute that holds the key of a table's rows."""
    return str(_options(table).pk.attname)


def _column(field: Field[Any, Any]) -> _Column:
    related: Any = field
    while related.is_relation:
        related = related.target_field
    text = _TEXTS.get(related.get_internal_type(), _plain)
    return _Column(str(field.column), field.attname, text)


def _options(table: Table) -> Options[Any]:
    return table._meta  # noqa: SLF001 - Django's documented door to what a model says, underscore or not


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(name or "")


def _as_text(value: Any) -> str:
    """A value JSON does not know, as the database reads it."""
    if isinstance(value, uuid.UUID | dt.datetime | dt.date | dt.time):
        return str(value)
    if isinstance(value, bytes):
        return bytea(value).decode()
    raise TypeError(f"No column of ours holds a {type(value).__name__}")


def _plain(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else str(value).encode()


def _uuid(value: Any) -> bytes:
    return value.hex.encode() if isinstance(value, uuid.UUID) else str(value).encode()


def _moment(value: dt.datetime | dt.date | dt.time) -> bytes:
    return value.isoformat().encode()


def _json(value: Any) -> bytes:
    return _JSON.encode(value).encode() if value != {} else b"{}"


def _array(values: list[str]) -> bytes:
    escaped = (str(value).replace("\\", r"\\").replace('"', r"\"") for value in values)
    return ("{" + ",".join(f'"{value}"' for value in escaped) + "}").encode()


_JSON = json.JSONEncoder(separators=(",", ":"), default=_as_text, check_circular=False)
_TEXTS: dict[str, Callable[[Any], bytes]] = {
    "ArrayField": _array,
    "BinaryField": bytea,
    "BooleanField": lambda value: b"t" if value else b"f",
    "DateField": _moment,
    "DateTimeField": _moment,
    "JSONField": _json,
    "TimeField": _moment,
    "UUIDField": _uuid,
}
"""How a value of a type of field is written; where nothing is said, its `str` is what the database reads."""
