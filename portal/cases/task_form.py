"""My task's form as the page shows it: fields with what was typed, refusals beside them, one button an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from workflows.form_views import FormField, FormOutcome, FormView, form_view
from workflows.models import FormDraft, UserTask


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field with its value and its refusal; `element_id` is unique on the page."""

    spec: FormField
    value: Any
    error: str
    element_id: str


@dataclass(frozen=True, slots=True)
class ShownOutcome:
    """One way to finish, with its fields. The first one stands open, the others unfold."""

    spec: FormOutcome
    fields: list[ShownField]
    errors: list[str]
    is_refused: bool

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


def task_form(task: UserTask, draft: FormDraft | None, refusal: Refusal | None = None) -> TaskForm:
    """The form of a task, filled from the draft, or from what was posted where that was refused."""
    form = form_view(task)
    typed: dict[str, Any] = dict(draft.data) if draft else {}
    if refusal:
        typed[refusal.outcome] = dict(refusal.data)
    outcomes = [_outcome(spec, typed.get(spec.key) or {}, refusal) for spec in form.outcomes]
    return TaskForm(form, outcomes, draft.revision if draft else 0, draft)


def posted_data(outcome: FormOutcome, posted: QueryDict) -> dict[str, Any]:
    """The posted fields of an outcome in their JSON types; a field left empty is absent.

    Fields the form does not know are kept, so that the check refuses them by name.
    """
    known = {spec.name: spec for spec in outcome.fields}
    data: dict[str, Any] = {}
    for name in posted:
        if name in {"csrfmiddlewaretoken", "outcome"}:
            continue
        spec = known.get(name)
        value = typed_value(spec, posted.get(name, "")) if spec else posted.get(name, "")
        if value is not None:
            data[name] = value
    for name, spec in known.items():
        if spec.type == "boolean":
            data.setdefault(name, False)
    return data


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
    rest = list(errors.values())
    if refused and not refused.fields:
        rest.append(refused.message)
    return ShownOutcome(spec, fields, rest, is_refused=refused is not None)
