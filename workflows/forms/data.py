"""Forms of user tasks: JSON Schema in the bundle, shown to people and checked here, field by field.

`forms/<name>.json` of a bundle holds a title and one schema an outcome (JSON Schema 2020-12). What an
outcome does beside moving the process is registered by the package that owns it: a report is signed by
`reports.sign`, and `workflows` never learns what a report is. Beside its schema an outcome has words of a UI
schema: `order`, `widgets`, `choices`, `notes`, `rules` (see `workflows.form_rules`) and `signature`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from accounts.models import Person
from common.errors import InvalidInput, NotFound
from workflows.forms.rules import hidden_fields
from workflows.models import ProcessDefinition, UserTask

Submission = Callable[[UserTask, Person, dict[str, Any]], dict[str, Any]]
Choices = Sequence[tuple[str, str]]
ChoicesProvider = Callable[[UserTask, Person | None], Choices]

BUILT_IN = {
    "confirmation": json.dumps(
        {
            "title": {"en": "Confirm that this is done", "zh-hans": "确认已完成"},
            "outcomes": {
                "done": {
                    "label": {"en": "Done", "zh-hans": "完成"},
                    "style": "primary",
                    "schema": {"type": "object", "additionalProperties": False, "properties": {}},
                }
            },
        }
    )
}
"""Forms that need no file. A manual task is done by a person who says so (BPMN 2.0.2 §13.3.3)."""

_submissions: dict[str, Submission] = {}
_choices: dict[str, ChoicesProvider] = {}


def register_submission(name: str, handler: Submission) -> None:
    """Have `handler(task, person, data)` carry out an outcome in the completing transaction.

    It returns what the process is to know: identifiers and codes only.
    """
    _submissions[name] = handler


def find_submission(name: str) -> Submission | None:
    """The registered handler of an outcome; None where no package registered one."""
    return _submissions.get(name)


def register_choices(name: str, provider: ChoicesProvider) -> None:
    """Have `provider(task, person)` offer (value, label) pairs to fields that name it."""
    _choices[name] = provider


def find_choices(name: str) -> ChoicesProvider | None:
    """The registered provider; None where no package registered one."""
    return _choices.get(name)


def load_form(definition: ProcessDefinition, name: str) -> dict[str, Any]:
    """A form of a definition as its file has it; NotFound if the bundle has no such form."""
    text = definition.files.get(f"forms/{name}.json") or BUILT_IN.get(name)
    if text is None:
        raise NotFound(_("There is no such form."), code="FORM_UNKNOWN")
    return _parsed(text)


def find_outcome(form: dict[str, Any], outcome: str) -> dict[str, Any]:
    """One outcome of a form; InvalidInput if the form has no such outcome."""
    spec: dict[str, Any] | None = form["outcomes"].get(outcome)
    if spec is None:
        raise InvalidInput(
            _("This form has no such outcome."),
            code="OUTCOME_UNKNOWN",
            fields={"outcome": _("Choose one of the offered outcomes.")},
        )
    return spec


def check_data(
    task: UserTask, outcome: dict[str, Any], data: dict[str, Any], *, person: Person | None = None
) -> dict[str, Any]:
    """The data of an outcome that is to be kept, without fields its rules hide.

    Raises  InvalidInput with one clear sentence a field.
    """
    language = get_language() or "en"
    hidden = hidden_fields(outcome, data)
    kept = {name: value for name, value in data.items() if name not in hidden}
    fields: dict[str, str] = {}
    for error in outcome["schema"].validator.iter_errors(kept):
        for name, sentence in _sentences(error, outcome, language):
            if name not in hidden:
                fields.setdefault(name, sentence)
    for name, provider in outcome.get("choices", {}).items():
        if name not in fields and not _chosen(kept.get(name)) <= _values(
            provider, task, person, kept.get(name)
        ):
            fields[name] = _("%(field)s: choose one of the offered values.") % {
                "field": title_of(outcome, name, language)
            }
    if fields:
        raise InvalidInput(_("Please correct the marked fields."), code="FORM_INVALID", fields=fields)
    return kept


def _chosen(value: Any) -> set[Any]:
    """What was chosen in a field of one value, or of many."""
    return set(value) if isinstance(value, list) else {value} if value else set()


def _values(provider: str, task: UserTask, person: Person | None, chosen: Any) -> set[Any]:
    """What a provider offers; not asked where nothing was chosen."""
    return {value for value, _label in offered_by(provider, task, person)} if chosen else set()


class _Schema(dict[str, Any]):
    """The JSON Schema of an outcome, with the validator that is made of it once."""

    @cached_property
    def validator(self) -> Draft202012Validator:
        return Draft202012Validator(self, format_checker=Draft202012Validator.FORMAT_CHECKER)


@lru_cache(maxsize=256)
def _parsed(text: str) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(text)
    for outcome in form["outcomes"].values():
        outcome["schema"] = _Schema(outcome["schema"])
    return form


def offered_by(provider: str, task: UserTask, person: Person | None) -> Choices:
    handler = find_choices(provider)
    return handler(task, person) if handler else []


def words_in(by_language: dict[str, str], language: str) -> str:
    return by_language.get(language) or by_language.get("en", "")


def translated(spec: dict[str, Any], name: str, language: str) -> dict[str, Any]:
    found: dict[str, Any] = spec.get("x-i18n", {}).get(language, {}).get("properties", {}).get(name, {})
    return found


def title_of(spec: dict[str, Any], name: str, language: str) -> str:
    schema = spec["schema"].get("properties", {}).get(name, {})
    title: str = translated(spec, name, language).get("title") or schema.get("title") or name
    return title


def _sentences(error: ValidationError, spec: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """The fields an error speaks of, each with a sentence in the person's language."""
    given: dict[str, Any] = error.instance if isinstance(error.instance, dict) else {}
    asked: Any = error.validator_value
    if error.validator == "required":
        missing = [str(name) for name in asked if name not in given]
        return [(name, _required(spec, name, language)) for name in missing]
    if error.validator == "dependentRequired":
        names = (name for first, names in asked.items() if first in given for name in names)
        return [(name, _required(spec, name, language)) for name in names if name not in given]
    if error.validator == "additionalProperties":
        known = spec["schema"].get("properties", {})
        return [(name, _("This form has no such field.")) for name in given if name not in known]
    name = str(error.absolute_path[0]) if error.absolute_path else "outcome"
    return [(name, _sentence(error, spec, name, language))]


def _required(spec: dict[str, Any], name: str, language: str) -> str:
    return _("%(field)s is required.") % {"field": title_of(spec, name, language)}


def _sentence(  # noqa: PLR0911 - one case a keyword of the schema
    error: ValidationError, spec: dict[str, Any], name: str, language: str
) -> str:
    words = {"field": title_of(spec, name, language), "limit": error.validator_value}
    match error.validator:
        case "minItems":
            return _required(spec, name, language)
        case "pattern" | "minLength" if not str(error.instance).strip():
            return _required(spec, name, language)
        case "minLength":
            return _("%(field)s needs at least %(limit)s characters.") % words
        case "maxLength":
            return _("%(field)s has at most %(limit)s characters.") % words
        case "minimum" | "exclusiveMinimum":
            return _("%(field)s must be at least %(limit)s.") % words
        case "maximum" | "exclusiveMaximum":
            return _("%(field)s must be at most %(limit)s.") % words
        case "format" if error.validator_value == "date":
            return _("%(field)s: give a date.") % words
        case "enum" | "const":
            return _("%(field)s: choose one of the offered values.") % words
    return _("%(field)s is not in the expected form.") % words
