"""Forms of user tasks: JSON Schema in the bundle, shown to people and checked here, field by field.

`forms/<name>.json` of a bundle holds a title and one schema an outcome (JSON Schema 2020-12). What an
outcome does beside moving the process is registered by the package that owns it: a report is signed by
`reports.sign`, and `workflows` never learns what a report is. Beside its schema an outcome has words of a UI
schema: `order`, `widgets`, `choices`, `notes`, `rules` (see `workflows.forms.rules`) and `signature`. A field that
is an array of objects is a group of fields that is filled in as often as needed; its fields are named `group.field`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, ValidationError

from accounts.models import Person
from common.errors import InvalidInput, NotFound
from workflows.forms.refusals import not_as_expected, not_offered, sentences_of
from workflows.forms.rules import hidden_fields
from workflows.models import ProcessDefinition, UserTask
from workflows.scripting.inside.values import NotPlain, plain

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
    hidden = hidden_fields(outcome, data)
    kept = {name: value for name, value in data.items() if name not in hidden}
    fields: dict[str, str] = {}
    for error in outcome["schema"].errors_in(kept):
        for name, sentence in sentences_of(error, outcome, _language()):
            if name not in hidden:
                fields.setdefault(name, sentence)
    for name, value in kept.items():
        if name not in fields and not _can_be_kept(value):
            fields[name] = not_as_expected(outcome, name, _language())
    for name, provider in outcome.get("choices", {}).items():
        for place, chosen in _entered(name, kept):
            if place not in fields and not _are_offered(chosen, provider, task, person):
                fields[place] = not_offered(outcome, place, _language())
    if fields:
        raise InvalidInput(_("Please correct the marked fields."), code="FORM_INVALID", fields=fields)
    return kept


def _language() -> str:
    return get_language() or "en"


def _can_be_kept(value: Any) -> bool:
    """Whether a store of ours takes a value: no NUL, no half of a surrogate pair, no number beyond 64 bits."""
    try:
        plain(value)
    except NotPlain:
        return False
    return True


def _entered(name: str, data: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """What was entered in a field, with its place; of a field `group.name`, what was in each row of the group."""
    group, _dot, inner = name.partition(".")
    if not inner:
        yield name, data.get(name)
        return
    rows = data.get(group)
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        if isinstance(row, dict):
            yield f"{group}.{number}.{inner}", row.get(inner)


def _are_offered(chosen: Any, provider: str, task: UserTask, person: Person | None) -> bool:
    """Whether a provider offers what was chosen in a field of one value, or of many; not asked where nothing was."""
    if not chosen:
        return True
    offered = {value for value, _label in offered_by(provider, task, person)}
    many = chosen if isinstance(chosen, list) else [chosen]
    return all(isinstance(each, str) and each in offered for each in many)


class _Schema(dict[str, Any]):
    """The JSON Schema of an outcome, with the validator that is made of it once."""

    @cached_property
    def validator(self) -> Draft202012Validator:
        return Draft202012Validator(self, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def errors_in(self, data: dict[str, Any]) -> Iterator[ValidationError]:
        """Where the data is not as the schema has it; most answers are one outcome chosen, and no data."""
        return self.validator.iter_errors(data) if data or not self._takes_nothing else iter(())

    @cached_property
    def _takes_nothing(self) -> bool:
        return self.validator.is_valid({})


@lru_cache(maxsize=256)
def _parsed(text: str) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(text)
    for outcome in form["outcomes"].values():
        outcome["schema"] = _Schema(outcome["schema"])
    return form


def offered_by(provider: str, task: UserTask, person: Person | None) -> Choices:
    handler = find_choices(provider)
    return handler(task, person) if handler else []
