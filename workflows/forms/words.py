"""What a form and its fields are called, in the reader's language.

A field of a repeated group is named `group.field`; its schema stands under the group's `items`, its words likewise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def words_in(by_language: dict[str, str], language: str) -> str:
    return by_language.get(language) or by_language.get("en", "")


def field_schema(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The schema of a field of an outcome; empty for one it has not."""
    return _below(spec["schema"], name)


def translated(spec: Mapping[str, Any], name: str, language: str) -> dict[str, Any]:
    return _below(spec.get("x-i18n", {}).get(language, {}), name)


def title_of(spec: Mapping[str, Any], name: str, language: str) -> str:
    title: str = (
        translated(spec, name, language).get("title") or field_schema(spec, name).get("title") or name
    )
    return title


def is_group(schema: Mapping[str, Any]) -> bool:
    """Whether a field is a group of fields that is filled in as often as needed: an array of objects."""
    return schema.get("type") == "array" and schema.get("items", {}).get("type") == "object"


def _below(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    group, _dot, inner = name.partition(".")
    found: dict[str, Any] = spec.get("properties", {}).get(group, {})
    return _below(found.get("items", {}), inner) if inner else found
