"""The diagram as Spiff can take it: what it has no notion of, said in words it has.

A link is one sequence flow drawn in two pieces, so it becomes that flow. Several flows out of an activity or event
are a gateway that is not drawn, so they get one. A compensation handler stands outside every flow, so it becomes a
small process of its own; an event subprocess begun by compensation does, too. A compensation throw that nobody waits
for gets a branch of its own. An event-based gateway that begins
a process is several start events. A subprocess without start and end events begins at whatever no flow leads to, so
both are added. The file itself, which people see and export, stays as it is.

Reference  BPMN 2.0.2 §8.3.13 (Sequence Flow), §10.5.2, §10.5.3 (Start, End), §10.5.5 (Link), §10.6.6, §10.7.1
"""

from __future__ import annotations

from lxml import etree

from workflows.diagram import Diagram
from workflows.diagram.formal import formal_text
from workflows.diagram.names import BPMN
from workflows.engine.names import FORK, handler_process

_CONDITION = f"{{{BPMN}}}conditionExpression"


def spiff_tree(diagram: Diagram) -> etree._Element:
    """A copy of the diagram's XML, rewritten."""
    tree = etree.fromstring(etree.tostring(diagram.tree))
    nodes = {node.get("id"): node for node in tree.iter() if node.get("id")}
    _gather_flows(tree, nodes)
    _begin(diagram, nodes)
    for throw, catch in diagram.links.items():
        _flow(nodes[throw].getparent(), f"{throw}.link", throw, catch)
    for scope in diagram.unmarked_scopes:
        _mark(diagram, nodes[scope])
    for condition in tree.iter(_CONDITION):
        condition.text = formal_text(condition)
    for element in diagram.elements.values():
        if len(diagram.outgoing(element.id)) > 1 and not element.kind.endswith("Gateway"):
            _fork(tree, nodes[element.id])
    for throw in diagram.throws_beside:
        _part(tree, nodes[throw])
    for activity, handler in diagram.compensation_handlers.items():
        _set_apart(nodes[handler])
        for boundary in tree.iter(f"{{{BPMN}}}boundaryEvent"):
            if boundary.get("attachedToRef") == activity and _compensates(boundary):
                boundary.getparent().remove(boundary)
                break
    return tree


def _gather_flows(tree: etree._Element, nodes: dict[str, etree._Element]) -> None:
    """Spiff looks for a flow beside the nodes it joins; some editors write those of a subprocess outside of it."""
    for flow in list(tree.iter(f"{{{BPMN}}}sequenceFlow")):
        scope = nodes[flow.get("sourceRef", "")].getparent() if flow.get("sourceRef") in nodes else None
        if scope is not None and scope is not flow.getparent():
            scope.append(flow)


def _begin(diagram: Diagram, nodes: dict[str, etree._Element]) -> None:
    """Whatever the process begins with becomes a start event; a gateway before it goes, with its flows."""
    for start in diagram.starts:
        nodes[start.id].tag = f"{{{BPMN}}}startEvent"
    for gateway in diagram.first_gateways:
        for key in (gateway.id, *(flow.id for flow in diagram.outgoing(gateway.id))):
            scope = nodes[key].getparent()
            if scope is not None:
                scope.remove(nodes[key])


def _mark(diagram: Diagram, scope: etree._Element) -> None:
    key = scope.get("id", "")
    start, end = f"{key}.start", f"{key}.end"
    etree.SubElement(scope, f"{{{BPMN}}}startEvent", id=start)
    etree.SubElement(scope, f"{{{BPMN}}}endEvent", id=end)
    begins, ends = diagram.begins_in(key), diagram.ends_in(key)
    for each in begins:
        _flow(scope, f"{start}.{each.id}", start, each.id)
    for each in ends:
        _flow(scope, f"{each.id}.{end}", each.id, end)
    if not begins:
        _flow(scope, f"{start}.{end}", start, end)


def _fork(tree: etree._Element, node: etree._Element) -> None:
    """Every flow without a condition is taken, and each whose condition holds; the default if there is none such."""
    key, scope = node.get("id", ""), node.getparent()
    leaving = [flow for flow in tree.iter(f"{{{BPMN}}}sequenceFlow") if flow.get("sourceRef") == key]
    default = node.attrib.pop("default", "")
    has_conditions = any(flow.find(_CONDITION) is not None for flow in leaving)
    kind = "inclusiveGateway" if has_conditions else "parallelGateway"
    fork = etree.SubElement(scope, f"{{{BPMN}}}{kind}", id=f"{key}{FORK}")
    if has_conditions and default:
        fork.set("default", default)
    for flow in leaving:
        flow.set("sourceRef", f"{key}{FORK}")
        if has_conditions and flow.get("id") != default and flow.find(_CONDITION) is None:
            etree.SubElement(flow, _CONDITION).text = "True"
    _flow(scope, f"{key}{FORK}.in", key, f"{key}{FORK}")


def _part(tree: etree._Element, throw: etree._Element) -> None:
    """A throw that nobody waits for has a token of its own, which ends; it is begun before the other goes on."""
    key, scope = throw.get("id", ""), throw.getparent()
    fork, end = f"{key}.beside", f"{key}.end"
    for flow in tree.iter(f"{{{BPMN}}}sequenceFlow"):
        for place in ("sourceRef", "targetRef"):
            if flow.get(place) == key:
                flow.set(place, fork)
    etree.SubElement(scope, f"{{{BPMN}}}parallelGateway", id=fork)
    etree.SubElement(scope, f"{{{BPMN}}}endEvent", id=end)
    _flow(scope, f"{end}.in", key, end)
    _flow(scope, f"{key}.in", fork, key)
    scope.insert(0, scope[-1])


def _set_apart(handler: etree._Element) -> None:
    key = handler.get("id", "")
    scope = handler.getparent()
    handler.attrib.pop("triggeredByEvent", None)
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
