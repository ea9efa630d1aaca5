"""A process as a folder of files: kept as a version that never changes, deployed when nothing speaks against it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.actors import Actor, SystemActor
from accounts.audit import record_audit
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from workflows.calling.pinning import check_called, pinned_calls
from workflows.checks import Problem, check_bundle, remarks_on
from workflows.deployment.bundle_files import diagram_of, digest_of, read_bundle
from workflows.diagram import Definitions, DiagramError, read_definitions, read_diagram
from workflows.engine import ProcessModel
from workflows.models import ProcessDefinition
from workflows.starting.start_plans import plan_starts

__all__ = ["diagram_of", "read_bundle"]  # with what is defined here: one door to bundles

SHIPPED = SystemActor("import")
LONGEST_KEY = 80
Status = ProcessDefinition.Status


def import_bundle(folder: Path) -> ProcessDefinition:
    """Make the bundle in a folder the active version of its process; a version that is in stays as it is.

    Raises  InvalidInput with one entry an element for what checks refuse; then nothing is kept.
    """
    files = read_bundle(folder)
    problems = _problems(files)
    if problems:
        raise _refusal(folder.name, problems)
    with transaction.atomic():
        kept = keep_bundle(files, actor=SHIPPED)
        return kept if kept.is_active else _activate(kept, actor=SHIPPED)


def keep_bundle(files: dict[str, str], *, actor: Actor) -> ProcessDefinition:
    """A version of these files, to be looked at: a draft with everything that keeps it from running.

    Files that are in already are the version they were, whatever became of it.

    Raises  InvalidInput for a file that is not BPMN at all; Conflict if another version came in this very moment.
    """
    try:
        definitions = read_definitions(diagram_of(files))
    except DiagramError as error:
        raise InvalidInput(str(error), code="BUNDLE_REFUSED", fields={"bundle": str(error)}) from error
    key = _key_of(definitions)
    digest = digest_of(files)
    versions = ProcessDefinition.objects.filter(key=key)
    known = versions.filter(digest=digest).first()
    if known is not None:
        return known
    made = ProcessDefinition(
        key=key,
        version=(versions.aggregate(latest=Max("version"))["latest"] or 0) + 1,
        name=definitions.title[:120],
        digest=digest,
        files=files,
        problems=_kept_problems(files),
        status=Status.DRAFT,
        is_active=False,
        imported_at=clock.now(),
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            _audit(made, actor, "process.imported", problems=len(made.problems))
    except IntegrityError as error:
        known = versions.filter(digest=digest).first()
        if known is None:
            raise Conflict(_("Another version came in just now. Send yours again.")) from error
        return known
    return made


def current_problems(definition: ProcessDefinition) -> list[dict[str, Any]]:
    """What keeps a version from running today: operators, forms and called processes come and go."""
    return _as_json(_problems(definition.files)) if definition.status == Status.DRAFT else definition.problems


def current_remarks(definition: ProcessDefinition) -> list[dict[str, Any]]:
    """What is drawn in a version and does nothing when it runs."""
    return _as_json(remarks_on(definition.files))


def deploy(definition: ProcessDefinition, *, actor: Actor) -> ProcessDefinition:
    """Make a version the one that new cases run. It is checked again: operators and forms come and go.

    Raises  InvalidInput with one entry an element if something speaks against it.
    """
    problems = _problems(definition.files)
    if problems:
        if definition.status == Status.DRAFT:
            definition.problems = _kept_problems(definition.files)
            definition.save(update_fields=["problems"])
        raise _refusal(f"{definition.key} {definition.version}", problems)
    with transaction.atomic():
        return _activate(definition, actor=actor)


def retire(definition: ProcessDefinition, *, actor: Actor) -> ProcessDefinition:
    """Let no new case begin on a version; those that run go on to their end. Raises Conflict for a draft."""
    with transaction.atomic():
        found = ProcessDefinition.objects.select_for_update().get(pk=definition.pk)
        if found.status == Status.DRAFT:
            raise Conflict(_("A version that was never deployed cannot be retired."), code="NOT_DEPLOYED")
        if found.status != Status.RETIRED:
            found.status, found.is_active = Status.RETIRED, False
            found.save(update_fields=["status", "is_active"])
            found.start_timers.all().delete()
            _audit(found, actor, "process.retired")
    return found


def export_bundle(definition: ProcessDefinition, folder: Path) -> list[Path]:
    """Write a definition's files into a folder; the paths written."""
    written = []
    for name, text in definition.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        written.append(path)
    return written


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
        files = definition_with(pk).files
        return ProcessModel.from_text(diagram_of(files), files)
    except DiagramError as error:
        raise InvalidInput(str(error), code="BUNDLE_REFUSED") from error


def _activate(definition: ProcessDefinition, *, actor: Actor) -> ProcessDefinition:
    """What new cases run from now on; the version before it is left to its running cases."""
    versions = list(ProcessDefinition.objects.select_for_update().filter(key=definition.key).order_by("pk"))
    found = next(each for each in versions if each.pk == definition.pk)
    ProcessDefinition.objects.filter(key=definition.key, is_active=True).exclude(pk=found.pk).update(
        is_active=False
    )
    diagram = read_diagram(diagram_of(found.files))
    if found.status == Status.DRAFT:
        found.calls = pinned_calls(diagram, version=found.version)
    found.status, found.is_active, found.problems = Status.DEPLOYED, True, []
    found.start_messages, found.catch_messages = diagram.start_messages, diagram.catch_messages
    found.start_signals = diagram.start_signals
    found.save(
        update_fields=[
            "status",
            "is_active",
            "problems",
            "calls",
            "start_messages",
            "catch_messages",
            "start_signals",
        ]
    )
    plan_starts(found, diagram)
    _audit(found, actor, "process.deployed")
    return found


def _problems(files: dict[str, str]) -> list[Problem]:
    return [*check_bundle(files), *check_called(files)]


def _key_of(definitions: Definitions) -> str:
    key = definitions.key
    if not key or len(key) > LONGEST_KEY:
        sentence = _("The id of a process has 1 to 80 characters.")
        raise InvalidInput(sentence, code="BUNDLE_REFUSED", fields={"bundle": sentence})
    return key


def _kept_problems(files: dict[str, str]) -> list[dict[str, Any]]:
    """Problems as a draft keeps them, in English: who looks at it is told them in their own language."""
    with override("en"):
        return _as_json(_problems(files))


def _as_json(problems: list[Problem]) -> list[dict[str, Any]]:
    return [{"element": each.element_id, "message": each.message, "line": each.line} for each in problems]


def _refusal(name: str, problems: list[Problem]) -> InvalidInput:
    fields: dict[str, str] = {}
    for each in problems:
        words = {"message": each.message, "line": each.line}
        message = _("%(message)s (line %(line)s)") % words if each.line else each.message
        fields[each.element_id] = "; ".join(filter(None, (fields.get(each.element_id), message)))
    sentence = _("The process in %(name)s cannot be imported: %(problem)s")
    return InvalidInput(
        sentence % {"name": name, "problem": problems[0]}, code="BUNDLE_REFUSED", fields=fields
    )


def _audit(definition: ProcessDefinition, actor: Actor, action: str, **detail: Any) -> None:
    record_audit(
        actor,
        action,
        object_kind="process",
        object_uid=definition.key,
        version=definition.version,
        digest=definition.digest,
        **detail,
    )
