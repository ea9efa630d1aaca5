"""A BPMN file read into elements, flows and lanes, with what designers wrote into extensions.

Extensions live in the namespace `urn:consilium:bpmn`, see docs/designers.md.

Reference  BPMN 2.0.2 §7 to §10, Annex B (diagram interchange)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.utils.translation import gettext as _
from lxml import etree

from workflows.diagram.collaboration import name_of, read_message_flows, read_participants, read_parts
from workflows.diagram.correlations import Correlation, read_correlations
from workflows.diagram.data import DataObjects, parameters_of
from workflows.diagram.definitions import Definitions
from workflows.diagram.drawing import read_drawing
from workflows.diagram.elements import Diagram, DiagramError, Element, EventTrigger, Flow, Lane, Script
from workflows.diagram.formal import attributes_of, formal_text
from workflows.diagram.loops import Loop, MultiInstance, read_loop
from workflows.diagram.malformed import malformed
from workflows.diagram.names import (
    BESIDE,
    BPMN,
    FLOW_NODES,
    OURS,
    PROCESS_WORDS,
    is_true,
    local,
    text_of,
    word_of,
)


def read_diagram(text: str) -> Diagram:
    """The process a file runs; DiagramError if it is not BPMN or has not one executable process."""
    runs = read_definitions(text).executable
    if len(runs) != 1:
        raise DiagramError(_("A bundle's diagram has exactly one executable process"))
    return runs[0]


def read_definitions(text: str) -> Definitions:
    """All a file holds, whether any of it can be run or not; DiagramError if it is not BPMN."""
    tree = parse(text)
    if tree.tag != f"{{{BPMN}}}definitions":
        raise DiagramError(_("Not a BPMN 2.0 file: its root is not definitions of that namespace"))
    lines: dict[str, int] = {}
    repeated = []
    for node in tree.iter(f"{{{BPMN}}}*"):
        key = node.get("id")
        if key and key in lines:
            repeated.append(key)
        elif key:
            lines[key] = node.sourceline or 0
    names = _references(tree)
    return Definitions(
        id=tree.get("id", ""),
        name=name_of(tree),
        processes=tuple(_process(tree, each, names) for each in tree.findall(f"{{{BPMN}}}process")),
        participants=tuple(read_participants(tree)),
        message_flows=tuple(read_message_flows(tree)),
        parts=tuple(read_parts(tree)),
        lines=lines,
        repeated=tuple(repeated),
        tree=tree,
    )


def parse(text: str) -> etree._Element:
    """The XML of a file. Entities and document types are refused: BPMN has none, and they hide what is read.

    Comments say nothing to who runs it; what stands behind one still belongs to the text it stands in.
    """
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        tree = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DiagramError(malformed(error)) from error
    if tree.getroottree().docinfo.doctype:
        raise DiagramError(_("A file with a document type declaration is not read"))
    return tree


def _process(tree: etree._Element, process: etree._Element, names: dict[str, str]) -> Diagram:
    lanes = {lane.get("id", ""): _lane(lane) for lane in process.iter(f"{{{BPMN}}}lane")}
    places = {
        (ref.text or "").strip(): lanes[lane.get("id", "")]
        for lane in process.iter(f"{{{BPMN}}}lane")
        for ref in lane.findall(f"{{{BPMN}}}flowNodeRef")
    }
    data = DataObjects(process)
    correlations = {names.get(key, ""): each for key, each in read_correlations(tree, process).items()}
    elements = {e.id: _correlated(e, correlations) for e in _elements(process, places, names, data)}
    flows = tuple(_flow(node) for node in process.iter(f"{{{BPMN}}}sequenceFlow"))
    drawn, undrawn = read_drawing(tree, elements, flows, lanes)
    return Diagram(
        key=process.get("id", ""),
        name=name_of(process) or process.get("id", ""),
        elements=elements,
        flows=flows,
        lanes=tuple(lanes.values()),
        foreign=tuple(_foreign(process)),
        drawn=drawn,
        undrawn_edges=undrawn,
        tree=tree,
        is_executable=is_true(process, "isExecutable"),
        data_objects=data.all,
        dangling_references=data.dangling,
        associations=tuple(
            (node.get("sourceRef", ""), node.get("targetRef", ""))
            for node in process.iter(f"{{{BPMN}}}association")
        ),
        inputs=parameters_of(process, "dataInput"),
        outputs=parameters_of(process, "dataOutput"),
    )


def _correlated(element: Element, correlations: dict[str, Correlation]) -> Element:
    written = (correlations.get(trigger.name) for trigger in element.triggers_of("message"))
    found = next(filter(None, written), None)
    return element if found is None else replace(element, correlation=found)


def _elements(
    owner: etree._Element,
    places: dict[str, Lane],
    names: dict[str, str],
    data: DataObjects,
    lane: Lane | None = None,
) -> Iterator[Element]:
    for node in owner:
        word = word_of(node)
        if word not in FLOW_NODES:
            continue
        own_lane = places.get(node.get("id", ""), lane)
        yield _element(node, owner.get("id", ""), own_lane, names, data)
        if word in {"subProcess", "adHocSubProcess", "transaction"}:
            yield from _elements(node, places, names, data, own_lane)


def _element(
    node: etree._Element, parent: str, lane: Lane | None, names: dict[str, str], data: DataObjects
) -> Element:
    extensions, arguments = _extensions(node)
    words = {word_of(child) for child in node} | (
        {"triggeredByEvent"} if is_true(node, "triggeredByEvent") else set()
    )
    return Element(
        id=node.get("id", ""),
        kind=word_of(node),
        name=name_of(node),
        parent=parent,
        attached_to=node.get("attachedToRef", ""),
        instantiates=is_true(node, "instantiate"),
        needs_all=is_true(node, "parallelMultiple"),
        is_interrupting=is_true(
            node, "cancelActivity" if word_of(node) == "boundaryEvent" else "isInterrupting", default=True
        ),
        default_flow=node.get("default", ""),
        lane=lane,
        triggers=tuple(_triggers(node, names)),
        words=frozenset(words),
        is_compensation_handler=is_true(node, "isForCompensation"),
        extensions=extensions,
        arguments=arguments,
        loop=_loop(node, data),
        script=_script(node),
        called=local(node.get("calledElement")),
        reads=tuple(data.inputs_of(node)),
        writes=tuple(data.outputs_of(node)),
    )


def _loop(node: etree._Element, data: DataObjects) -> Loop | None:
    loop = read_loop(node)
    if not isinstance(loop, MultiInstance):
        return loop
    return replace(
        loop,
        collection=data.collection_of(node, loop.collection),
        output=data.collection_of(node, loop.output),
        output_object=found.id if (found := data.find(loop.output)) is not None else "",
    )


def _script(node: etree._Element) -> Script | None:
    if word_of(node) != "scriptTask":
        return None
    return Script(node.get("scriptFormat", "").strip().lower(), text_of(node, "script"))


def _triggers(node: etree._Element, names: dict[str, str]) -> Iterator[EventTrigger]:
    if node.get("messageRef"):
        yield EventTrigger("message", names.get(local(node.get("messageRef")), ""))
    for child in node:
        word = word_of(child)
        if not word.endswith("EventDefinition"):
            continue
        kind = word.removesuffix("EventDefinition")
        written = next((each for each in child if word_of(each).startswith(("time", "condition"))), None)
        yield EventTrigger(
            kind=kind,
            name=child.get("name", "") if kind == "link" else names.get(local(child.get(f"{kind}Ref")), ""),
            expression=formal_text(written),
            cycle=written is not None and word_of(written) == "timeCycle",
            activity=child.get("activityRef", ""),
            waits=is_true(child, "waitForCompletion", default=True),
        )


def _extensions(node: etree._Element) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    arguments: dict[str, str] = {}
    for child in node.findall(f"{{{BPMN}}}extensionElements/{{{OURS}}}*"):
        found[word_of(child)] = attributes_of(child)
        for argument in map(attributes_of, child.findall(f"{{{OURS}}}argument")):
            arguments[argument.get("name", "")] = argument.get("value", "")
    return found, arguments


def _lane(node: etree._Element) -> Lane:
    """A lane within a lane is of its role and site unless it says otherwise (BPMN 2.0.2 §10.8)."""
    assignment: dict[str, str] = {}
    for lane in (*reversed(list(node.iterancestors(f"{{{BPMN}}}lane"))), node):
        assignment |= _extensions(lane)[0].get("assignment", {})
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
        condition=formal_text(condition),
    )


def _references(tree: etree._Element) -> dict[str, str]:
    """Messages and signals by id with their name, errors and escalations by id with their code."""
    words = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
    return {
        node.get("id", ""): node.get(attribute, "")
        for word, attribute in words.items()
        for node in tree.findall(f"{{{BPMN}}}{word}")
    }


def _foreign(process: etree._Element) -> Iterator[tuple[str, str]]:
    """Children of processes that are neither flow nodes nor harmless, with the nearest id."""
    for owner in process.iter(*(f"{{{BPMN}}}{word}" for word in PROCESS_WORDS)):
        for node in owner:
            word = word_of(node)
            if word not in FLOW_NODES | BESIDE and not word.endswith("LoopCharacteristics"):
                yield word, node.get("id", owner.get("id", ""))
