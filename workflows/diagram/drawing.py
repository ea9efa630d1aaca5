"""What of a diagram is drawn: shapes of elements and lanes, edges of flows.

Reference  BPMN 2.0.2 §12, Annex B
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from workflows.diagram.elements import Element, Flow, Lane
from workflows.diagram.names import BPMNDI, DI


def read_drawing(
    tree: etree._Element, elements: Mapping[str, Element], flows: tuple[Flow, ...], lanes: Mapping[str, Lane]
) -> tuple[frozenset[str], tuple[str, ...]]:
    shapes = {shape.get("bpmnElement", "") for shape in tree.iter(f"{{{BPMNDI}}}BPMNShape")}
    edges = {
        edge.get("bpmnElement", ""): len(edge.findall(f"{{{DI}}}waypoint"))
        for edge in tree.iter(f"{{{BPMNDI}}}BPMNEdge")
    }
    drawn = frozenset(each for each in (*elements, *lanes) if each in shapes)
    return drawn, tuple(flow.id for flow in flows if edges.get(flow.id, 0) < 2)
