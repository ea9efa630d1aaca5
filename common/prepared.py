"""Querysets that are put together once: a hot path must not pay for writing the same SQL again and again.

The ORM spends several times longer on making a statement than the database on answering it. A
`PreparedQuery` keeps the statement of a queryset with places left open, and makes the same model instances
of its rows. The text never changes, so the server keeps its plan too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Expression, Model, QuerySet
from django.db.models.sql import DeleteQuery, UpdateQuery
from django.db.transaction import TransactionManagementError

from common.lean import LeanStatement
from common.making import RowMaker

M = TypeVar("M", bound=Model)


class Slot(Expression):
    """A place left open in a queryset, filled by name each time it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:  # noqa: ARG002 - an expression's own
        return "%s", [self]


class PreparedChange:
    """A change of the rows of a queryset whose open places are `Slot`s."""

    def __init__(self, queryset: Callable[[], QuerySet[Any]]) -> None:
        self._queryset = queryset

    def run(self, **slots: Any) -> int:
        """Change the rows; how many."""
        with connection.cursor() as cursor:
            cursor.execute(*self.statement(**slots))
            return int(cursor.rowcount)

    def statement(self, **slots: Any) -> tuple[str, list[Any]]:
        """The statement and its parameters, for who runs it as a part of another."""
        sql, parameters = self._compiled
        return sql, _filled(parameters, slots)

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        sql, parameters = self._query().get_compiler(DEFAULT_DB_ALIAS).as_sql()
        return sql, tuple(parameters)

    def _query(self) -> Any:
        raise NotImplementedError


class PreparedUpdate(PreparedChange):
    """An update; the new values may be `Slot`s too."""

    def __init__(self, queryset: Callable[[], QuerySet[Any]], **values: Any) -> None:
        super().__init__(queryset)
        self._new = values

    def answering(self, **slots: Any) -> tuple[str, list[Any]]:
        """The statement that gives a row for each it has changed, and its parameters."""
        _sql, parameters = self._compiled
        return self._answering, _filled(parameters, slots)

    @cached_property
    def _answering(self) -> str:
        return f"{self._compiled[0]} RETURNING 1"

    def _query(self) -> Any:
        query: Any = self._queryset().query.chain(UpdateQuery)
        query.add_update_values(self._new)
        return query


class PreparedDelete(PreparedChange):
    """A deletion of rows to which nothing refers."""

    def _query(self) -> Any:
        return self._queryset().query.chain(DeleteQuery)


class PreparedCheck(PreparedChange):
    """A look whether rows of a queryset are there, as a part of a statement that changes others."""

    def _query(self) -> Any:
        return self._queryset().values_list("pk").query


class PreparedQuery(Generic[M]):
    """The rows of a queryset of models whose open places are `Slot`s.

    `queryset` is called once, when the first answer is wanted. It may select related models, defer fields,
    annotate and lock; it may not prefetch. Slots take values of the database's own types: a key, not a
    model.
    """

    def __init__(self, queryset: Callable[[], QuerySet[M]]) -> None:
        self._queryset = queryset

    def first(self, **slots: Any) -> M | None:
        """The first row; None where there is none. The queryset has its own order, or one row at most."""
        return next(self._answers(slots), None)

    def all(self, **slots: Any) -> list[M]:
        return list(self._answers(slots))

    @property
    def statement(self) -> tuple[str, tuple[Any, ...], int]:
        """The statement, its parameters with slots among them, and how many columns its rows have."""
        sql, parameters, _make, width = self._compiled
        return sql, parameters, width

    def made_of(self, rows: Sequence[Any]) -> list[M]:
        """The models of rows that the statement gave, alone or as the first columns of another's."""
        return list(self._compiled[2](rows))

    def _answers(self, slots: dict[str, Any]) -> Iterator[M]:
        sql, parameters, make, _width = self._compiled
        if self._locks and connection.get_autocommit():
            raise TransactionManagementError("Rows are locked within a transaction only")
        return make(self._rows(sql, _filled(parameters, slots)))

    def _rows(self, sql: str, values: list[Any]) -> Sequence[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    @cached_property
    def _locks(self) -> bool:
        return self._queryset().query.select_for_update

    @cached_property
    def _compiled(self) -> tuple[str, tuple[Any, ...], Callable[[Iterable[Any]], Iterator[M]], int]:
        """The statement, its parameters with slots among them, what makes models of its rows, and their width."""
        compiler: Any = self._queryset().query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        make_one = RowMaker(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)
        annotations = tuple((compiler.annotation_col_map or {}).items())
        converters = compiler.get_converters([column[0] for column in compiler.select])

        def make(rows: Iterable[Any]) -> Iterator[M]:
            if converters:
                rows = compiler.apply_converters(rows, converters)
            for row in rows:
                made = make_one(row)
                for name, position in annotations:
                    setattr(made, name, row[position])
                yield made

        return sql, tuple(parameters), make, len(compiler.select)


class LeanQuery(PreparedQuery[M]):
    """A `PreparedQuery` for what every request or step asks: by way of `common.lean`, within its bounds.

    The first one of a transaction takes BEGIN along.
    """

    def _rows(self, sql: str, values: list[Any]) -> Sequence[Any]:  # noqa: ARG002 - as the parent's
        return self._statement.rows(values)

    @cached_property
    def _statement(self) -> LeanStatement:
        return LeanStatement(self._compiled[0])


class LeanRows:
    """The rows of a `values_list` queryset whose open places are `Slot`s, as the tuples the server gives."""

    def __init__(self, queryset: Callable[[], QuerySet[Any, Any]]) -> None:
        self._queryset = queryset

    def all(self, **slots: Any) -> list[tuple[Any, ...]]:
        statement, parameters = self._compiled
        return statement.rows(_filled(parameters, slots))

    @cached_property
    def _compiled(self) -> tuple[LeanStatement, tuple[Any, ...]]:
        sql, parameters = self._queryset().query.sql_with_params()
        return LeanStatement(sql), tuple(parameters)


class LeanBeside(Generic[M]):
    """One model, and the rows of a `values_list` queryset beside it, in one statement.

    The slots of both are filled by name. Rows begin with a column that is never null, a key.
    """

    def __init__(self, one: Callable[[], QuerySet[M]], rows: Callable[[], QuerySet[Any, Any]]) -> None:
        self._one, self._rows = PreparedQuery(one), rows

    def first(self, **slots: Any) -> tuple[M, list[tuple[Any, ...]]] | None:
        """The model and its rows, of which there may be none; None where there is no such model."""
        statement, parameters, width = self._compiled
        found = statement.rows(_filled(parameters, slots))
        one = self._one.made_of(found[:1])
        return (one[0], [row[width:] for row in found if row[width] is not None]) if one else None

    @cached_property
    def _compiled(self) -> tuple[LeanStatement, tuple[Any, ...], int]:
        first, parameters, width = self._one.statement
        second, more = self._rows().query.sql_with_params()
        sql = f"SELECT * FROM ({first}) AS one LEFT JOIN ({second}) AS beside ON TRUE"  # noqa: S608 - both the ORM's
        return LeanStatement(sql), (*parameters, *more), width


def _filled(parameters: tuple[Any, ...], slots: dict[str, Any]) -> list[Any]:
    return [slots[each.name] if isinstance(each, Slot) else each for each in parameters]
