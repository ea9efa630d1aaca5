"""Which decision a business rule task asks for, among the DMN files that lie beside its diagram.

A task names it, or the decision says that the task uses it.

Reference  BPMN 2.0.2 §10.3.3 (Business Rule Task); DMN 1.5 §6.3.7 (Decision, usingTask)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from common.errors import InvalidInput, ServiceError
from workflows.decisions.elements import children
from workflows.decisions.markup import read_tree
from workflows.decisions.model import DecisionModel
from workflows.decisions.services import load_decisions


class NoDecision(Exception):
    """No file has the decision, or more than one has. The message is for designers."""


@dataclass(frozen=True, slots=True)
class BundledDecision:
    """A decision of a file of the bundle, ready to be made."""

    file: str
    model: DecisionModel
    decision_id: str


def find_decision(files: Mapping[str, str], *, task_id: str, name: str) -> BundledDecision:
    """The decision of this name or id; without a name, the one that says the task uses it.

    Raises  NoDecision; InvalidInput for a DMN file that cannot be used.
    """
    found = [
        BundledDecision(file, model, decision_id)
        for file, text in sorted(files.items())
        if file.endswith(".dmn")
        for model in [load_decisions(text.encode())]
        for decision_id in (_named(model, name) if name else _used_by(task_id, text, model))
    ]
    if len(found) == 1:
        return found[0]
    raise NoDecision(_refusal(name, found))


def _refusal(name: str, found: list[BundledDecision]) -> str:
    words = {"name": name, "files": ", ".join(each.file for each in found)}
    if not found and name:
        return _("No .dmn file of the bundle has a decision %(name)s") % words
    if not found:
        return _("No .dmn file of the bundle has a decision that says it is used by this task")
    if name:
        return _("There is more than one decision %(name)s: in %(files)s") % words
    return _("There is more than one decision that says it is used by this task: in %(files)s") % words


def _named(model: DecisionModel, name: str) -> list[str]:
    return [one.id for one in model.decisions.values() if name in (one.id, one.name)]


def _used_by(task_id: str, text: str, model: DecisionModel) -> list[str]:
    return [
        decision.get("id", "")
        for decision in children(read_tree(text.encode()), "decision")
        if decision.get("id", "") in model.decisions
        and any(use.get("href", "").rpartition("#")[2] == task_id for use in children(decision, "usingTask"))
    ]


def refusal_of(error: ServiceError) -> str:
    """What is wrong with a DMN file, in one line."""
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return next((f"{place}: {sentence}" for place, sentence in fields.items()), str(error))
