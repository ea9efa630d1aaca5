"""Type references of a model: whether a value is of a type, and what becomes of it where it is not.

Reference  DMN 1.5 §7.3.2 (item definitions), §10.3.2.9 (type conversions)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from workflows.decisions.elements import child, children, text_of_child
from workflows.decisions.feel.frames import Code
from workflows.decisions.feel.values import Value, kind_of

BASE_TYPES: Mapping[str, str] = {
    **{
        kind: kind
        for kind in (
            "number", "string", "boolean", "date", "time", "context", "list", "range", "function",
            "date and time", "days and time duration", "years and months duration",
        )
    },
    "dateTime": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
}  # fmt: skip
DEEPEST_TYPE = 20


@dataclass(frozen=True, slots=True)
class ItemType:
    """An item definition: of a base type or another's, or of named components; perhaps a collection."""

    name: str
    type_ref: str
    is_collection: bool
    components: tuple[ItemType, ...]
    allowed: Code | None = None


def read_item_type(element: Element, compile_allowed: Callable[[Element, str], Code | None]) -> ItemType:
    """An item definition or component."""
    return ItemType(
        name=element.get("name", ""),
        type_ref=text_of_child(element, "typeRef"),
        is_collection=element.get("isCollection") == "true",
        components=tuple(read_item_type(one, compile_allowed) for one in children(element, "itemComponent")),
        allowed=compile_allowed(element, "allowedValues")
        if child(element, "allowedValues") is not None
        else None,
    )


class Types:
    """The item definitions of a model, by name."""

    def __init__(self, definitions: Mapping[str, ItemType]) -> None:
        self._definitions = definitions

    def members(self) -> set[str]:
        """Names of components anywhere: what may follow a dot."""
        found: set[str] = set()
        waiting = list(self._definitions.values())
        while waiting:
            item = waiting.pop()
            found.update(component.name for component in item.components)
            waiting.extend(item.components)
        return found

    def base_of(self, type_ref: str) -> str:
        """The base kind behind a type reference, "" where it has none or is not known."""
        for _step in range(DEEPEST_TYPE):
            name = type_ref.removeprefix("feel:")
            if name in BASE_TYPES:
                return BASE_TYPES[name]
            item = self._definitions.get(name)
            if item is None or item.is_collection or item.components:
                return ""
            type_ref = item.type_ref
        return ""

    def convert(self, value: Value, type_ref: str, passes: Callable[[Code, Value], bool]) -> Value:
        """The value as the type wants it.

        A list of one becomes its item, an item a list of one, and a date the midnight that begins it.

        Raises  ValueError if the value is not of the type.
        """
        name = type_ref.removeprefix("feel:")
        item = self._definitions.get(name)
        if value is None or (item is None and name not in BASE_TYPES):
            return value
        if item is not None:
            return self._of_item(value, item, passes, 0)
        return _of_base(value, BASE_TYPES[name])

    def _of_item(
        self, value: Value, item: ItemType, passes: Callable[[Code, Value], bool], depth: int
    ) -> Value:
        if depth > DEEPEST_TYPE:
            raise ValueError(_("the type is defined by itself"))
        if value is None:
            return None
        if item.is_collection:
            items = value if isinstance(value, list) else [value]
            return [self._single(one, item, passes, depth) for one in items]
        if isinstance(value, list) and len(value) == 1 and self.base_of(item.type_ref) != "list":
            value = value[0]
        return self._single(value, item, passes, depth)

    def _single(
        self, value: Value, item: ItemType, passes: Callable[[Code, Value], bool], depth: int
    ) -> Value:
        if value is None:
            return None
        if item.components:
            value = self._of_components(value, item, passes, depth)
        elif item.type_ref:
            inner = self._definitions.get(item.type_ref.removeprefix("feel:"))
            if inner is not None:
                value = self._of_item(value, inner, passes, depth + 1)
            elif item.type_ref.removeprefix("feel:") in BASE_TYPES:
                value = _of_base(value, BASE_TYPES[item.type_ref.removeprefix("feel:")])
        if item.allowed is not None and not passes(item.allowed, value):
            raise ValueError(_("the value is not among those allowed"))
        return value

    def _of_components(
        self, value: Value, item: ItemType, passes: Callable[[Code, Value], bool], depth: int
    ) -> Value:
        if not isinstance(value, dict):
            raise ValueError(_("a %(kind)s stands where a context should") % {"kind": kind_of(value)})  # noqa: TRY004
        typed = {
            component.name: self._of_item(value.get(component.name), component, passes, depth + 1)
            for component in item.components
        }
        return {**value, **typed}


def _of_base(value: Value, base: str) -> Value:
    if isinstance(value, list) and len(value) == 1 and base != "list":
        value = value[0]
    kind = kind_of(value)
    if kind in {base, "null"}:
        return value
    if base == "date and time" and isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a date has no zone either
    raise ValueError(_("a %(kind)s stands where a %(base)s should") % {"kind": kind, "base": base})
