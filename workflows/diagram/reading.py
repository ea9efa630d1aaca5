"""A BPMN file read into elements, flows and lanes, with what designers wrote into extensions.

Extensions live in the namespace `urn:consilium:bpmn`, see docs/designers.md.

Reference  BPMN 2.0.2 §7 to §10, Annex B (diagram interchange)
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from workflows.diagram.drawing import read_drawing
from workflows.diagram.elements import Diagram, DiagramError, Element, EventTrigger, Flow, Lane
from workflows.diagram.names import BESIDE, BPMN, FLOW_NODES, OURS, PROCESS_WORDS, word_of


def read_diagram(text: str) -> Diagram:
    """The diagram in a file's text; DiagramError if it is not BPMN or has not one executable process."""
    tree = _parse(text)
    processes = [p for p in tree.iter(f"{{{BPMN}}}process") if p.get("isExecutable") == "true"]
    if len(processes) != 1:
        raise DiagramError("A bundle's diagram has exactly one executable process")
    process = processes[0]
    lanes = {lane.get("id", ""): _lane(lane) for lane in process.iter(f"{{{BPMN}}}lane")}
    places = {
        (ref.text or "").strip(): lanes[lane.get("id", "")]
        for lane in process.iter(f"{{{BPMN}}}lane")
        for ref in lane.findall(f"{{{BPMN}}}flowNodeRef")
    }
    names = _references(tree)
    elements = {e.id: e for e in _elements(process, places, names)}
    flows = tuple(_flow(node) for node in process.iter(f"{{{BPMN}}}sequenceFlow"))
    drawn, undrawn = read_drawing(tree, elements, flows, lanes)
    return Diagram(
        key=process.get("id", ""),
        name=process.get("name") or process.get("id", ""),
        elements=elements,
        flows=flows,
        lanes=tuple(lanes.values()),
        foreign=tuple(_foreign(process)),
        drawn=drawn,
        undrawn_edges=undrawn,
        tree=tree,
    )


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise DiagramError(f"Not XML: {error.msg}") from error


def _elements(
    owner: etree._Element, places: dict[str, Lane], names: dict[str, str], lane: Lane | None = None
) -> Iterator[Element]:
    for node in owner:
        word = word_of(node)
        if word not in FLOW_NODES:
            continue
        own_lane = places.get(node.get("id", ""), lane)
        yield _element(node, owner.get("id", ""), own_lane, names)
        if word in {"subProcess", "adHocSubProcess", "transaction"}:
            yield from _elements(node, places, names, own_lane)


def _element(node: etree._Element, parent: str, lane: Lane | None, names: dict[str, str]) -> Element:
    extensions, arguments = _extensions(node)
    words = {word_of(child) for child in node} | (
        {"triggeredByEvent"} if node.get("triggeredByEvent") == "true" else set()
    )
    return Element(
        id=node.get("id", ""),
        kind=word_of(node),
        name=" ".join((node.get("name") or "").split()),
        parent=parent,
        attached_to=node.get("attachedToRef", ""),
        is_interrupting=node.get("cancelActivity", "true") == "true",
        default_flow=node.get("default", ""),
        lane=lane,
        triggers=tuple(_triggers(node, names)),
        words=frozenset(words),
        extensions=extensions,
        arguments=arguments,
    )


def _triggers(node: etree._Element, names: dict[str, str]) -> Iterator[EventTrigger]:
    if node.get("messageRef"):
        yield EventTrigger("message", names.get(node.get("messageRef", ""), ""))
    for child in node:
        word = word_of(child)
        if not word.endswith("EventDefinition"):
            continue
        kind = word.removesuffix("EventDefinition")
        timing = next((each for each in child if word_of(each).startswith("time")), None)
        yield EventTrigger(
            kind=kind,
            name=names.get(child.get(f"{kind}Ref", ""), ""),
            expression=(timing.text or "").strip() if timing is not None else "",
            cycle=timing is not None and word_of(timing) == "timeCycle",
        )


def _extensions(node: etree._Element) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    arguments: dict[str, str] = {}
    for child in node.findall(f"{{{BPMN}}}extensionElements/{{{OURS}}}*"):
        found[word_of(child)] = {str(k): str(v) for k, v in child.attrib.items()}
        for argument in child.findall(f"{{{OURS}}}argument"):
            arguments[argument.get("name", "")] = argument.get("value", "")
    return found, arguments


def _lane(node: etree._Element) -> Lane:
    assignment = _extensions(node)[0].get("assignment", {})
    return Lane(
        id=node.get("id", ""),
        name=node.get("name", ""),
        role=assignment.get("role", ""),
        site=assignment.get("site", ""),
        person=assignment.get("person", ""),
    )


def _flow(node: etree._Element) -> Flow:
    condition = node.find(f"{{{BPMN}}}conditionExpression")
    return Flow(
        id=node.get("id", ""),
        name=node.get("name", ""),
        source=node.get("sourceRef", ""),
        target=node.get("targetRef", ""),
        condition=(condition.text or "").strip() if condition is not None else "",
    )


def _references(tree: etree._Element) -> dict[str, str]:
    """Messages by id with their name, errors by id with their code."""
    found = {m.get("id", ""): m.get("name", "") for m in tree.findall(f"{{{BPMN}}}message")}
    found |= {e.get("id", ""): e.get("errorCode", "") for e in tree.findall(f"{{{BPMN}}}error")}
    return found


def _foreign(process: etree._Element) -> Iterator[tuple[str, str]]:
    """Children of processes that are neither flow nodes nor harmless, with the nearest id."""
    for owner in process.iter(*(f"{{{BPMN}}}{word}" for word in PROCESS_WORDS)):
        for node in owner:
            word = word_of(node)
            if word not in FLOW_NODES | BESIDE and not word.startswith("multiInstance"):
                yield word, node.get("id", owner.get("id", ""))
