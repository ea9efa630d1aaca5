"""A bundle against every rule, and `manage.py check` over the bundles of `bpmn/`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.utils.translation import gettext as _

from workflows.checks.files import check_size
from workflows.checks.problems import Problem
from workflows.checks.remarks import remarks_of
from workflows.checks.rules import BUNDLE_RULES, FILE_RULES, PROCESS_RULES
from workflows.diagram import Definitions, Diagram, DiagramError, read_definitions
from workflows.engine import ProcessModel


def check_bundle(files: Mapping[str, str]) -> list[Problem]:
    """Everything that keeps a bundle from being deployed, in the order of the file; empty for a good one.

    Of a file without any process that is marked executable all processes are checked, as if they were.
    """
    diagrams = [text for name, text in files.items() if name.endswith(".bpmn")]
    if len(diagrams) != 1:
        return [Problem("bundle", _("A bundle holds exactly one .bpmn file"))]
    try:
        definitions = read_definitions(diagrams[0])
    except DiagramError as error:
        return [Problem("bundle", str(error))]
    too_much = list(check_size(definitions))
    if too_much:
        return too_much
    return _placed(_problems(definitions, files), definitions) or _unbuilt(definitions, files, diagrams[0])


def remarks_on(files: Mapping[str, str]) -> list[Problem]:
    """What is drawn in a bundle and does nothing, in the order of the file: it keeps nothing from being deployed."""
    definitions = read_definitions(next(text for name, text in files.items() if name.endswith(".bpmn")))
    runs = definitions.executable or definitions.processes
    return _placed((each for process in runs for each in remarks_of(process)), definitions)


def _problems(definitions: Definitions, files: Mapping[str, str]) -> Iterator[Problem]:
    for check_file in FILE_RULES:
        yield from check_file(definitions)
    for process in definitions.executable or definitions.processes:
        for check_process in PROCESS_RULES:
            yield from check_process(process)
        for check_files in BUNDLE_RULES:
            yield from check_files(process, files)


def _unbuilt(definitions: Definitions, files: Mapping[str, str], text: str) -> list[Problem]:
    """What the engine says of a file that no rule speaks against: it builds what it is to run."""
    try:
        ProcessModel.from_text(text, files)
    except DiagramError as error:
        return [
            Problem(definitions.key, _("The engine cannot build the process: %(error)s") % {"error": error})
        ]
    return []


def _placed(problems: Iterator[Problem], definitions: Definitions) -> list[Problem]:
    """Each problem once, with the line of its element; what has no line comes last."""
    placed = dict.fromkeys(
        replace(each, line=each.line or definitions.lines.get(each.element_id, 0)) for each in problems
    )
    return sorted(placed, key=lambda problem: problem.line or sys.maxsize)


def check_drawing(files: Mapping[str, str]) -> list[Problem]:
    """Elements and flows that have no place in the picture the portal shows."""
    definitions = read_definitions(next(text for name, text in files.items() if name.endswith(".bpmn")))
    return _placed((each for process in definitions.processes for each in _undrawn(process)), definitions)


def _undrawn(diagram: Diagram) -> Iterator[Problem]:
    for key in (*diagram.elements, *(lane.id for lane in diagram.lanes)):
        if key not in diagram.drawn:
            yield Problem(key, _("is not drawn"))
    yield from (Problem(key, _("has no waypoints")) for key in diagram.undrawn_edges)


@checks.register("workflows")
def check_processes(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Every process of `bpmn/` could be imported: for `manage.py check`."""
    found: list[checks.CheckMessage] = []
    for folder in bundle_folders(Path(settings.BASE_DIR) / "bpmn"):
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.suffix in {".bpmn", ".dmn", ".json"}
        }
        found += [
            checks.Error(f"{folder.name}: {problem}", id="workflows.E001")
            for problem in (*check_bundle(files), *check_drawing(files))
        ]
    return found


def bundle_folders(root: Path) -> list[Path]:
    """The folders below `root` that hold a process."""
    return sorted({path.parent for path in root.glob("*/*.bpmn")})
