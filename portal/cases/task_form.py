"""My task's form as the page shows it: fields with what was typed, refusals beside them, one button an outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.models import Person
from portal.cases.posted import PASSWORD
from portal.reports.submissions import SIGN_REPORT
from workflows.forms.views import FormField, FormOutcome, FormView, form_view
from workflows.models import FormDraft, UserTask

BLANK_ROW = "__row__"
"""Stands for the number of a row in the row that others are made from."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a group that is filled in as often as needed; people count from 1."""

    index: str
    number: str
    fields: list[ShownField]


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field with its value and its refusal; `element_id` is unique on the page.

    A group has its `entries`, and a `blank_entry` that the page adds rows from.
    """

    spec: FormField
    value: Any
    error: str
    element_id: str
    name: str = ""
    entries: tuple[ShownRow, ...] = ()
    blank_entry: ShownRow | None = None

    @property
    def posted_name(self) -> str:
        """What it is called in the posted form: in a row, by group and row too."""
        return self.name or self.spec.name

    @property
    def rule_json(self) -> str:
        """The rule that shows or hides it, for the page to decide by as one types."""
        return json.dumps(self.spec.rule) if self.spec.rule else ""

    @property
    def chosen(self) -> list[Any]:
        """What was chosen in a field of many values."""
        return list(self.value) if isinstance(self.value, list) else []

    @property
    def may_add(self) -> bool:
        """Whether the group may have one row more than it has."""
        return self.spec.max_rows is None or len(self.entries) < self.spec.max_rows

    @property
    def may_remove(self) -> bool:
        """Whether the group may have one row less."""
        return len(self.entries) > self.spec.min_rows

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
        """Whether finishing so is to be signed."""
        return bool(self.spec.meaning)

    @property
    def writes_report(self) -> bool:
        return self.spec.submission == SIGN_REPORT


@dataclass(frozen=True, slots=True)
class Signing:
    """How the person at this page signs: by their password, or by having signed in just now."""

    by_password: bool
    is_fresh: bool


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
        return [
            (self.titles.get(name, name), shown_value(value)) for name, value in self.data.items() if value
        ]


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


def _outcome(spec: FormOutcome, typed: Mapping[str, Any], refusal: Refusal | None) -> ShownOutcome:
    refused = refusal if refusal and refusal.outcome == spec.key else None
    errors = dict(refused.fields) if refused else {}
    fields = [_field(one, "", typed, errors, spec.key) for one in spec.fields]
    password_error = errors.pop(PASSWORD, "") if spec.meaning else ""
    rest = list(errors.values())
    if refused and not refused.fields:
        rest.append(refused.message)
    return ShownOutcome(spec, fields, rest, refused is not None, password_error)


def _field(
    spec: FormField, within: str, typed: Mapping[str, Any], errors: dict[str, str], key: str
) -> ShownField:
    """A field as it is shown; `errors` is left with those that no field has taken."""
    name = f"{within}{spec.name}"
    value = typed.get(spec.name, spec.default)
    shown = ShownField(spec, value, errors.pop(name, ""), f"{key}-{name.replace('.', '-')}", name)
    if not spec.fields:
        return shown
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    rows += [{} for _missing in range(spec.min_rows - len(rows))]
    entries = tuple(_row(spec, str(number), row, errors, key) for number, row in enumerate(rows))
    return replace(shown, entries=entries, blank_entry=_row(spec, BLANK_ROW, {}, {}, key))


def _row(
    group: FormField, index: str, typed: Mapping[str, Any], errors: dict[str, str], key: str
) -> ShownRow:
    fields = [_field(one, f"{group.name}.{index}.", typed, errors, key) for one in group.fields]
    return ShownRow(index, str(int(index) + 1) if index.isdecimal() else BLANK_ROW, fields)


def shown_value(value: Any) -> Any:
    """A value for reading: the rows of a group a line each."""
    if isinstance(value, list):
        return "\n".join(_line(each) for each in value)
    return value


def _line(value: Any) -> str:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return ", ".join(_line(part) if isinstance(part, list) else str(part) for part in parts)
