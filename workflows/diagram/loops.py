"""Loop markers of activities: repeated one after the other, or once for each item of a collection.

Reference  BPMN 2.0.2 §10.3.8
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from workflows.diagram.formal import formal_text_of
from workflows.diagram.names import BPMN, is_true, text_of


@dataclass(frozen=True, slots=True)
class StandardLoop:
    """Repeated while `condition` holds, at most `maximum` times."""

    condition: str
    maximum: str
    test_before: bool


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """An instance for each item of `collection`, or as many as `cardinality` gives.

    `item` is what an instance calls its item, `output_item` what it leaves, `output` the variable in which
    these are collected, `output_object` the data object that is this variable, if it is one. `behavior` is
    "All" unless the instances are to throw events.
    """

    is_sequential: bool
    cardinality: str
    collection: str
    item: str
    output: str
    output_item: str
    condition: str
    behavior: str
    output_object: str = ""


Loop = StandardLoop | MultiInstance


def read_loop(node: etree._Element) -> Loop | None:
    """The loop marker of an activity, if it has one."""
    standard = node.find(f"{{{BPMN}}}standardLoopCharacteristics")
    if standard is not None:
        return StandardLoop(
            condition=formal_text_of(standard, "loopCondition"),
            maximum=standard.get("loopMaximum", ""),
            test_before=is_true(standard, "testBefore"),
        )
    multiple = node.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if multiple is None:
        return None
    return MultiInstance(
        is_sequential=is_true(multiple, "isSequential"),
        cardinality=formal_text_of(multiple, "loopCardinality"),
        collection=text_of(multiple, "loopDataInputRef"),
        item=_name(multiple, "inputDataItem"),
        output=text_of(multiple, "loopDataOutputRef"),
        output_item=_name(multiple, "outputDataItem"),
        condition=formal_text_of(multiple, "completionCondition"),
        behavior=multiple.get("behavior", "All"),
    )


def _name(node: etree._Element, word: str) -> str:
    found = node.find(f"{{{BPMN}}}{word}")
    return (found.get("name") or found.get("id", "")) if found is not None else ""
