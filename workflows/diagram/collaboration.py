"""What of a file stands around its processes: pools, messages between them, and all that is kept beside.

Reference  BPMN 2.0.2 §8.1 (root elements), §8.3.1 (artifacts), §9.2, §9.3
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from workflows.diagram.definitions import MessageFlow, Part, Participant
from workflows.diagram.names import BPMN, FLOW_NODES, local, word_of

# Read elsewhere, or of no meaning by themselves.
_READ = FLOW_NODES | {
    "process", "sequenceFlow", "laneSet", "lane", "childLaneSet", "documentation", "extensionElements", "incoming",
    "outgoing", "participant", "messageFlow", "flowNodeRef",
}  # fmt: skip


def read_participants(tree: etree._Element) -> Iterator[Participant]:
    for node in tree.iter(f"{{{BPMN}}}participant"):
        yield Participant(node.get("id", ""), name_of(node), local(node.get("processRef")))


def read_message_flows(tree: etree._Element) -> Iterator[MessageFlow]:
    for node in tree.iter(f"{{{BPMN}}}messageFlow"):
        yield MessageFlow(
            node.get("id", ""), name_of(node), local(node.get("sourceRef")), local(node.get("targetRef"))
        )


def read_parts(tree: etree._Element) -> Iterator[Part]:
    """Every other element of BPMN that has an id, wherever it stands."""
    for node in tree.iter(f"{{{BPMN}}}*"):
        word = word_of(node)
        if node is not tree and word not in _READ and node.get("id"):
            owner = node.getparent()
            yield Part(
                word, node.get("id", ""), name_of(node), owner.get("id", "") if owner is not None else ""
            )


def name_of(node: etree._Element) -> str:
    """A name on one line: drawing tools break long ones."""
    return " ".join((node.get("name") or "").split())
