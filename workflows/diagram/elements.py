"""A diagram in words of ours: elements, flows, lanes, events. Nothing here reads XML or runs anything.

Reference  BPMN 2.0.2 §7 to §10
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from workflows.diagram.correlations import Correlation
from workflows.diagram.data import DataLink, DataObject
from workflows.diagram.loops import Loop
from workflows.diagram.names import BPMN


class DiagramError(Exception):
    """The file is not BPMN that can be read at all."""


SUBPROCESSES = frozenset({"subProcess", "transaction"})
THROWERS = frozenset({"intermediateThrowEvent", "endEvent", "sendTask"})


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

    `name` is the message's, signal's or link's name, or the error's or escalation's code; `expression` the
    timer's text or the condition, `cycle` whether the timer repeats; `activity` what a compensation is
    about, and `waits` whether its throw waits until it is done.
    """

    kind: str
    name: str = ""
    expression: str = ""
    cycle: bool = False
    activity: str = ""
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script task. `language` is its `scriptFormat` in lower case."""

    language: str
    text: str


@dataclass(frozen=True)
class Element:
    """A flow node: its kind is the BPMN tag (`userTask`, `boundaryEvent`).

    `called` is the process a call activity calls; `reads` and `writes` are its data associations. `instantiates`
    says that a process begins with it, `needs_all` that an event has happened when all its triggers have.
    """

    id: str
    kind: str
    name: str
    parent: str
    attached_to: str = ""
    instantiates: bool = False
    needs_all: bool = False
    is_interrupting: bool = True
    default_flow: str = ""
    lane: Lane | None = None
    triggers: tuple[EventTrigger, ...] = ()
    words: frozenset[str] = frozenset()
    is_compensation_handler: bool = False
    correlation: Correlation | None = None
    extensions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    loop: Loop | None = None
    script: Script | None = None
    called: str = ""
    reads: tuple[DataLink, ...] = ()
    writes: tuple[DataLink, ...] = ()

    def extension(self, name: str, attribute: str) -> str:
        """An attribute of one of our extension elements; "" where it is not written."""
        return self.extensions.get(name, {}).get(attribute, "")

    @property
    def correlating(self) -> tuple[str, ...]:
        """The expressions that give the key of its message: ours, or those written in BPMN's words."""
        written = self.extension("message", "correlate")
        if written:
            return (written,)
        if self.correlation is None:
            return ()
        return self.correlation.in_message if self.throws else self.correlation.in_data

    @property
    def correlates_payload(self) -> bool:
        """Whether the key is in the message that is thrown, and not in the data of the case that throws it."""
        return self.throws and not self.extension("message", "correlate")

    @property
    def is_event_subprocess(self) -> bool:
        """Whether it is begun by its start event and not by a flow (BPMN 2.0.2 §10.3.5)."""
        return "triggeredByEvent" in self.words

    @property
    def stands_apart(self) -> bool:
        """Whether no flow leads there or away: event subprocesses, compensation events and their handlers."""
        is_compensation = self.kind == "boundaryEvent" and self.trigger("compensate") is not None
        return self.is_event_subprocess or self.is_compensation_handler or is_compensation

    @property
    def throws(self) -> bool:
        """Whether its triggers are what it throws, not what it waits for."""
        return self.kind in THROWERS

    def trigger(self, kind: str) -> EventTrigger | None:
        """Its trigger of this kind, the first one."""
        return next(iter(self.triggers_of(kind)), None)

    def triggers_of(self, kind: str) -> list[EventTrigger]:
        """Its triggers of this kind: only messages, signals, errors and escalations may be several."""
        return [each for each in self.triggers if each.kind == kind]


