"""A bundle against every rule, and `manage.py check` over the bundles of `bpmn/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks

from workflows.checks.assignments import check_lanes, check_service_tasks, check_user_tasks
from workflows.checks.flows import check_ends, check_flows, check_gateways, check_starts
from workflows.checks.forms import check_forms
from workflows.checks.kinds import check_kinds
from workflows.checks.problems import Problem
from workflows.checks.triggers import check_messages, check_timers, check_triggers
from workflows.diagram import Diagram, DiagramError, read_diagram


def check_bundle(files: Mapping[str, str]) -> list[Problem]:
    """Everything that keeps a bundle from being imported; empty for a good one."""
    diagrams = [text for name, text in files.items() if name.endswith(".bpmn")]
    if len(diagrams) != 1:
        return [Problem("bundle", "A bundle holds exactly one .bpmn file")]
    try:
        diagram = read_diagram(diagrams[0])
    except DiagramError as error:
        return [Problem("bundle", str(error))]
    problems = [problem for rule in _RULES for problem in rule(diagram)]
    problems += check_forms(diagram, files)
    return problems


def check_drawing(files: Mapping[str, str]) -> list[Problem]:
    """Elements and flows that have no place in the picture the portal shows."""
    diagram = read_diagram(next(text for name, text in files.items() if name.endswith(".bpmn")))
    missing = [
        key for key in (*diagram.elements, *(lane.id for lane in diagram.lanes)) if key not in diagram.drawn
    ]
    return [Problem(key, "is not drawn") for key in missing] + [
        Problem(key, "has no waypoints") for key in diagram.undrawn_edges
    ]


@checks.register("workflows")
def check_processes(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Every process of `bpmn/` could be imported: for `manage.py check`."""
    found: list[checks.CheckMessage] = []
    for folder in bundle_folders(Path(settings.BASE_DIR) / "bpmn"):
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.suffix in {".bpmn", ".json"}
        }
        found += [
            checks.Error(f"{folder.name}: {problem}", id="workflows.E001")
            for problem in (*check_bundle(files), *check_drawing(files))
        ]
    return found


def bundle_folders(root: Path) -> list[Path]:
    """The folders below `root` that hold a process."""
    return sorted({path.parent for path in root.glob("*/*.bpmn")})


_RULES: list[Callable[[Diagram], Iterator[Problem]]] = [
    check_kinds,
    check_triggers,
    check_messages,
    check_timers,
    check_starts,
    check_flows,
    check_ends,
    check_gateways,
    check_service_tasks,
    check_user_tasks,
    check_lanes,
]
