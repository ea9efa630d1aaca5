"""Extensions: what other engines are told by theirs is named, and ours are spelt as they are read.

An extension that only describes (looks, simulation, authorship) is kept and left alone; one by which another
engine is told what to do would be ignored here, so it keeps the process from being deployed.

Reference  BPMN 2.0.2 §8.2.3 (Extensibility)
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from workflows.checks.problems import Problem, problem_at
from workflows.diagram import Diagram
from workflows.diagram.formal import IN_ATTRIBUTES
from workflows.diagram.names import BPMN, OURS, word_of

# The words of engines; what of them merely helps to draw is not named.
ENGINES = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://activiti.org/bpmn": "activiti",
    "http://flowable.org/bpmn": "flowable",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiffworkflow",
    "http://www.jboss.org/drools": "drools",
    "http://www.bonitasoft.org/ns/connector/definition/6.0": "bonita",
    "http://www.bonitasoft.org/studio/connector/definition/6.0": "bonita",
    "http://www.w4.eu/spec/BPMN/20110701/MODEL": "w4",
}
_HARMLESS = {
    "modelerTemplate", "modelerTemplateVersion", "modelerTemplateIcon", "versionTag", "exclusive", "jobPriority",
}  # fmt: skip

# Extensions of ours, and the attributes each is read with.
OUR_WORDS = {
    "argument": {"name", "value"},
    "assignment": {"role", "site", "person"},
    "call": {"result"},
    "decision": {"name", "result"},
    "error": {"into"},
    "escalation": {"into"},
    "form": {"name", "due", "person", "candidates", "roles"},
    "message": {"into", "correlate"},
    "operator": {"name", "result", "topic"},
    "script": {"result"},
    "signal": {"into"},
    "start": {"when", "key", "site"},
}


def check_dialects(diagram: Diagram) -> Iterator[Problem]:
    for node in diagram.node.iter(f"{{{BPMN}}}*"):
        for name in node.attrib:
            engine, word = _of_engine(str(name))
            if engine:
                yield problem_at(
                    node,
                    _("%(engine)s:%(word)s is for another engine and is not read")
                    % {"engine": engine, "word": word},
                )
        for child in node.findall(f"{{{BPMN}}}extensionElements/*"):
            engine, word = _of_engine(str(child.tag))
            if engine:
                yield problem_at(
                    child,
                    _("%(engine)s:%(word)s is for another engine and is not read")
                    % {"engine": engine, "word": word},
                )


def check_our_words(diagram: Diagram) -> Iterator[Problem]:
    for node in diagram.node.iter(f"{{{OURS}}}*"):
        word = word_of(node)
        if word not in OUR_WORDS:
            yield problem_at(node, _("consilium:%(word)s is not an extension of ours") % {"word": word})
            continue
        for name in node.attrib:
            if str(name) not in OUR_WORDS[word] | ({"language"} if word in IN_ATTRIBUTES else set()):
                yield problem_at(
                    node, _("consilium:%(word)s has no attribute %(name)s") % {"word": word, "name": name}
                )


def _of_engine(name: str) -> tuple[str, str]:
    """Which engine a qualified name belongs to, and its word; "" for what no engine of the list reads."""
    if not name.startswith("{"):
        return "", ""
    namespace, word = name[1:].split("}", 1)
    return ("", "") if word in _HARMLESS else (ENGINES.get(namespace, ""), word)
