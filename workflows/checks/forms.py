"""Forms: their schemas, words in both languages, and what they name."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workflows.checks.problems import Problem
from workflows.diagram import Diagram
from workflows.forms import find_choices, find_submission
from workflows.forms.rules import CONDITION_WORDS, EFFECTS, SCOPE, scope_of

LANGUAGES = ("en", "zh-hans")
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
            problems += [Problem(element_id, f"There is no form {name}")] if name else []
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
        yield f"Not a form: {type(error).__name__} {error}"


def _outcome_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    yield from _word_problems(f"{key}.label", outcome["label"])
    schema = outcome["schema"]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield f"{key}: the schema is not valid: {error.message}"
        return
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield f"{key}: the schema is a closed object (additionalProperties false)"
    yield from _field_problems(key, outcome)
    yield from _branch_problems(key, schema)
    yield from _rule_problems(f"{key}.rules", outcome)
    if "signature" in outcome:
        yield from _word_problems(f"{key}.signature.meaning", outcome["signature"].get("meaning", {}))
    submission = outcome.get("submission")
    if submission and find_submission(submission) is None:
        yield f"{key}: no package carries out {submission}"
    for provider in outcome.get("choices", {}).values():
        if find_choices(provider) is None:
            yield f"{key}: nobody offers the choices {provider}"


def _field_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    properties = outcome["schema"].get("properties", {})
    translated = outcome.get("x-i18n", {}).get("zh-hans", {}).get("properties", {})
    for name, field in properties.items():
        if not field.get("title"):
            yield f"{key}.{name} has no title"
        for word in ("title", "description"):
            if field.get(word) and not translated.get(name, {}).get(word):
                yield f"{key}.{name}: {word} has no Chinese"
    for part in ("order", "notes", "widgets", "choices", "rules"):
        yield from (
            f"{key}.{part}: no field {name}" for name in outcome.get(part, []) if name not in properties
        )
    for name, widget in outcome.get("widgets", {}).items():
        if widget not in WIDGETS:
            yield f"{key}.widgets.{name}: there is no widget {widget}"


def _branch_problems(key: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """What a schema requires under a condition must be fields of it (JSON Schema 2020-12 §10.2.2, §6.5.4)."""
    for name in _required_somewhere(schema):
        if name not in schema.get("properties", {}):
            yield f"{key}: no field {name} is there to be required"


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
            yield f"{where}.{name}: the effect is {' or '.join(EFFECTS)}"
        if not condition["scope"].startswith(SCOPE) or scope_of(rule) not in properties:
            yield f"{where}.{name}: the condition looks at no field of this form: {condition['scope']}"
        elif _leads_back(name, rules):
            yield f"{where}.{name}: the rules lead back to it"
        if not CONDITION_WORDS.issuperset(_words_of(condition["schema"])):
            yield f"{where}.{name}: a condition compares by {', '.join(sorted(CONDITION_WORDS))}"


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
    yield from (f"{where} has no words in {language}" for language in LANGUAGES if not words.get(language))
