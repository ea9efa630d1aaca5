"""What a file must be as a whole: one process that runs, ids that name one thing, nothing of another kind.

Reference  BPMN 2.0.2 §8.1 (Definitions, Extension), §9.4 (Conversations), §11 (Choreography)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem
from workflows.diagram import Definitions
from workflows.diagram.names import BPMN, OTHER_MODELS, word_of

MOST_NODES = 250
_ID = re.compile(r"[^\W\d][\w.-]*")  # NCName, as xsd:ID demands
_RESERVED = re.compile(r"Start|End|.*\.(?:EndJoin|BoundaryEventSplit|BoundaryEventJoin|compensation)")
LONGEST_KEY = 80  # of a process's id, as its definition keeps it


def check_executable(definitions: Definitions) -> Iterator[Problem]:
    if not definitions.processes:
        yield Problem(definitions.id or "bundle", _("The file holds no process"))
    if not definitions.executable:
        for process in definitions.processes:
            yield Problem(process.key, _("The process is not marked executable (isExecutable)"))
    for process in definitions.executable[1:]:
        yield Problem(process.key, _("A file has one executable process; this is another one"))
    for process in definitions.executable:
        if not process.key or len(process.key) > LONGEST_KEY:
            yield Problem(
                process.key,
                _("The id of a process has 1 to %(longest_key)s characters") % {"longest_key": LONGEST_KEY},
            )


def check_size(definitions: Definitions) -> Iterator[Problem]:
    """Asked before anything else: the other rules look at each node beside each other, and the engine builds deep."""
    count = sum(len(process.elements) for process in definitions.processes)
    if count > MOST_NODES:
        yield Problem(
            definitions.key,
            _("The file has %(count)s flow nodes; more than %(most_nodes)s are not run: call other processes")
            % {"count": count, "most_nodes": MOST_NODES},
        )


def check_ids(definitions: Definitions) -> Iterator[Problem]:
    """An id is one of XML Schema, and none the engine gives to nodes of its own."""
    for key in definitions.repeated:
        yield Problem(key, _("This id stands in the file twice"))
    for key in definitions.lines:
        if not _ID.fullmatch(key):
            yield Problem(
                key, _("An id begins with a letter or _; letters, digits, full stops, - and _ may follow")
            )
        elif _RESERVED.fullmatch(key):
            yield Problem(key, _("The engine uses this id itself; choose another one"))


def check_other_models(definitions: Definitions) -> Iterator[Problem]:
    for node in definitions.tree:
        word = word_of(node)
        if word in OTHER_MODELS:
            yield Problem(
                node.get("id", word),
                _("A %(word)s is kept and shown, but never run") % {"word": word},
                node.sourceline or 0,
            )


def check_understood(definitions: Definitions) -> Iterator[Problem]:
    """An extension its author declares indispensable is refused, as the standard asks (BPMN 2.0.2 §8.2.3)."""
    for node in definitions.tree.findall(f"{{{BPMN}}}extension"):
        if node.get("mustUnderstand") in {"true", "1"}:
            name = node.get("definition", "")
            yield Problem(
                node.get("id") or name or "extension",
                _("The file demands that %(what)s is understood, and it is not")
                % {"what": name or _("an extension")},
                node.sourceline or 0,
            )
