"""Words of BPMN that change what a diagram means and that the engine does not read: named, never ignored.

What is listed here as read has its own rule or is of no consequence when a process runs. Everything else is
refused, so a construct nobody thought of is refused too.

Reference  BPMN 2.0.2 §10 (tables of attributes and model associations)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from lxml import etree

from workflows.checks.kinds import REFUSED_WORDS
from workflows.checks.problems import Problem, problem_at
from workflows.diagram import Diagram
from workflows.diagram.names import BESIDE, BOOLEANS, BPMN, FLOW_NODES, NO, PROCESS_WORDS, YES, word_of

# Attributes of flow nodes and flows that are read, or say nothing about running.
_READ = {
    "id", "name", "default", "attachedToRef", "messageRef", "sourceRef", "targetRef", "gatewayDirection",
    "calledElement", "scriptFormat", "isImmediate", "ordering", "cancelRemainingInstances", "method", "behavior",
    "loopMaximum",
} | BOOLEANS  # fmt: skip
# Attributes of which only these values are run; the first is the standard's default.
_ONLY = {
    "completionQuantity": ("1",),
    "eventGatewayType": ("Exclusive",),
    "implementation": ("##unspecified", "##WebService", ""),
    "isClosed": ("false",),
    "startQuantity": ("1",),
}
# Elements inside flow nodes that are read elsewhere, or say nothing about running.
_READ_CHILDREN = FLOW_NODES | BESIDE | {
    "auditing", "categoryValueRef", "conditionExpression", "dataInputAssociation", "dataOutputAssociation",
    "monitoring", "multiInstanceLoopCharacteristics", "script", "standardLoopCharacteristics",
}  # fmt: skip
_WHY = {
    "eventDefinitionRef": gettext_lazy("A shared event definition is not read; write it into the event"),
    "humanPerformer": gettext_lazy("Who does it is said by the lane, not by a human performer"),
    "performer": gettext_lazy("Who does it is said by the lane, not by a performer"),
    "potentialOwner": gettext_lazy("Who does it is said by the lane, not by a potential owner"),
    "resourceRole": gettext_lazy("Who does it is said by the lane, not by a resource role"),
}


def check_attributes(diagram: Diagram) -> Iterator[Problem]:
    for node in _nodes(diagram):
        for name, value in node.attrib.items():
            word = str(name)
            if word.startswith("{") or word in _READ:
                continue
            if word not in _ONLY:
                yield problem_at(node, _("The attribute %(word)s is not read") % {"word": word})
            elif value not in _ONLY[word]:
                yield problem_at(
                    node, _('%(word)s="%(value)s" is not supported') % {"word": word, "value": value}
                )


def check_truths(diagram: Diagram) -> Iterator[Problem]:
    """What says neither yes nor no is not taken for either (XML Schema Part 2 §3.2.2)."""
    for node in diagram.node.iter(f"{{{BPMN}}}*"):
        for word in BOOLEANS & set(node.attrib):
            value = node.get(word, "")
            if value.strip() not in YES | NO:
                yield problem_at(
                    node, _('%(word)s="%(value)s" is not supported') % {"word": word, "value": value}
                )


def check_children(diagram: Diagram) -> Iterator[Problem]:
    for node in _nodes(diagram):
        for child in node.iterchildren(f"{{{BPMN}}}*"):
            word = word_of(child)
            if word in _READ_CHILDREN or word in REFUSED_WORDS or word.endswith("EventDefinition"):
                continue
            if word == "property" and _is_exchanged(node, child.get("id", "")):
                continue
            if word_of(node) not in PROCESS_WORDS:  # a process's own parts are refused with its other parts
                why = str(_WHY[word]) if word in _WHY else _("%(word)s is not read") % {"word": word}
                yield replace(problem_at(node, why), line=child.sourceline or 0)


def _is_exchanged(node: etree._Element, key: str) -> bool:
    """Whether a property is merely the end of a data association, as editors write it that know no inputs."""
    ends = (f"{{{BPMN}}}*/{{{BPMN}}}sourceRef", f"{{{BPMN}}}*/{{{BPMN}}}targetRef")
    return any(key == (end.text or "").strip() for path in ends for end in node.findall(path))


def _nodes(diagram: Diagram) -> Iterator[etree._Element]:
    """Flow nodes and sequence flows of a process, at every depth."""
    for node in diagram.node.iter(f"{{{BPMN}}}*"):
        if word_of(node) in FLOW_NODES or word_of(node) == "sequenceFlow":
            yield node
