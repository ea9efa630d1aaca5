"""The query string of a search as keys of the index, within bounds.

Reference  PS3.18 §8.3.4 (search parameters): .1 attributes, .2 fuzzymatching, .3 includefield, .4 limit and offset
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from pydicom.datadict import tag_for_keyword

from archive.studies.datasets import DEEPEST, vr_of
from archive.studies.queries.requests import Key
from common.errors import InvalidInput
from integrations.dicomweb.errors import TooLarge

LONGEST = 65_536
MOST_PARAMETERS = 200
MOST_VALUES = 2_000
MOST_INCLUDED = 500
FURTHEST = 10_000_000
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_ATTRIBUTES = frozenset(["accept", "charset"])  # read by content negotiation (PS3.18 §8.3.3)
_OWN = frozenset(["fuzzymatching", "limit", "offset", "emptyvaluematching", "multiplevaluematching"])
_FLAGS = {"true": True, "false": False}
_ONE_VALUE = frozenset(["LT", "ST", "UT", "UR"])
_LISTED = frozenset(["UI", "CS"])  # neither may hold a comma, so that one can only part values
_SEPARATOR, _SEPARATORS = re.compile(r"\\"), re.compile(r"[\\,]")


@dataclass(frozen=True, slots=True)
class SearchParameters:
    """What a search asks for. `included` are attributes to be answered beside the required ones.

    `passed_over` are parameters that are neither the standard's nor attributes (§8.3).
    """

    keys: tuple[Key, ...]
    included: tuple[int, ...] = ()
    is_everything_included: bool = False
    is_fuzzy: bool = False
    limit: int | None = None
    offset: int = 0
    passed_over: tuple[str, ...] = ()


def search_parameters(query_string: str) -> SearchParameters:
    """What a query string asks for.

    Raises  InvalidInput for values that cannot be meant; TooLarge for more than any search needs.
    """
    pairs = _pairs(query_string)
    single: dict[str, str] = {}
    attributes: dict[tuple[int, ...], list[str]] = {}
    included: list[str] = []
    passed_over: list[str] = []
    for name, value in pairs:
        if name == "includefield":
            included += value.split(",")
        elif name in _OWN:
            if single.setdefault(name, value) != value:
                raise InvalidInput(
                    f"{name} is given twice", code="PARAMETER_TWICE", fields={name: "is given twice"}
                )
        elif name in _NOT_ATTRIBUTES:
            continue
        elif path := _path(name):
            attributes.setdefault(path, []).extend(_values(path[-1], value))
        else:
            passed_over.append(name)
    fields = [field.strip() for field in included if field.strip()]
    named = [field for field in fields if field != "all"]
    if len(named) > MOST_INCLUDED or sum(map(len, attributes.values())) > MOST_VALUES:
        raise TooLarge("The search has too many attributes or values", code="SEARCH_TOO_LARGE")
    return SearchParameters(
        keys=_keys(attributes),
        included=tuple(dict.fromkeys(attribute_path(field)[0] for field in named)),
        is_everything_included="all" in fields,
        is_fuzzy=_flag(single, "fuzzymatching"),
        limit=_count(single, "limit"),
        offset=_count(single, "offset") or 0,
        passed_over=_unique(passed_over),
    )


def attribute_path(name: str) -> tuple[int, ...]:
    """The tags of an attribute named by keyword or tag; of one within sequences, of those first.

    Raises  InvalidInput if it names none.
    """
    path = _path(name)
    if path is None:
        raise InvalidInput("A name is that of no attribute", code="ATTRIBUTE_UNKNOWN")
    return path


def _path(name: str) -> tuple[int, ...] | None:
    parts = name.split(".")
    if len(parts) > DEEPEST:
        raise InvalidInput("An attribute is nested too deeply", code="ATTRIBUTE_UNKNOWN")
    tags = tuple(tag for part in parts if (tag := _tag(part)) is not None)
    return tags if len(tags) == len(parts) else None


def _tag(name: str) -> int | None:
    if _TAG.fullmatch(name):
        return int(name, 16)
    return tag_for_keyword(name) if name.isalnum() else None


def _pairs(query_string: str) -> list[tuple[str, str]]:
    if len(query_string) > LONGEST:
        raise TooLarge("The query string is too long", code="SEARCH_TOO_LARGE")
    raw = [pair for pair in query_string.split("&") if pair]
    if len(raw) > MOST_PARAMETERS:
        raise TooLarge("There are too many search parameters", code="SEARCH_TOO_LARGE")
    try:
        pairs = [tuple(unquote_plus(half, errors="strict") for half in pair.partition("=")) for pair in raw]
    except UnicodeDecodeError as error:
        raise InvalidInput("A search parameter is no UTF-8", code="PARAMETER_ENCODING") from error
    if any(_CONTROL.search(text) for pair in pairs for text in pair):
        raise InvalidInput("A search parameter holds control characters", code="PARAMETER_ENCODING")
    return [(name.strip(), value) for name, _equals, value in pairs]


def _values(tag: int, text: str) -> list[str]:
    vr = vr_of(tag)
    if vr in _ONE_VALUE:
        return [text] if text else []
    separator = _SEPARATORS if vr in _LISTED else _SEPARATOR
    return [value for value in (part.strip() for part in separator.split(text)) if value]


def _keys(attributes: dict[tuple[int, ...], list[str]]) -> tuple[Key, ...]:
    """One key an attribute; those within one sequence are matched within the same item (PS3.4 §C.2.2.2.6)."""
    grouped: dict[int, dict[tuple[int, ...], list[str]]] = {}
    for path, values in attributes.items():
        grouped.setdefault(path[0], {})[path[1:]] = values
    return tuple(_key(tag, within) for tag, within in grouped.items())


def _key(tag: int, within: dict[tuple[int, ...], list[str]]) -> Key:
    nested = {path: values for path, values in within.items() if path}
    return Key(tag, vr_of(tag), _unique(within.get((), ())), _keys(nested))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _flag(single: dict[str, str], name: str) -> bool:
    text = single.get(name, "false")
    if text.lower() not in _FLAGS:
        raise InvalidInput(
            f"{name} is true or false", code="PARAMETER_VALUE", fields={name: "is true or false"}
        )
    return _FLAGS[text.lower()]


def _count(single: dict[str, str], name: str) -> int | None:
    text = single.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) > FURTHEST:
        problem = f"is a whole number up to {FURTHEST}"
        raise InvalidInput(f"{name} {problem}", code="PARAMETER_VALUE", fields={name: problem})
    return int(text)


def keys_of(tags: Sequence[int]) -> tuple[Key, ...]:
    """Keys that are answered and match everything."""
    return tuple(Key(tag, vr_of(tag)) for tag in tags)
