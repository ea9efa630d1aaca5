"""A process as a folder: imported as a version that never changes, exported as the same files."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.db import transaction
from django.db.models import Max

from common import clock
from common.errors import InvalidInput, NotFound
from workflows.checks import check_bundle
from workflows.diagram import DiagramError, read_diagram
from workflows.engine import ProcessModel
from workflows.models import ProcessDefinition

SUFFIXES = {".bpmn", ".json", ".md"}
MAX_FILE_BYTES = 2_000_000


def import_bundle(folder: Path) -> ProcessDefinition:
    """Make the bundle in a folder the active version of its process; a version that is in stays as it is.

    Raises  InvalidInput with one entry an element for what checks refuse.
    """
    files = read_bundle(folder)
    problems = check_bundle(files)
    if problems:
        raise InvalidInput(
            f"The process in {folder.name} cannot be imported: {problems[0]}",
            code="BUNDLE_REFUSED",
            fields={problem.element_id: problem.message for problem in problems},
        )
    diagram = read_diagram(diagram_of(files))
    digest = _digest(files)
    with transaction.atomic():
        versions = ProcessDefinition.objects.select_for_update().filter(key=diagram.key)
        known = versions.filter(digest=digest).first()
        if known is not None and known.is_active:
            return known
        versions.filter(is_active=True).update(is_active=False)
        if known is not None:
            known.is_active = True
            known.save(update_fields=["is_active"])
            return known
        latest = ProcessDefinition.objects.filter(key=diagram.key).aggregate(latest=Max("version"))["latest"]
        return ProcessDefinition.objects.create(
            key=diagram.key,
            version=(latest or 0) + 1,
            name=diagram.name,
            digest=digest,
            files=files,
            start_messages=diagram.start_messages,
            catch_messages=diagram.catch_messages,
            imported_at=clock.now(),
        )


def export_bundle(definition: ProcessDefinition, folder: Path) -> list[Path]:
    """Write a definition's files into a folder; the paths written."""
    written = []
    for name, text in definition.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def read_bundle(folder: Path) -> dict[str, str]:
    """A bundle's files by their path inside it; InvalidInput for what is no bundle."""
    files = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in SUFFIXES and path.stat().st_size <= MAX_FILE_BYTES
    }
    diagram_of(files)
    return files


def diagram_of(files: dict[str, str]) -> str:
    """The text of the bundle's one diagram."""
    diagrams = [text for name, text in files.items() if name.endswith(".bpmn")]
    if len(diagrams) != 1:
        raise InvalidInput("A bundle holds exactly one .bpmn file", code="BUNDLE_REFUSED")
    return diagrams[0]


@lru_cache(maxsize=256)
def definition_with(pk: int) -> ProcessDefinition:
    """A definition with its files. Versions never change, so one read a process is enough."""
    definition = ProcessDefinition.objects.filter(pk=pk).first()
    if definition is None:
        raise NotFound("There is no such process definition")
    return definition


@lru_cache(maxsize=256)
def model_of(pk: int) -> ProcessModel:
    """A definition ready to run; building it costs more than a step, so it is kept."""
    try:
        return ProcessModel.from_text(diagram_of(definition_with(pk).files))
    except DiagramError as error:
        raise InvalidInput(str(error), code="BUNDLE_REFUSED") from error


def _digest(files: dict[str, str]) -> str:
    """The same for the same content, whatever order the files are listed in."""
    return hashlib.sha256(json.dumps(files, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
