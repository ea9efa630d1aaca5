"""Rows of any models, written together in one statement.

A step of a process writes to half a dozen tables. Each through the ORM would cost a statement put together
anew and a trip to the database; here a statement is made once for each shape (which tables, which columns, how
many rows), from the models themselves, and the server prepares it. Many rows of one table are one JSON parameter,
whatever their number. Constraints and triggers act as ever; Django's signals do not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DataError
from django.db.models import Model
from psycopg.errors import DivisionByZero

from common.commits import call_after_commit
from common.lean import LeanStatement, texts_of
from common.making import defaults_of
from common.prepared import PreparedChange, PreparedCheck, PreparedUpdate
from common.row_parts import Table, delete_of, insert_of, options_of, returning, statement_of, update_of

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
        self._also.append((delete_of(type(row)), [row.pk]))

    def also(self, change: PreparedChange, **slots: Any) -> None:
        """Change many rows. It sees what was there before `write`, not what is written with it."""
        self._also.append(change.statement(**slots))

    def must(self, update: PreparedUpdate, *, first: bool = False, **slots: Any) -> None:
        """Add an update of one row that nobody has locked: it says what the row must still be like, or all is off.

        Rows are locked in the order of these calls; what is to be locked `first` is put before them.
        """
        self._musts.insert(0 if first else len(self._musts), update.answering(**slots))

    def given(self, row: PreparedCheck, **slots: Any) -> None:
        """Write only if there is such a row as known, or all is off; nobody has locked it, and nobody does."""
        self._musts.insert(0, row.statement(**slots))

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
        updates = [(update_of(type(row), fields), row) for row, fields in changed]
        inserts = [
            (insert_of(*shape, len(rows) if len(rows) <= MANY else 0), rows) for shape, rows in new.items()
        ]
        statement = statement_of(
            tuple(sql for sql, _ in musts),
            (*(sql for sql, _ in also), *(part.sql for part, _ in updates)),
            tuple(part for part, _ in inserts),
        )
        parameters = [value for _, values in (*musts, *also) for value in values]
        parameters = texts_of(parameters) or parameters
        parameters += [value for part, row in updates for value in part.values_of(row)]
        for part, rows in inserts:
            parameters += part.values_of(map(_values, rows))
        keys = _kept(statement, parameters, commit=commit)
        keyed = [row for part, rows in inserts if part.gives_keys for row in rows]
        for row, (key,) in zip(keyed, keys, strict=True):
            if isinstance(row, Line):
                row.values[_key(row.table)] = key
            else:
                row.pk = key
        _note_written(row for _, rows in inserts for row in rows)
        then, self._then = self._then, []
        call_after_commit(then)


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
    part = insert_of(type(row), has_key=False, ignore_conflicts=True, keys=False, count=1)
    statement = returning(part.sql, str(options_of(type(row)).pk.column))
    found = statement.rows(part.values_of([row.__dict__]))
    if not found:
        return False
    row.pk = found[0][0]
    _note_written([row])
    return True


def _values(row: Model | Line) -> dict[str, Any]:
    return row.values if isinstance(row, Line) else row.__dict__


def _note_written(rows: Iterable[Model | Line]) -> None:
    for row in rows:
        if isinstance(row, Model):
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS  # noqa: SLF001 - as after `save`


@lru_cache(maxsize=256)
def _key(table: Table) -> str:
    """The attribute that holds the key of a table's rows."""
    return str(options_of(table).pk.attname)
