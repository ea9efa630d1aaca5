"""A posted form as data: every field in its JSON type, the rows of a group as a list.

A row of a group is announced by a hidden field `group[]` with its index, so that a row of unticked boxes is one, too;
its fields are named `group.index.field`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import QueryDict

from workflows.forms.views import FormField, FormOutcome

PASSWORD = "password"  # noqa: S105 - the name of a field
ADD_ROW, REMOVE_ROW, SEEN_REVISION = "add_row", "remove_row", "draft_revision"
_OURS = frozenset({"csrfmiddlewaretoken", "outcome", PASSWORD, ADD_ROW, REMOVE_ROW, SEEN_REVISION})


def posted_data(outcome: FormOutcome, posted: QueryDict) -> dict[str, Any]:
    """The posted fields of an outcome in their JSON types; a field left empty is absent.

    Fields the form does not know are kept, so that the check refuses them by name.
    """
    data: dict[str, Any] = {}
    known: set[str] = set(_OURS)
    for spec in outcome.fields:
        if spec.fields:
            known |= {f"{spec.name}[]", *(name for name, *_rest in _names_of(spec, posted))}
            if rows := _rows(spec, posted):
                data[spec.name] = rows
        else:
            known.add(spec.name)
            data |= _entered(spec, posted, spec.name)
    return data | {name: posted.get(name, "") for name in posted if name not in known}


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


def _rows(group: FormField, posted: QueryDict) -> list[dict[str, Any]]:
    """The rows of a group in the order of the page, a row in which nothing was entered too."""
    rows: dict[str, dict[str, Any]] = {index: {} for index in posted.getlist(f"{group.name}[]")}
    for name, index, spec in _names_of(group, posted):
        rows[index] |= _entered(spec, posted, name)
    return list(rows.values())


def _names_of(group: FormField, posted: QueryDict) -> Iterator[tuple[str, str, FormField]]:
    """The names that fields of the rows have, with the row's index and the field."""
    for index in dict.fromkeys(posted.getlist(f"{group.name}[]")):
        for spec in group.fields:
            yield f"{group.name}.{index}.{spec.name}", index, spec


def _entered(spec: FormField, posted: QueryDict, name: str) -> dict[str, Any]:
    """What was entered in one field; nothing where it was left empty. A box that is not ticked is false."""
    if spec.is_many:
        many = [text for text in posted.getlist(name) if text]
        return {spec.name: many} if many else {}
    value = typed_value(spec, posted.get(name, ""))
    return {} if value is None else {spec.name: value}
