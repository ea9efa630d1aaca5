"""Expressions say in which language they are; those in another language than ours would be misread.

A file's default is left alone where it is the standard's own default, which editors write of their own accord.

Reference  BPMN 2.0.2 §8.1.1 (expressionLanguage), §8.4.8 (FormalExpression, language)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from lxml import etree

from workflows.checks.problems import Problem, problem_at
from workflows.diagram import Diagram
from workflows.diagram.formal import IN_ATTRIBUTES, is_python
from workflows.diagram.names import BPMN, word_of
from workflows.diagram.names import OURS as OUR_EXTENSIONS
from workflows.engine.durations import is_timing

OURS = "urn:consilium:expression"
_DEFAULT = "http://www.w3.org/1999/XPath"
_EXPRESSIONS = {
    "completionCondition", "condition", "conditionExpression", "dataPath", "loopCardinality", "loopCondition",
    "messagePath", "timeCycle", "timeDate", "timeDuration", "transformation",
}  # fmt: skip


def check_languages(diagram: Diagram) -> Iterator[Problem]:
    default = diagram.tree.get("expressionLanguage", _DEFAULT)
    for node in _formal(diagram):
        yield from _check(node, node.get("language") or (default if default != _DEFAULT else OURS))
    for node in diagram.node.iter(f"{{{OUR_EXTENSIONS}}}*"):
        if word_of(node) in IN_ATTRIBUTES:
            yield from _check(node, node.get("language", OURS))


def _formal(diagram: Diagram) -> Iterator[etree._Element]:
    """The expressions of a process in BPMN's words, those of the file's correlation properties among them."""
    paths = diagram.tree.iter(f"{{{BPMN}}}messagePath")  # stands beside the process
    for node in (*diagram.node.iter(f"{{{BPMN}}}*"), *paths):
        text = (node.text or "").strip()
        if word_of(node) in _EXPRESSIONS and text and not is_timing(text):
            yield node


def _check(node: etree._Element, language: str) -> Iterator[Problem]:
    if language != OURS and not is_python(node):
        yield problem_at(
            node,
            _("An expression in %(language)s is not evaluated; ours is %(ours)s, or python")
            % {"language": language, "ours": OURS},
        )
