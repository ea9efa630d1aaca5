"""One version of a process for its page: what keeps it from running, by element, and its drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from common.diagram_names import name_in_words
from portal.cases.diagram import in_words
from portal.cases.words import Word
from portal.processes.words import kind_in_words
from workflows.deployment import bundles
from workflows.diagram import read_definitions
from workflows.models import ProcessDefinition
from workflows.selectors import diagram_text

Status = ProcessDefinition.Status


@dataclass
class Blocked:
    """An element, or a file, with everything that is wrong there."""

    element: str
    name: str
    kind: str
    line: int
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds, in numbers."""

    processes: int
    pools: int
    nodes: int
    lanes: int


def state_of(definition: ProcessDefinition) -> Word:
    """Where a version stands, in a word."""
    if definition.is_active:
        return Word(_("In force"), "circle-check", "ok")
    if definition.status == Status.RETIRED:
        return Word(_("Retired"), "archive")
    if definition.status == Status.DEPLOYED:
        return Word(_("Replaced"), "history")
    if definition.problems:
        return Word(_("Cannot run"), "circle-alert", "warning")
    return Word(_("Draft"), "file-pen")


def blocked_in(definition: ProcessDefinition) -> list[Blocked]:
    """What keeps a version from running, one entry an element, in the order of the file."""
    return _by_element(definition, bundles.current_problems(definition))


def remarked_in(definition: ProcessDefinition) -> list[Blocked]:
    """What is drawn in a version and does nothing when it runs, likewise."""
    return _by_element(definition, bundles.current_remarks(definition))


def _by_element(definition: ProcessDefinition, problems: list[dict[str, Any]]) -> list[Blocked]:
    named: dict[str, tuple[str, str]] = {}
    for process in read_definitions(diagram_text(definition)).processes:
        named[process.key] = (process.name, "process")
        named |= {flow.id: (flow.name, "sequenceFlow") for flow in process.flows}
        named |= {key: (element.name, element.kind) for key, element in process.elements.items()}
    found: dict[str, Blocked] = {}
    for problem in problems:
        key = problem["element"]
        name, kind = named.get(key, ("", ""))
        entry = found.setdefault(
            key, Blocked(key, name_in_words(name), kind_in_words(kind), problem["line"], [])
        )
        if problem["message"] not in entry.reasons:
            entry.reasons.append(problem["message"])
    return list(found.values())


def contents_of(definition: ProcessDefinition) -> Contents:
    read = read_definitions(diagram_text(definition))
    return Contents(
        processes=len(read.processes),
        pools=len(read.participants),
        nodes=sum(len(each.elements) for each in read.processes),
        lanes=sum(len(each.lanes) for each in read.processes),
    )


def drawing_of(definition: ProcessDefinition) -> dict[str, Any]:
    """What the drawing needs: the XML with its words in the reader's language, and what is told of its elements.

    Only those in trouble have a state.
    """
    told = {each.element: _told(each) for each in remarked_in(definition)}
    told |= {each.element: {**_told(each), "status": "failed"} for each in blocked_in(definition)}
    return {
        "xml": in_words(diagram_text(definition), get_language() or "en"),
        "active": [],
        "completed": [],
        "elements": told,
    }


def _told(told: Blocked) -> dict[str, str]:
    return {"name": told.name, "word": " · ".join(told.reasons)}
