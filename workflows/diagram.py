"""A BPMN file read into words of ours: elements, flows, lanes, and what designers wrote into extensions.

Extensions live in the namespace `urn:consilium:bpmn`, see docs/designers.md. Nothing here runs anything.

Reference  BPMN 2.0.2 §7 to §10, Annex B (diagram interchange)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
BPMNDI = "http://www.omg.org/spec/BPMN/20100524/DI"
DI = "http://www.omg.org/spec/DD/20100524/DI"
OURS = "urn:consilium:bpmn"

PROCESS_WORDS = {"process", "subProcess"}


class DiagramError(Exception):
    """The file is not BPMN that can be read at all."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow; `condition` is "" where none is written."""

    id: str
    name: str
    source: str
    target: str
    condition: str


@dataclass(frozen=True, slots=True)
class Lane:
    """Who works here: a role at a site, or one person. `site` and `person` are expressions."""

    id: str
    name: str
    role: str
    site: str
    person: str


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """What an event waits for or throws: `kind` as in `messageEventDefinition`, without the suffix.

    `name` is the message's name or the error's code, `expression` the timer's text, `cycle` whether it
    repeats.
    """

    kind: str
    name: str = ""
    expression: str = ""
    cycle: bool = False


@dataclass(frozen=True)
class Element:
    """A flow node: its kind is the BPMN tag (`userTask`, `boundaryEvent`)."""

    id: str
    kind: str
    name: str
    parent: str
    attached_to: str = ""
    is_interrupting: bool = True
    default_flow: str = ""
    lane: Lane | None = None
    triggers: tuple[EventTrigger, ...] = ()
    words: frozenset[str] = frozenset()
    extensions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)

    def extension(self, name: str, attribute: str) -> str:
        """An attribute of one of our extension elements; "" where it is not written."""
        return self.extensions.get(name, {}).get(attribute, "")

    @property
    def message_variable(self) -> str:
        """Where the payload of a caught message goes in the process data."""
        written = self.extension("message", "into")
        return written or next(
            (snake_case(each.name) for each in self.triggers if each.kind == "message"), ""
        )


@dataclass(frozen=True)
class Diagram:
    """One `.bpmn` file with one executable process."""

    key: str
    name: str
    elements: Mapping[str, Element]
    flows: tuple[Flow, ...]
    lanes: tuple[Lane, ...]
    foreign: tuple[tuple[str, str], ...]
    drawn: frozenset[str]
    undrawn_edges: tuple[str, ...]
    tree: etree._Element

    def outgoing(self, element_id: str) -> list[Flow]:
        return self._by_source.get(element_id, [])

    def incoming(self, element_id: str) -> list[Flow]:
        return self._by_target.get(element_id, [])

    @cached_property
    def start(self) -> Element | None:
        """The process's own start event."""
        starts = [
            each for each in self.elements.values() if each.kind == "startEvent" and each.parent == self.key
        ]
        return starts[0] if len(starts) == 1 else None

    def messages(self) -> Iterator[tuple[Element, str]]:
        """Elements that wait for a message, with its name."""
        for element in self.elements.values():
            for trigger in element.triggers:
                if trigger.kind == "message":
                    yield element, trigger.name

    @cached_property
    def start_messages(self) -> list[str]:
        return [name for element, name in self.messages() if element == self.start]

    @cached_property
    def catch_messages(self) -> list[str]:
        return sorted({name for element, name in self.messages() if element != self.start})

    @cached_property
    def _by_source(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "source")

    @cached_property
    def _by_target(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "target")


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
    drawn, undrawn = _drawing(tree, elements, flows, lanes)
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


def snake_case(name: str) -> str:
    """`SeriesComplete` as `series_complete`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


# What a flow node may be, and what merely stands beside it. Whether a node is *supported* is decided by checks.
FLOW_NODES = {
    "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent",
    "task", "userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "sendTask", "receiveTask",
    "exclusiveGateway", "inclusiveGateway", "parallelGateway", "eventBasedGateway", "complexGateway",
    "subProcess", "adHocSubProcess", "transaction", "callActivity",
}  # fmt: skip
BESIDE = {
    "laneSet", "sequenceFlow", "documentation", "extensionElements", "textAnnotation", "association", "group",
    "incoming", "outgoing",
}  # fmt: skip


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
        word = _word(node)
        if word not in FLOW_NODES:
            continue
        own_lane = places.get(node.get("id", ""), lane)
        yield _element(node, owner.get("id", ""), own_lane, names)
        if word in {"subProcess", "adHocSubProcess", "transaction"}:
            yield from _elements(node, places, names, own_lane)


def _element(node: etree._Element, parent: str, lane: Lane | None, names: dict[str, str]) -> Element:
    extensions, arguments = _extensions(node)
    words = {_word(child) for child in node} | (
        {"triggeredByEvent"} if node.get("triggeredByEvent") == "true" else set()
    )
    return Element(
        id=node.get("id", ""),
        kind=_word(node),
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
        word = _word(child)
        if not word.endswith("EventDefinition"):
            continue
        kind = word.removesuffix("EventDefinition")
        timing = next((each for each in child if _word(each).startswith("time")), None)
        yield EventTrigger(
            kind=kind,
            name=names.get(child.get(f"{kind}Ref", ""), ""),
            expression=(timing.text or "").strip() if timing is not None else "",
            cycle=timing is not None and _word(timing) == "timeCycle",
        )


def _extensions(node: etree._Element) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    arguments: dict[str, str] = {}
    for child in node.findall(f"{{{BPMN}}}extensionElements/{{{OURS}}}*"):
        found[_word(child)] = {str(k): str(v) for k, v in child.attrib.items()}
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
            word = _word(node)
            if word not in FLOW_NODES | BESIDE and not word.startswith("multiInstance"):
                yield word, node.get("id", owner.get("id", ""))


def _drawing(
    tree: etree._Element, elements: Mapping[str, Element], flows: tuple[Flow, ...], lanes: Mapping[str, Lane]
) -> tuple[frozenset[str], tuple[str, ...]]:
    shapes = {shape.get("bpmnElement", "") for shape in tree.iter(f"{{{BPMNDI}}}BPMNShape")}
    edges = {
        edge.get("bpmnElement", ""): len(edge.findall(f"{{{DI}}}waypoint"))
        for edge in tree.iter(f"{{{BPMNDI}}}BPMNEdge")
    }
    drawn = frozenset(each for each in (*elements, *lanes) if each in shapes)
    return drawn, tuple(flow.id for flow in flows if edges.get(flow.id, 0) < 2)


def _word(node: etree._Element) -> str:
    return etree.QName(node).localname if isinstance(node.tag, str) else ""


def _grouped(flows: tuple[Flow, ...], end: str) -> dict[str, list[Flow]]:
    found: dict[str, list[Flow]] = {}
    for flow in flows:
        found.setdefault(getattr(flow, end), []).append(flow)
    return found
