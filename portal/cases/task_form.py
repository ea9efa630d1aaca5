"""My task's form as the page shows it: fields with what was typed, refusals beside them, one button an outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from accounts.models import Person
from workflows.forms.views import FormField, FormOutcome, FormView, form_view
from workflows.models import FormDraft, UserTask

PASSWORD = "password"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field with its value and its refusal; `element_id` is unique on the page."""

    spec: FormField
    value: Any
    error: str
    element_id: str

    @property
    def rule_json(self) -> str:
        """The rule that shows or hides it, for the page to decide by as one types."""
        return json.dumps(self.spec.rule) if self.spec.rule else ""

    @property
    def chosen(self) -> list[Any]:
        """What was chosen in a field of many values."""
        return list(self.value) if isinstance(self.value, list) else []

    @property
    def rows(self) -> int:
        return min(max(len(self.spec.choices), 2), 8)


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """One way to finish, with its fields. The first one stands open, the others unfold."""

    spec: FormOutcome
    fields: list[ShownField]
    errors: list[str]
    is_refused: bool
    password_error: str = ""

    @property
    def signs(self) -> bool:
        return self.spec.key == "sign"


@dataclass(frozen=True, slots=True)
class TaskForm:
    form: FormView
    outcomes: list[ShownOutcome]
    draft_revision: int
    saved: FormDraft | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the service said to a posted outcome, and what had been typed."""

    outcome: str
    message: str
    fields: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> list[tuple[str, Any]]:
        """What had been typed, by the fields' titles: for who can no longer send it."""
        return [(self.titles.get(name, name), value) for name, value in self.data.items() if value]


@dataclass(frozen=True, slots=True)
class RefusedAct:
    """What the service said to an act on a task other than finishing it, and what had been typed."""

    act: str
    message: str
    fields: Mapping[str, str]
    typed: Mapping[str, Any]


def task_form(
    task: UserTask, draft: FormDraft | None, refusal: Refusal | None = None, *, person: Person | None = None
) -> TaskForm:
    """The form of a task, filled from the draft, or from what was posted where that was refused."""
    typed: dict[str, Any] = dict(draft.data) if draft else {}
    if refusal:
        typed[refusal.outcome] = dict(refusal.data)
    form = form_view(task, person=person, typed=typed)
    outcomes = [_outcome(spec, typed.get(spec.key) or {}, refusal) for spec in form.outcomes]
    return TaskForm(form, outcomes, draft.revision if draft else 0, draft)


def posted_data(outcome: FormOutcome, posted: QueryDict) -> dict[str, Any]:
    """The posted fields of an outcome in their JSON types; a field left empty is absent.

    Fields the form does not know are kept, so that the check refuses them by name.
    """
    known = {spec.name: spec for spec in outcome.fields}
    data: dict[str, Any] = {}
    for name in posted:
        if name in {"csrfmiddlewaretoken", "outcome", PASSWORD}:
            continue
        spec = known.get(name)
        value = _posted_value(spec, posted, name)
        if value is not None:
            data[name] = value
    for name, spec in known.items():
        if spec.type == "boolean":
            data.setdefault(name, False)
    return data


def _posted_value(spec: FormField | None, posted: QueryDict, name: str) -> Any:
    if spec is None:
        return posted.get(name, "")
    if spec.is_many:
        return [text for text in posted.getlist(name) if text] or None
    return typed_value(spec, posted.get(name, ""))


def typed_value(spec: FormField, text: str) -> Any:
    """A posted text in the field's JSON type; text that is none of its type stays text, to be refused."""
    stripped = text.replace("\r\n", "\n").strip()
    if spec.type == "boolean":
        return stripped.lower() in {"on", "true", "1"}
    if not stripped:
        return None
    if spec.type in {"integer", "number"}:
        try:
            return int(stripped) if spec.type == "integer" else float(stripped)
        except ValueError:
            return stripped
    return stripped


def _outcome(spec: FormOutcome, typed: Mapping[str, Any], refusal: Refusal | None) -> ShownOutcome:
    refused = refusal if refusal and refusal.outcome == spec.key else None
    errors = dict(refused.fields) if refused else {}
    fields = [
        ShownField(one, typed.get(one.name, one.default), errors.pop(one.name, ""), f"{spec.key}-{one.name}")
        for one in spec.fields
    ]
    password_error = errors.pop(PASSWORD, "") if spec.meaning else ""
    rest = list(errors.values())
    if refused and not refused.fields:
        rest.append(refused.message)
    return ShownOutcome(spec, fields, rest, refused is not None, password_error)
