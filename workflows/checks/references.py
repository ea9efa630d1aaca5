"""Whatever names something else by its id: the other thing must be there.

Reference  BPMN 2.0.2 §8.1.3
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from lxml import etree

from workflows.checks.problems import Problem, problem_at
from workflows.diagram import Diagram
from workflows.diagram.names import BPMN, local, word_of

# Names of things outside BPMN (XML Schema types, WSDL), of another file's, or of variables: their rules are elsewhere.
_OUTWARD = {
    "structureRef", "implementationRef", "definitionalCollaborationRef", "supports", "calledElement",
    "loopDataInputRef", "loopDataOutputRef",
}  # fmt: skip
_BY_ID = {"default"}


def check_references(diagram: Diagram) -> Iterator[Problem]:
    known = {node.get("id") for node in diagram.tree.iter(f"{{{BPMN}}}*")}
    for node in diagram.node.iter(f"{{{BPMN}}}*"):
        for word, reference in _references(node):
            if reference and local(reference) not in known:
                yield problem_at(
                    node,
                    _("%(word)s names %(reference)s, which is not there")
                    % {"word": word, "reference": reference},
                )


def _references(node: etree._Element) -> Iterator[tuple[str, str]]:
    for name, value in node.attrib.items():
        word = str(name)
        if (word.endswith("Ref") or word in _BY_ID) and word not in _OUTWARD:
            yield word, str(value)
    word = word_of(node)
    if word.endswith(("Ref", "Refs")) and word not in _OUTWARD:
        yield word, (node.text or "").strip()
