"""Forms: their schemas, words in both languages, and what they name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workflows.checks.problems import Problem
from workflows.diagram import Diagram
from workflows.forms import find_choices, find_submission

LANGUAGES = ("en", "zh-hans")


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
    for part in ("order", "notes", "widgets", "choices"):
        yield from (
            f"{key}.{part}: no field {name}" for name in outcome.get(part, []) if name not in properties
        )


def _word_problems(where: str, words: dict[str, str]) -> Iterator[str]:
    yield from (f"{where} has no words in {language}" for language in LANGUAGES if not words.get(language))
