"""A definition made ready to run: our reading of the diagram beside Spiff's specification of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EventDefinitionParser,
    IntermediateCatchEventParser,
    ReceiveTaskParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    IntermediateCatchEvent,
    ReceiveTask,
    StartEvent,
)
from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.task import Task

from workflows.diagram import Diagram, DiagramError, Element, read_diagram
from workflows.engine.events import PayloadMessage, RowCycle, RowTimer


class MachineTask(BpmnSpecMixin):  # type: ignore[misc]
    """A service task that stays STARTED: a worker does it, and its answer completes it.

    Reference  BPMN 2.0.2 §10.3.3
    """

    def _run_hook(self, _my_task: Task) -> None:
        return None


class _Events(EventDefinitionParser):  # type: ignore[misc]
    """Reads timers and messages into event definitions of ours."""

    def parse_timer_event(self, _event: Any) -> RowTimer | RowCycle:
        element = self._element()
        trigger = next(each for each in element.triggers if each.kind == "timer")
        kind = RowCycle if trigger.cycle else RowTimer
        return kind(element.id, trigger.expression)

    def parse_message_event(self, _message_event: Any) -> PayloadMessage:
        element = self._element()
        name = next(each.name for each in element.triggers if each.kind == "message")
        variable = "" if element.kind == "startEvent" else element.message_variable
        return PayloadMessage(name, variable=variable, element_id=element.id)

    def _element(self) -> Element:
        element: Element = self.process_parser.parser.diagram.elements[self.bpmn_id]
        return element


class _StartEvents(_Events, StartEventParser):  # type: ignore[misc]
    pass


class _CatchEvents(_Events, IntermediateCatchEventParser):  # type: ignore[misc]
    pass


class _BoundaryEvents(_Events, BoundaryEventParser):  # type: ignore[misc]
    pass


class _ReceiveTasks(_Events, ReceiveTaskParser):  # type: ignore[misc]
    pass


class _Parser(BpmnParser):  # type: ignore[misc]
    OVERRIDE_PARSER_CLASSES = {
        full_tag("serviceTask"): (TaskParser, MachineTask),
        full_tag("startEvent"): (_StartEvents, StartEvent),
        full_tag("intermediateCatchEvent"): (_CatchEvents, IntermediateCatchEvent),
        full_tag("boundaryEvent"): (_BoundaryEvents, BoundaryEvent),
        full_tag("receiveTask"): (_ReceiveTasks, ReceiveTask),
    }

    def __init__(self, diagram: Diagram) -> None:
        super().__init__()
        self.diagram = diagram


@dataclass(frozen=True)
class ProcessModel:
    """What every instance of one definition version shares; building it costs more than a step."""

    diagram: Diagram
    spec: BpmnProcessSpec
    subprocess_specs: dict[str, BpmnProcessSpec]

    @classmethod
    def from_text(cls, text: str) -> ProcessModel:
        """Parse a diagram; DiagramError where Spiff cannot build a specification from it."""
        diagram = read_diagram(text)
        parser = _Parser(diagram)
        try:
            # The parser may write into the tree, so it gets one of its own.
            parser.add_bpmn_xml(etree.fromstring(etree.tostring(diagram.tree)))
            spec = parser.get_spec(diagram.key)
            subprocess_specs = parser.get_subprocess_specs(diagram.key)
        except ValidationException as error:
            raise DiagramError(str(error)) from error
        return cls(diagram, spec, subprocess_specs)

    def element(self, element_id: str) -> Element:
        return self.diagram.elements[element_id]
