"""Which version of another process a call activity calls: the one in force when the caller is first deployed.

A caller that is deployed again, its files unchanged, goes on calling the versions it has always called.

Reference  BPMN 2.0.2 §10.3.6
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from workflows.checks import Problem
from workflows.deployment.bundle_files import diagram_of, read_bundle
from workflows.diagram import Diagram, DiagramError, read_diagram
from workflows.models import ProcessDefinition


def pinned_calls(diagram: Diagram, *, version: int) -> dict[str, int]:
    """The version of each process the diagram calls; of itself, its own version."""
    versions = dict(
        ProcessDefinition.objects.filter(key__in=diagram.called, is_active=True).values_list("key", "version")
    )
    if diagram.key in diagram.called:
        versions[diagram.key] = version
    return versions


def check_called(files: Mapping[str, str]) -> Iterator[Problem]:
    """Call activities whose process is not deployed here, or cannot be begun by a call."""
    try:
        diagram = read_diagram(diagram_of(files))
    except DiagramError:
        return  # said already by the checks of the file
    others = ProcessDefinition.objects.filter(key__in=diagram.called - {diagram.key}, is_active=True)
    starts = {each.key: read_diagram(diagram_of(each.files)).start for each in others}
    starts[diagram.key] = diagram.start
    for element in diagram.elements.values():
        if element.kind != "callActivity" or not element.called:
            continue
        if element.called not in starts:
            yield Problem(
                element.id,
                _("There is no process %(called)s to be called; deploy it first")
                % {"called": element.called},
            )
            continue
        start = starts[element.called]
        if start is None or start.triggers:
            yield Problem(
                element.id,
                _("%(called)s waits for an event at its start and cannot be called")
                % {"called": element.called},
            )


def callees_first(folders: Iterable[Path]) -> list[Path]:
    """Bundle folders in an order in which a process comes after those it calls; as they were where there is none.

    What is not BPMN at all stays in its place: importing it tells what is wrong with it.
    """
    given = list(folders)
    diagrams = {folder: diagram for folder in given if (diagram := _diagram_in(folder)) is not None}
    homes = {diagram.key: folder for folder, diagram in diagrams.items()}
    calls = {
        folder: {homes[key] for key in diagrams[folder].called if key in homes and homes[key] != folder}
        if folder in diagrams
        else set()
        for folder in given
    }
    try:
        return list(TopologicalSorter(calls).static_order())
    except CycleError:
        return given


def _diagram_in(folder: Path) -> Diagram | None:
    try:
        return read_diagram(diagram_of(read_bundle(folder)))
    except (DiagramError, InvalidInput):
        return None
