"""Forms of user tasks: JSON Schema in the bundle, shown to people and checked here, field by field.

`forms/<name>.json` of a bundle holds a title and one schema an outcome (JSON Schema 2020-12). What an
outcome does beside moving the process is registered by the package that owns it: a report is signed by
`reports.sign`, and `workflows` never learns what a report is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from accounts.models import Person
from common.errors import InvalidInput, NotFound
from workflows.models import ProcessDefinition, UserTask

Submission = Callable[[UserTask, Person, dict[str, Any]], dict[str, Any]]
Choices = Sequence[tuple[str, str]]
ChoicesProvider = Callable[[UserTask], Choices]

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
    """Have `provider(task)` offer (value, label) pairs to fields that name it."""
    _choices[name] = provider


def find_choices(name: str) -> ChoicesProvider | None:
    """The registered provider; None where no package registered one."""
    return _choices.get(name)


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as a page shows it, its words already in the person's language."""

    name: str
    title: str
    description: str
    type: str
    widget: str
    is_required: bool
    choices: Choices
    max_length: int | None
    default: Any


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """One way to finish the task: a button, and the fields it needs."""

    key: str
    label: str
    style: str
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class FormView:
    title: str
    description: str
    outcomes: tuple[FormOutcome, ...]


def form_view(task: UserTask, *, language: str | None = None) -> FormView:
    """The task's form in a language (the active one unless told), ready to be shown."""
    form = load_form(task.instance.definition, task.form)
    language = language or get_language() or "en"
    return FormView(
        title=_words(form["title"], language),
        description=_words(form.get("description", {}), language),
        outcomes=tuple(_outcome_view(key, form, task, language) for key in form["outcomes"]),
    )


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


def check_data(task: UserTask, outcome: dict[str, Any], data: dict[str, Any]) -> None:
    """Accept the data of an outcome, or raise InvalidInput with one clear sentence a field."""
    language = get_language() or "en"
    fields: dict[str, str] = {}
    for error in outcome["schema"].validator.iter_errors(data):
        for name, sentence in _sentences(error, outcome, language):
            fields.setdefault(name, sentence)
    for name, provider in outcome.get("choices", {}).items():
        chosen = data.get(name)
        if (
            chosen
            and name not in fields
            and chosen not in {value for value, _label in _offered(provider, task)}
        ):
            fields[name] = _("%(field)s: choose one of the offered values.") % {
                "field": _title(outcome, name, language)
            }
    if fields:
        raise InvalidInput(_("Please correct the marked fields."), code="FORM_INVALID", fields=fields)


class _Schema(dict[str, Any]):
    """The JSON Schema of an outcome, with the validator that is made of it once."""

    @cached_property
    def validator(self) -> Draft202012Validator:
        return Draft202012Validator(self)


@lru_cache(maxsize=256)
def _parsed(text: str) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(text)
    for outcome in form["outcomes"].values():
        outcome["schema"] = _Schema(outcome["schema"])
    return form


def _outcome_view(key: str, form: dict[str, Any], task: UserTask, language: str) -> FormOutcome:
    spec = form["outcomes"][key]
    properties = spec["schema"].get("properties", {})
    names = spec.get("order") or list(properties)
    return FormOutcome(
        key=key,
        label=_words(spec["label"], language),
        style=spec.get("style", "default"),
        fields=tuple(_field_view(name, properties[name], spec, task, language) for name in names),
    )


def _field_view(
    name: str, schema: dict[str, Any], spec: dict[str, Any], task: UserTask, language: str
) -> FormField:
    provider = spec.get("choices", {}).get(name)
    choices: Choices = (
        _offered(provider, task)
        if provider
        else [
            (str(value), _translated(spec, name, language).get("enum", {}).get(str(value), str(value)))
            for value in schema.get("enum", [])
        ]
    )
    kind = schema.get("type", "string")
    default_widget = "select" if choices else "checkbox" if kind == "boolean" else "text"
    return FormField(
        name=name,
        title=_title(spec, name, language),
        description=_translated(spec, name, language).get("description", schema.get("description", "")),
        type=kind,
        widget=spec.get("widgets", {}).get(name, default_widget),
        is_required=name in spec["schema"].get("required", []),
        choices=choices,
        max_length=schema.get("maxLength"),
        default=schema.get("default"),
    )


def _offered(provider: str, task: UserTask) -> Choices:
    handler = find_choices(provider)
    return handler(task) if handler else []


def _words(by_language: dict[str, str], language: str) -> str:
    return by_language.get(language) or by_language.get("en", "")


def _translated(spec: dict[str, Any], name: str, language: str) -> dict[str, Any]:
    found: dict[str, Any] = spec.get("x-i18n", {}).get(language, {}).get("properties", {}).get(name, {})
    return found


def _title(spec: dict[str, Any], name: str, language: str) -> str:
    schema = spec["schema"].get("properties", {}).get(name, {})
    title: str = _translated(spec, name, language).get("title") or schema.get("title") or name
    return title


def _sentences(error: ValidationError, spec: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """The fields an error speaks of, each with a sentence in the person's language."""
    given: dict[str, Any] = error.instance if isinstance(error.instance, dict) else {}
    if error.validator == "required":
        missing = [str(name) for name in spec["schema"]["required"] if name not in given]
        return [(name, _required(spec, name, language)) for name in missing]
    if error.validator == "additionalProperties":
        known = spec["schema"].get("properties", {})
        return [(name, _("This form has no such field.")) for name in given if name not in known]
    name = str(error.absolute_path[0]) if error.absolute_path else "outcome"
    return [(name, _sentence(error, spec, name, language))]


def _required(spec: dict[str, Any], name: str, language: str) -> str:
    return _("%(field)s is required.") % {"field": _title(spec, name, language)}


def _sentence(  # noqa: PLR0911 - one case a keyword of the schema
    error: ValidationError, spec: dict[str, Any], name: str, language: str
) -> str:
    words = {"field": _title(spec, name, language), "limit": error.validator_value}
    match error.validator:
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
        case "enum" | "const":
            return _("%(field)s: choose one of the offered values.") % words
    return _("%(field)s is not in the expected form.") % words