@dataclass(frozen=True)
class Diagram:
    """One process of a `.bpmn` file."""

    key: str
    name: str
    elements: Mapping[str, Element]
    flows: tuple[Flow, ...]
    lanes: tuple[Lane, ...]
    foreign: tuple[tuple[str, str], ...]
    drawn: frozenset[str]
    undrawn_edges: tuple[str, ...]
    tree: etree._Element
    is_executable: bool = True
    data_objects: Mapping[str, DataObject] = field(default_factory=dict)
    dangling_references: tuple[str, ...] = ()
    associations: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @property
    def node(self) -> etree._Element:
        """The process in the file's XML."""
        return next(each for each in self.tree.iter(f"{{{BPMN}}}process") if each.get("id", "") == self.key)

    def outgoing(self, element_id: str) -> list[Flow]:
        return self._by_source.get(element_id, [])

    def incoming(self, element_id: str) -> list[Flow]:
        return self._by_target.get(element_id, [])

    @cached_property
    def starts(self) -> tuple[Element, ...]:
        """What begins the process, each cases of its own: its start events, the events behind a gateway that
        begins it, and receive tasks that do.

        Reference  BPMN 2.0.2 §10.3.3 (Receive Task), §10.5.2 (Start Event), §10.6.6 (Event-Based Gateways used
                   at the start), §13.2 (instantiation by any one of several)
        """
        return tuple(each for each in self.elements.values() if self.begins(each))

    @cached_property
    def start(self) -> Element | None:
        """Where a case begins that nothing but a person or a call begins: the only start event, or the plain one."""
        plain = [each for each in self.starts if not each.triggers]
        found = plain if len(self.starts) > 1 else self.starts
        return found[0] if len(found) == 1 else None

    def starts_by(self, kind: str, name: str) -> list[Element]:
        """The start events that wait for a message or signal of this name."""
        return [
            each for each in self.starts if any(trigger.name == name for trigger in each.triggers_of(kind))
        ]

    def messages(self) -> Iterator[tuple[Element, str]]:
        """Elements that wait for a message, with its name."""
        return self._caught("message")

    @cached_property
    def start_messages(self) -> list[str]:
        return [name for element, name in self.messages() if self.begins(element)]

    @cached_property
    def catch_messages(self) -> list[str]:
        return sorted({name for element, name in self.messages() if not self.begins(element)})

    @cached_property
    def start_signals(self) -> list[str]:
        return [name for element, name in self._caught("signal") if self.begins(element)]

    def begins(self, element: Element) -> bool:
        """Whether the process itself begins with it."""
        return element.parent == self.key and (
            element.kind == "startEvent"
            or (element.kind == "receiveTask" and element.instantiates)
            or element.id in self._behind_first_gateways
        )

    @cached_property
    def first_gateways(self) -> tuple[Element, ...]:
        """The event-based gateways that begin the process: the first event behind one begins a case."""
        return tuple(
            each for each in self.elements.values() if each.kind == "eventBasedGateway" and each.instantiates
        )

    @cached_property
    def _behind_first_gateways(self) -> frozenset[str]:
        return frozenset(flow.target for each in self.first_gateways for flow in self.outgoing(each.id))

    @cached_property
    def unmarked_scopes(self) -> frozenset[str]:
        """Subprocesses drawn without start and end events.

        Reference  BPMN 2.0.2 §10.5.2, §10.5.3 (both may be left out together)
        """
        marked = {each.parent for each in self.elements.values() if each.kind in {"startEvent", "endEvent"}}
        return frozenset(
            each.id
            for each in self.elements.values()
            if each.kind in SUBPROCESSES and not each.is_event_subprocess and each.id not in marked
        )

    def begins_in(self, scope: str) -> list[Element]:
        """Where an unmarked scope begins: whatever no flow leads to."""
        return [
            each
            for each in self._nodes_of(scope)
            if each.kind != "boundaryEvent"
            and not self.incoming(each.id)
            and each.id not in self.links.values()
        ]

    def ends_in(self, scope: str) -> list[Element]:
        """Where an unmarked scope ends: whatever no flow leaves."""
        return [
            each for each in self._nodes_of(scope) if not self.outgoing(each.id) and each.id not in self.links
        ]

    def _nodes_of(self, scope: str) -> list[Element]:
        return [each for each in self.elements.values() if each.parent == scope and not each.stands_apart]

    @cached_property
    def links(self) -> dict[str, str]:
        """The catch each link throw goes on at: of the same name, in the same scope.

        Reference  BPMN 2.0.2 §10.5.5 (Link)
        """
        catches = {
            (element.parent, trigger.name): element.id
            for element in self.elements.values()
            if not element.throws and (trigger := element.trigger("link")) is not None
        }
        throws = (
            (element.id, (element.parent, trigger.name))
            for element in self.elements.values()
            if element.throws and (trigger := element.trigger("link")) is not None
        )
        return {key: catches[name] for key, name in throws if name in catches}

    @cached_property
    def compensation_handlers(self) -> dict[str, str]:
        """The handler of each activity that has one: its compensation boundary event is associated with it, or
        a subprocess holds an event subprocess that is begun by compensation.

        Reference  BPMN 2.0.2 §10.7.1, §13.5.5
        """
        found = {each.parent: each.id for each in self.undoing_subprocesses if each.parent in self.elements}
        for element in self.elements.values():
            if element.kind == "boundaryEvent" and element.trigger("compensate") is not None:
                ends = [target for source, target in self.associations if source == element.id]
                if len(ends) == 1 and ends[0] in self.elements:
                    found[element.attached_to] = ends[0]
        return found

    @cached_property
    def undoing_subprocesses(self) -> tuple[Element, ...]:
        """The event subprocesses that compensation begins."""
        begun = {
            each.parent
            for each in self.elements.values()
            if each.kind == "startEvent" and each.trigger("compensate")
        }
        return tuple(each for each in self.elements.values() if each.id in begun and each.is_event_subprocess)

    @property
    def throws_beside(self) -> list[str]:
        """The compensation throws that do not wait until everything is undone.

        Reference  BPMN 2.0.2 §10.5.4, table 10.86 (waitForCompletion)
        """
        return [
            each.id
            for each in self.elements.values()
            if each.kind == "intermediateThrowEvent"
            and (trigger := each.trigger("compensate")) is not None
            and not trigger.waits
        ]

    def _caught(self, kind: str) -> Iterator[tuple[Element, str]]:
        for element in self.elements.values():
            if not element.throws:
                yield from ((element, trigger.name) for trigger in element.triggers_of(kind))

    @property
    def called(self) -> set[str]:
        """The processes its call activities call."""
        return {each.called for each in self.elements.values() if each.kind == "callActivity"}

    def data_objects_of(self, scope: str) -> list[DataObject]:
        """The data objects that are variables of the process or a sub-process."""
        return [each for each in self.data_objects.values() if each.scope == scope]

    @cached_property
    def _by_source(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "source")

    @cached_property
    def _by_target(self) -> dict[str, list[Flow]]:
        return _grouped(self.flows, "target")


def snake_case(name: str) -> str:
    """`SeriesComplete` as `series_complete`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def _grouped(flows: tuple[Flow, ...], end: str) -> dict[str, list[Flow]]:
    found: dict[str, list[Flow]] = {}
    for flow in flows:
        found.setdefault(getattr(flow, end), []).append(flow)
    return found
