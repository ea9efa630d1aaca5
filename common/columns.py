"""The columns of a table, and their values in the database's own words."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson
from django.db.models import Field

from common.lean import bytea, moment


class Column(NamedTuple):
    """A column, the attribute of the model that holds its value, and the value's text for the database."""

    name: str
    attribute: str
    text: Callable[[Any], bytes]


def column(field: Field[Any, Any]) -> Column:
    """The column of a field; one that refers to another table holds values of what it refers to."""
    related: Any = field
    while related.is_relation:
        related = related.target_field
    text = _TEXTS.get(related.get_internal_type(), _plain)
    return Column(str(field.column), field.attname, text)


def texts(values: dict[str, Any], columns: tuple[Column, ...]) -> list[bytes | None]:
    """The values of these columns as the database reads them."""
    return [
        None if (value := values[attribute]) is None
        # Most columns hold texts, and most texts are plain ones.
        else value.encode() if type(value) is str and text is _plain
        else text(value)
        for _, attribute, text in columns
    ]  # fmt: skip


def as_json(value: Any) -> bytes:
    """A value as JSON, with what a column may hold and JSON does not know as the database reads it.

    What is no number comes out as `null` of the quicker encoder: where one is seen, the standard one has the last word,
    whose NaN the database refuses.
    """
    try:
        quickly = orjson.dumps(value, default=_as_text, option=_OURS)
    except TypeError:  # keys that are no texts, numbers beyond 64 bits, half a surrogate pair
        return _JSON.encode(value).encode()
    return quickly if b"null" not in quickly else _JSON.encode(value).encode()


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


def _json(value: Any) -> bytes:
    return as_json(value) if value != {} else b"{}"


def _array(values: list[str]) -> bytes:
    escaped = (str(value).replace("\\", r"\\").replace('"', r"\"") for value in values)
    return ("{" + ",".join(f'"{value}"' for value in escaped) + "}").encode()


_OURS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_JSON = json.JSONEncoder(separators=(",", ":"), default=_as_text, check_circular=False)
_TEXTS: dict[str, Callable[[Any], bytes]] = {
    "ArrayField": _array,
    "BinaryField": bytea,
    "BooleanField": lambda value: b"t" if value else b"f",
    "DateField": moment,
    "DateTimeField": moment,
    "JSONField": _json,
    "TimeField": moment,
    "UUIDField": _uuid,
}
"""How a value of a type of field is written; where nothing is said, its `str` is what the database reads."""
