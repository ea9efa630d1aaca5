"""How events and scopes of a diagram become Spiff's specifications: the parsers that take the place of Spiff's own.

They read nothing from XML: what an event waits for or throws is in our reading of the diagram.
"""

from __future__ import annotations

from typing import Any

from SpiffWorkflow.bpmn.parser.event_parsers import BoundaryEventParser, EndEventParser, EventDefinitionParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs.defaults import (
    EndEvent,
    IntermediateCatchEvent,
    IntermediateThrowEvent,
    ReceiveTask,
    StartEvent,
)
from SpiffWorkflow.bpmn.specs.event_definitions.base import EventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition, TerminateEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from workflows.diagram import Diagram, Element
from workflows.diagram.names import is_true
from workflows.engine.awaiting import awaited_for
from workflows.engine.compensation import CancelEnd, CompensationThrow
from workflows.engine.edges import EdgeParser
from workflows.engine.escalating import EscalationThrow
from workflows.engine.event_subprocesses import Listener, ScopeSpec
from workflows.engine.raising import ErrorEnd, TerminateEnd
from workflows.engine.scopes import BoundaryEvent
from workflows.engine.throwing import Publishing

_THROWS = {
    "message": Publishing,
    "signal": Publishing,
    "escalation": EscalationThrow,
    "compensate": CompensationThrow,
}
_ENDS = _THROWS | {
    "error": ErrorEnd,
    "terminate": TerminateEnd,
    "cancel": CancelEnd,
}


class _Events(EdgeParser, EventDefinitionParser):  # type: ignore[misc]
    """What all events share: their element in our reading of the diagram."""

    @property
    def element(self) -> Element:
        element: Element = self.process_parser.parser.diagram.elements[self.bpmn_id]
        return element

    def get_event_definition(self, _xpaths: list[str]) -> EventDefinition:
        element = self.element
        if not element.triggers or element.triggers[0].kind == "link":
            return NoneEventDefinition()
        return awaited_for(element)


class _Starts(_Events):
    """A start event has happened when its scope begins: what begins it is waited for outside."""

    def create_task(self) -> BpmnSpecMixin:
        task = self._create_task(NoneEventDefinition())
        self.spec.start.connect(task)
        return task

    def handles_multiple_outgoing(self) -> bool:
        return True


class _Catches(_Events):
    def create_task(self) -> BpmnSpecMixin:
        return self._create_task(self.get_event_definition([]))


class _Boundaries(_Events, BoundaryEventParser):  # type: ignore[misc]
    """An event at the edge of an activity."""

    def create_task(self) -> BpmnSpecMixin:
        return self._create_task(self.get_event_definition([]), self.element.is_interrupting)


class _Throws(_Events):
    """A throw event or send task, by what it throws."""

    def create_task(self) -> BpmnSpecMixin:
        element = self.element
        spec_class = _THROWS.get(element.triggers[0].kind) if element.triggers else None
        if spec_class is None:
            return self._create_task(NoneEventDefinition())
        return spec_class(self.spec, self.bpmn_id, element=element, **self.bpmn_attributes)


class _Ends(_Events, EndEventParser):  # type: ignore[misc]
    """An end event, by what it throws."""

    def create_task(self) -> BpmnSpecMixin:
        element = self.process_parser.parser.diagram.elements.get(self.bpmn_id)
        if element is None or not element.triggers:
            task = self._create_task(NoneEventDefinition())
        else:
            task = self._throwing(element)
        task.connect(self.spec.end)
        return task

    def _throwing(self, element: Element) -> BpmnSpecMixin:
        spec_class = _ENDS[element.triggers[0].kind]
        attributes: dict[str, Any] = self.bpmn_attributes
        if spec_class is TerminateEnd:
            attributes["event_definition"] = TerminateEventDefinition()
        return spec_class(self.spec, self.bpmn_id, element=element, **attributes)


class ScopeParser(ProcessParser):  # type: ignore[misc]
    """Reads a scope; event subprocesses become listeners that lead to them."""

    def create_spec(self) -> ScopeSpec:
        return ScopeSpec(name=self.bpmn_id, description=self.get_name(), filename=self.filename)

    def add_tasks(self) -> None:
        for node in self.xpath("./bpmn:startEvent"):
            self.parse_node(node)
        for node in self.xpath("./bpmn:subProcess"):
            if is_true(node, "triggeredByEvent"):
                self._listen(node)

    def _listen(self, node: Any) -> None:
        diagram: Diagram = self.parser.diagram
        start = diagram.elements[node.find(full_tag("startEvent")).get("id")]
        handler = self.parse_node(node)
        listener = Listener(
            self.spec, f"{start.id}.listener", awaited_for(start), is_interrupting=start.is_interrupting
        )
        self.spec.start.connect(listener)
        listener.connect(handler)
        handler.connect(self.spec.end)


EVENT_PARSERS = {
    full_tag("startEvent"): (_Starts, StartEvent),
    full_tag("intermediateCatchEvent"): (_Catches, IntermediateCatchEvent),
    full_tag("receiveTask"): (_Catches, ReceiveTask),
    full_tag("boundaryEvent"): (_Boundaries, BoundaryEvent),
    full_tag("intermediateThrowEvent"): (_Throws, IntermediateThrowEvent),
    full_tag("sendTask"): (_Throws, IntermediateThrowEvent),
    full_tag("endEvent"): (_Ends, EndEvent),
}
