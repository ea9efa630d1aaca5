"""Forms: their schemas, words in both languages, and what they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workflows.checks.problems import Problem
from workflows.diagram import Diagram
from workflows.forms import field_schema, find_choices, find_submission, is_group, translated
from workflows.forms.rules import CONDITION_WORDS, EFFECTS, SCOPE, scope_of

LANGUAGES = ("en", "zh-hans")
MOST_ROWS = 100
PLAIN = frozenset({"boolean", "integer", "number", "string"})
WIDGETS = frozenset({"checkbox", "date", "file", "person", "select", "study", "text", "textarea"})


def check_forms(diagram: Diagram, files: Mapping[str, str]) -> list[Problem]:
    named = {
        e.extension("form", "name"): e.id
        for e in diagram.elements.values()
        if e.kind in {"userTask", "manualTask"}
    }
    problems: list[Problem] = []
    for name, element_id in named.items():
        text = files.get(f"forms/{name}.json")
        if text is None:
            problems += [Problem(element_id, _("There is no form %(name)s") % {"name": name})] if name else []
        else:
            problems += [Problem(f"forms/{name}.json", message) for message in _form_problems(text)]
    return problems


def _form_problems(text: str) -> Iterator[str]:
    try:
        form = json.loads(text)
        yield from _word_problems("title", form["title"])
        for key, outcome in form["outcomes"].items():
            yield from _outcome_problems(key, outcome)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield _("Not a form: %(kind)s %(error)s") % {"kind": type(error).__name__, "error": error}


def _outcome_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    yield from _word_problems(f"{key}.label", outcome["label"])
    schema = outcome["schema"]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield _("%(key)s: the schema is not valid: %(message)s") % {"key": key, "message": error.message}
        return
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield _("%(key)s: the schema is a closed object (additionalProperties false)") % {"key": key}
    yield from _field_problems(key, outcome)
    yield from _branch_problems(key, schema)
    yield from _rule_problems(f"{key}.rules", outcome)
    if "signature" in outcome:
        yield from _word_problems(f"{key}.signature.meaning", outcome["signature"].get("meaning", {}))
    submission = outcome.get("submission")
    if submission and find_submission(submission) is None:
        yield _("%(key)s: no package carries out %(submission)s") % {"key": key, "submission": submission}
    for provider in outcome.get("choices", {}).values():
        if find_choices(provider) is None:
            yield _("%(key)s: nobody offers the choices %(provider)s") % {"key": key, "provider": provider}


def _field_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    properties = outcome["schema"].get("properties", {})
    for name, field in properties.items():
        yield from _words_of_field(key, name, outcome)
        if "." in name:
            yield _("%(key)s.%(name)s: the name of a field has no full stop") % {"key": key, "name": name}
        if is_group(field):
            yield from _group_problems(key, name, outcome)
    for part in ("order", "notes", "rules"):
        yield from (
            _("%(key)s.%(part)s: no field %(name)s") % {"key": key, "part": part, "name": name}
            for name in outcome.get(part, [])
            if name not in properties
        )
    for part in ("widgets", "choices"):
        yield from (
            _("%(key)s.%(part)s: no field %(name)s") % {"key": key, "part": part, "name": name}
            for name in outcome.get(part, [])
            if not field_schema(outcome, name)
        )
    for name, widget in outcome.get("widgets", {}).items():
        if widget not in WIDGETS:
            yield _("%(key)s.widgets.%(name)s: there is no widget %(widget)s") % {
                "key": key,
                "name": name,
                "widget": widget,
            }


def _words_of_field(key: str, name: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    field, chinese = field_schema(outcome, name), translated(outcome, name, "zh-hans")
    if not field.get("title"):
        yield _("%(key)s.%(name)s has no title") % {"key": key, "name": name}
    for word in ("title", "description"):
        if field.get(word) and not chinese.get(word):
            yield _("%(key)s.%(name)s: %(word)s has no Chinese") % {"key": key, "name": name, "word": word}


def _group_problems(key: str, group: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    """A group is a closed object of fields that hold one value, or several of those offered, filled in as often as
    `minItems` and `maxItems` say."""
    field = field_schema(outcome, group)
    row = field["items"]
    if row.get("additionalProperties") is not False:
        yield _("%(key)s.%(group)s: its items are closed objects (additionalProperties false)") % {
            "key": key,
            "group": group,
        }
    if not field.get("minItems", 0) <= field.get("maxItems", 0) <= MOST_ROWS:
        yield _(
            "%(key)s.%(group)s: maxItems says how often at most, %(most_rows)s or less, and not less than minItems"
        ) % {"key": key, "group": group, "most_rows": MOST_ROWS}
    for name, inner in row.get("properties", {}).items():
        yield from _words_of_field(key, f"{group}.{name}", outcome)
        if not (_is_plain(inner) or _offers_several(inner, f"{group}.{name}", outcome)) or "." in name:
            yield _(
                "%(key)s.%(group)s.%(name)s: a field of a group is one of %(names)s, or several of offered values"
            ) % {"key": key, "group": group, "name": name, "names": ", ".join(sorted(PLAIN))}
    for name in row.get("required", []):
        if name not in row.get("properties", {}):
            yield _("%(key)s.%(group)s: no field %(name)s is there to be required") % {
                "key": key,
                "group": group,
                "name": name,
            }


def _is_plain(field: Mapping[str, Any]) -> bool:
    return field.get("type", "string") in PLAIN


def _offers_several(field: Mapping[str, Any], name: str, outcome: Mapping[str, Any]) -> bool:
    """Whether a field takes several values, each one of those offered."""
    item = field.get("items", {})
    is_offered = "enum" in item or name in outcome.get("choices", {})
    return field.get("type") == "array" and item.get("type") == "string" and is_offered


def _branch_problems(key: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """What a schema requires under a condition must be fields of it (JSON Schema 2020-12 §10.2.2, §6.5.4)."""
    for name in _required_somewhere(schema):
        if name not in schema.get("properties", {}):
            yield _("%(key)s: no field %(name)s is there to be required") % {"key": key, "name": name}


def _required_somewhere(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from schema.get("required", [])
    for first, names in schema.get("dependentRequired", {}).items():
        yield from (first, *names)
    branches = [schema[word] for word in ("then", "else") if word in schema]
    for part in (*branches, *schema.get("allOf", [])):
        yield from _required_somewhere(part)


def _rule_problems(where: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    """Rules are few words of JSON Forms, so that the page and the server always decide alike."""
    properties, rules = outcome["schema"].get("properties", {}), outcome.get("rules", {})
    for name, rule in rules.items():
        condition = rule["condition"]
        if rule["effect"] not in EFFECTS:
            yield _("%(where)s.%(name)s: the effect is %(names)s") % {
                "where": where,
                "name": name,
                "names": " or ".join(EFFECTS),
            }
        if not condition["scope"].startswith(SCOPE) or scope_of(rule) not in properties:
            yield _("%(where)s.%(name)s: the condition looks at no field of this form: %(condition)s") % {
                "where": where,
                "name": name,
                "condition": condition["scope"],
            }
        elif is_group(properties[scope_of(rule)]):
            yield _("%(where)s.%(name)s: the condition looks at a group: %(condition)s") % {
                "where": where,
                "name": name,
                "condition": condition["scope"],
            }
        elif _leads_back(name, rules):
            yield _("%(where)s.%(name)s: the rules lead back to it") % {"where": where, "name": name}
        if not CONDITION_WORDS.issuperset(_words_of(condition["schema"])):
            yield _("%(where)s.%(name)s: a condition compares by %(names)s") % {
                "where": where,
                "name": name,
                "names": ", ".join(sorted(CONDITION_WORDS)),
            }


def _leads_back(name: str, rules: Mapping[str, Any]) -> bool:
    seen, at = set(), name
    while at in rules and at not in seen:
        seen.add(at)
        at = scope_of(rules[at])
    return at == name


def _words_of(schema: Mapping[str, Any]) -> Iterable[str]:
    for word, value in schema.items():
        yield word
        if word == "not":
            yield from _words_of(value)


def _word_problems(where: str, words: dict[str, str]) -> Iterator[str]:
    yield from (
        _("%(where)s has no words in %(language)s") % {"where": where, "language": language}
        for language in LANGUAGES
        if not words.get(language)
    )
