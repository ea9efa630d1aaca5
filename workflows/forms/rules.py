"""Which fields of a form are shown: the rules of its UI schema, decided from what was entered.

A rule is written as in JSON Forms: `{"effect": "SHOW", "condition": {"scope": "#/properties/is_critical",
"schema": {"const": true}}}`. A value that was not entered counts as null. A hidden field has no value, is not
required, and is not kept; so a field that depends on a hidden one is decided as if that were empty.

Reference  JSON Forms UI schema, rules; JSON Schema 2020-12 §10.2.2 (if, then, else)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator

SCOPE = "#/properties/"
EFFECTS = ("SHOW", "HIDE")
CONDITION_WORDS = frozenset({"const", "enum", "not", "type", "minimum", "maximum", "minLength"})


def hidden_fields(outcome: Mapping[str, Any], data: Mapping[str, Any]) -> frozenset[str]:
    """The fields of an outcome that its rules hide, given what was entered."""
    decided: dict[str, bool] = {}
    rules: Mapping[str, Any] = outcome.get("rules", {})
    return frozenset(name for name in rules if not _is_shown(name, rules, data, decided))


def scope_of(rule: Mapping[str, Any]) -> str:
    """The field a rule looks at."""
    return str(rule["condition"]["scope"]).removeprefix(SCOPE)


def fields_of(outcome: Mapping[str, Any]) -> Iterator[str]:
    """The fields a form has, in the order they are shown."""
    yield from outcome.get("order") or outcome["schema"].get("properties", {})


def _is_shown(name: str, rules: Mapping[str, Any], data: Mapping[str, Any], decided: dict[str, bool]) -> bool:
    rule = rules.get(name)
    if rule is None:
        return True
    if name not in decided:
        decided[name] = True  # a rule that leads back to itself is refused at deploy
        looked_at = scope_of(rule)
        value = data.get(looked_at) if _is_shown(looked_at, rules, data, decided) else None
        holds = Draft202012Validator(rule["condition"]["schema"]).is_valid(value)
        decided[name] = holds == (rule["effect"] == "SHOW")
    return decided[name]
