"""A form as a page shows it: fields and outcomes in the reader's language, with what stands hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language

from accounts.models import Person
from workflows.forms import Choices, is_group, load_form, offered_by, title_of, translated, words_in
from workflows.forms.rules import fields_of, hidden_fields
from workflows.models import UserTask


@dataclass(frozen=True, slots=True)
class FormField:
    """One field as a page shows it, its words already in the person's language.

    A group that is filled in as often as needed has `fields`, and from `min_rows` to `max_rows` rows of them.
    """

    name: str
    title: str
    description: str
    type: str
    widget: str
    is_required: bool
    choices: Choices
    max_length: int | None
    default: Any
    is_many: bool = False
    is_hidden: bool = False
    rule: Mapping[str, Any] | None = None
    fields: tuple[FormField, ...] = ()
    min_rows: int = 0
    max_rows: int | None = None


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """One way to finish the task: a button, and the fields it needs.

    `meaning` is what a signature under it means; "" where it needs none. `submission` is what it does beside
    moving the process; "" where that is nothing.
    """

    key: str
    label: str
    style: str
    fields: tuple[FormField, ...]
    meaning: str = ""
    submission: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    title: str
    description: str
    outcomes: tuple[FormOutcome, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Who looks at a form, in which language, with what entered so far."""

    task: UserTask
    person: Person | None
    language: str
    typed: Mapping[str, Any]


def form_view(
    task: UserTask,
    *,
    language: str | None = None,
    person: Person | None = None,
    typed: Mapping[str, Any] | None = None,
) -> FormView:
    """The task's form in a language (the active one unless told), ready to be shown.

    `typed` holds what was entered so far, by outcome: it decides which fields stand hidden.
    """
    form = load_form(task.instance.definition, task.form)
    reader = _Reader(task, person, language or get_language() or "en", typed or {})
    return FormView(
        title=words_in(form["title"], reader.language),
        description=words_in(form.get("description", {}), reader.language),
        outcomes=tuple(_outcome_view(key, form, reader) for key in form["outcomes"]),
    )


def _outcome_view(key: str, form: dict[str, Any], reader: _Reader) -> FormOutcome:
    spec = form["outcomes"][key]
    properties = spec["schema"].get("properties", {})
    hidden = hidden_fields(spec, reader.typed.get(key) or _defaults(properties))
    return FormOutcome(
        key=key,
        label=words_in(spec["label"], reader.language),
        style=spec.get("style", "default"),
        fields=tuple(
            _field_view(name, spec["schema"], spec, reader, is_hidden=name in hidden)
            for name in fields_of(spec)
        ),
        meaning=words_in(spec.get("signature", {}).get("meaning", {}), reader.language),
        submission=spec.get("submission", ""),
    )


def _defaults(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _field_view(
    name: str, owner: dict[str, Any], spec: dict[str, Any], reader: _Reader, *, is_hidden: bool = False
) -> FormField:
    """A field of `owner`, the schema of the outcome or of a group's row, where it is named `group.field`."""
    own_name = name.rpartition(".")[2]
    schema = owner["properties"][own_name]
    kind = schema.get("type", "string")
    repeats = is_group(schema)
    choices = _choices_of(name, schema, spec, reader)
    words = translated(spec, name, reader.language)
    return FormField(
        name=own_name,
        title=title_of(spec, name, reader.language),
        description=words.get("description", schema.get("description", "")),
        type=kind,
        widget=spec.get("widgets", {}).get(name) or _usual_widget(schema, choices),
        is_required=own_name in owner.get("required", []),
        choices=choices,
        max_length=schema.get("maxLength"),
        default=schema.get("default"),
        is_many=kind == "array" and not repeats,
        is_hidden=is_hidden,
        rule=spec.get("rules", {}).get(name),
        fields=_row_fields(name, schema["items"], spec, reader) if repeats else (),
        min_rows=schema.get("minItems", 0),
        max_rows=schema.get("maxItems"),
    )


def _usual_widget(schema: dict[str, Any], choices: Choices) -> str:
    """How a field is shown where its form does not say."""
    if choices:
        return "select"
    if schema.get("type") == "boolean":
        return "checkbox"
    return "date" if schema.get("format") == "date" else "text"


def _row_fields(
    group: str, row: dict[str, Any], spec: dict[str, Any], reader: _Reader
) -> tuple[FormField, ...]:
    return tuple(_field_view(f"{group}.{name}", row, spec, reader) for name in row.get("properties", {}))


def _choices_of(name: str, schema: dict[str, Any], spec: dict[str, Any], reader: _Reader) -> Choices:
    provider = spec.get("choices", {}).get(name)
    if provider:
        return offered_by(provider, reader.task, reader.person)
    offered = schema.get("enum") or schema.get("items", {}).get("enum", [])
    labels = translated(spec, name, reader.language).get("enum", {})
    return [(str(value), labels.get(str(value), str(value))) for value in offered]
