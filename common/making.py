"""Models of rows whose columns are known beforehand.

Django asks each field of each model anew which column is its own, and sets every attribute by itself: for a row of
sixty columns that is more work than finding it. Where a model is made as Django makes models, its columns are put in
place together. One that makes itself in its own way, or that somebody listens to being made, is left to Django.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.signals import post_init, pre_init

Row = Sequence[Any]
M = TypeVar("M", bound=Model)


class RowMaker:
    """Makes the model of a row, and those selected along with it, as a compiled query describes them."""

    def __init__(self, described: dict[str, Any], select: Sequence[Any], database: str) -> None:
        positions = described["select_fields"]
        self._own = slice(positions[0], positions[-1] + 1)
        names = [column[0].target.attname for column in select[self._own]]
        model = described["model"]
        self._key = positions[0] + names.index(model._meta.pk.attname)  # noqa: SLF001 - Django's documented door
        self._new = _new_of(model, names, database)
        self._related = [
            (RowMaker(other, select, database), other["local_setter"], other["remote_setter"])
            for other in described.get("related_klass_infos", [])
        ]

    def __call__(self, row: Row) -> Any:
        """The model; None where a related one is not there."""
        if row[self._key] is None:
            return None
        made = self._new(row[self._own])
        for make, tell_made, tell_other in self._related:
            other = make(row)
            tell_made(made, other)
            if other is not None:
                tell_other(other, made)
        return made


def _new_of(model: type[Model], names: list[str], database: str) -> Callable[[Row], Model]:
    """What makes one model of the values of these attributes, as if it had been read by Django."""
    if _makes_itself(model):
        return partial(model.from_db, database, names)

    def new(values: Row) -> Model:
        made = model.__new__(model)
        made._state = state = ModelState()  # noqa: SLF001 - as `Model.from_db` does
        state.adding, state.db = False, database
        made.__dict__.update(zip(names, values, strict=True))
        return made

    return new


def _makes_itself(model: type[Model]) -> bool:
    if not _is_made_by_django(model):
        return True
    if not pre_init.receivers and not post_init.receivers:
        return False
    return pre_init.has_listeners(model) or post_init.has_listeners(model)


@lru_cache(maxsize=256)
def _is_made_by_django(model: type[Model]) -> bool:
    return (
        model.__init__ is Model.__init__ and model.from_db.__func__ is Model.from_db.__func__  # type: ignore[attr-defined]
    )


def made(model: type[M], **values: Any) -> M:
    """A new row's model, as `model(**values)` makes it. Related ones are given as models, by their fields' names."""
    if _makes_itself(model):
        return model(**values)
    constant, to_make = defaults_of(model)
    columns = _related(model)
    row: M = model.__new__(model)
    row._state = state = ModelState()  # noqa: SLF001 - as `Model.from_db` does
    held = row.__dict__
    held.update(constant)
    for name, value in values.items():
        if name in columns:
            held[columns[name]] = None if value is None else value.pk
            state.fields_cache[name] = value
        elif name in held:
            held[name] = value
        else:
            raise TypeError(f"{model.__name__} has no {name}")
    for name, make in to_make:
        if name not in values:
            held[name] = make()
    return row


@lru_cache(maxsize=256)
def defaults_of(model: type[Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """What a row has where nothing is said: values, and what makes a new one for each row."""
    constant, to_make = {}, []
    for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's documented door
        if field.generated:
            continue
        is_made = field.has_default() and callable(field.default)
        constant[field.attname] = None if is_made or field.primary_key else field.get_default()
        if is_made:
            to_make.append((field.attname, field.default))
    return constant, to_make


@lru_cache(maxsize=256)
def _related(model: type[Model]) -> dict[str, str]:
    """The column attribute of each field that refers to another model."""
    return {field.name: field.attname for field in model._meta.concrete_fields if field.is_relation}  # noqa: SLF001


def copied(row: M) -> M:
    """Another model of the same row, with the same related ones: what is set on one, the other does not have."""
    made: M = row.__class__.__new__(row.__class__)
    made.__dict__.update(row.__dict__)
    made._state = ModelState()  # noqa: SLF001 - as `Model.from_db` does
    made._state.__dict__.update(row._state.__dict__)  # noqa: SLF001
    made._state.fields_cache = dict(row._state.fields_cache)  # noqa: SLF001
    return made
