"""The diagram as Spiff can take it: what it has no notion of, said in words it has.

A link is one sequence flow drawn in two pieces, so it becomes that flow. A compensation handler stands outside every
flow, so it becomes a small process of its own. The file itself, which people see and export, stays as it is.

Reference  BPMN 2.0.2 §10.5.5 (Link), §10.7.1
"""

from __future__ import annotations

from lxml import etree

from workflows.diagram import Diagram
from workflows.diagram.names import BPMN
from workflows.engine.compensation import handler_process


def spiff_tree(diagram: Diagram) -> etree._Element:
    """A copy of the diagram's XML, rewritten."""
    tree = etree.fromstring(etree.tostring(diagram.tree))
    nodes = {node.get("id"): node for node in tree.iter() if node.get("id")}
    for throw, catch in diagram.links.items():
        _flow(nodes[throw].getparent(), f"{throw}.link", throw, catch)
    for activity, handler in diagram.compensation_handlers.items():
        _set_apart(nodes[handler])
        for boundary in tree.iter(f"{{{BPMN}}}boundaryEvent"):
            if boundary.get("attachedToRef") == activity and _compensates(boundary):
                boundary.getparent().remove(boundary)
                break
    return tree


def _set_apart(handler: etree._Element) -> None:
    key = handler.get("id", "")
    scope = handler.getparent()
    process = etree.SubElement(scope, f"{{{BPMN}}}subProcess", id=handler_process(key))
    etree.SubElement(process, f"{{{BPMN}}}startEvent", id=f"{process.get('id')}.start")
    process.append(handler)  # moves it
    etree.SubElement(process, f"{{{BPMN}}}endEvent", id=f"{process.get('id')}.end")
    _flow(process, f"{process.get('id')}.in", f"{process.get('id')}.start", key)
    _flow(process, f"{process.get('id')}.out", key, f"{process.get('id')}.end")


def _flow(scope: etree._Element, key: str, source: str, target: str) -> None:
    etree.SubElement(scope, f"{{{BPMN}}}sequenceFlow", id=key, sourceRef=source, targetRef=target)


def _compensates(boundary: etree._Element) -> bool:
    return boundary.find(f"{{{BPMN}}}compensateEventDefinition") is not None
