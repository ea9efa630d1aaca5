"""XML namespaces of BPMN, its drawing and our extensions, and the tag names of flow nodes."""

from __future__ import annotations

import re

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DI = "http://www.omg.org/spec/DD/20100524/DI"
OURS = "urn:consilium:bpmn"

PROCESS_WORDS = {"process", "subProcess"}

# What a flow node may be, and what merely stands beside it. Whether a node is *supported* is decided by checks.
FLOW_NODES = {
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway",
    "subProcess", "adHocSubProcess", "transaction", "callActivity",
}  # fmt: skip
BESIDE = {
    "laneSet", "sequenceFlow", "documentation", "extensionElements", "textAnnotation", "association", "group",
    "incoming", "outgoing", "dataObject", "dataObjectReference", "dataStoreReference", "ioSpecification",
    "correlationSubscription",
}  # fmt: skip

# Root elements that are models of another kind: kept as they are, drawn by others, never run (BPMN 2.0.2 §11, §9.4).
OTHER_MODELS = {"choreography", "globalChoreographyTask", "conversation", "globalConversation"}


YES, NO = frozenset({"true", "1"}), frozenset({"false", "0"})
BOOLEANS = frozenset({
    "cancelActivity", "instantiate", "isExecutable", "isForCompensation", "isInterrupting", "isSequential",
    "parallelMultiple", "testBefore", "triggeredByEvent", "waitForCompletion",
})  # fmt: skip
"""Attributes that are read and say yes or no."""


def word_of(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def local(reference: str | None) -> str:
    """The id a reference names: `tns:Message_1` and `Message_1` are the same one.

    Reference  BPMN 2.0.2 §8.1.3 (references are QNames)
    """
    return (reference or "").strip().rsplit(":", 1)[-1]


def is_true(node: etree._Element, attribute: str, *, default: bool = False) -> bool:
    """Whether an attribute says yes; XML writes it `true` or `1` (XML Schema Part 2 §3.2.2)."""
    value = node.get(attribute)
    return default if value is None else value.strip() in YES


def text_of(node: etree._Element, word: str) -> str:
    """The text of a child element of BPMN; "" where there is none."""
    return (node.findtext(f"{{{BPMN}}}{word}") or "").strip()


def variable_of(name: str) -> str:
    """A label as the variable it means: `Study order` as `Study_order`."""
    return re.sub(r"\W+", "_", name.strip()).strip("_")
