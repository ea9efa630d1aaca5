"""A definition made ready to run: our reading of the diagram beside Spiff's specification of it."""

from __future__ import annotations

from collections.abc import Mapping
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
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser, GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    IntermediateCatchEvent,
    ManualTask,
    ReceiveTask,
    StartEvent,
    UserTask,
)

from workflows.diagram import Diagram, DiagramError, Element, read_diagram
from workflows.engine.activities import ActivityParser, PassThrough
from workflows.engine.business_rules import BusinessRuleTask, BusinessRuleTaskParser
from workflows.engine.events import PayloadMessage, RowCycle, RowTimer
from workflows.engine.gateways import InclusiveJoin, ParallelJoin
from workflows.engine.machines import CallTask, MachineTask
from workflows.engine.scripts import ScriptTask, ScriptTaskParser
from workflows.engine.subprocesses import SubProcess, SubProcessParser


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
        full_tag("task"): (ActivityParser, PassThrough),
        full_tag("userTask"): (ActivityParser, UserTask),
        full_tag("manualTask"): (ActivityParser, ManualTask),
        full_tag("serviceTask"): (ActivityParser, MachineTask),
        full_tag("scriptTask"): (ScriptTaskParser, ScriptTask),
        full_tag("businessRuleTask"): (BusinessRuleTaskParser, BusinessRuleTask),
        full_tag("callActivity"): (ActivityParser, CallTask),
        full_tag("subProcess"): (SubProcessParser, SubProcess),
        full_tag("parallelGateway"): (GatewayParser, ParallelJoin),
        full_tag("inclusiveGateway"): (ConditionalGatewayParser, InclusiveJoin),
        full_tag("startEvent"): (_StartEvents, StartEvent),
        full_tag("intermediateCatchEvent"): (_CatchEvents, IntermediateCatchEvent),
        full_tag("boundaryEvent"): (_BoundaryEvents, BoundaryEvent),
        full_tag("receiveTask"): (_ReceiveTasks, ReceiveTask),
    }

    def __init__(self, diagram: Diagram, files: Mapping[str, str]) -> None:
        super().__init__()
        self.diagram = diagram
        self.files = files


@dataclass(frozen=True)
class ProcessModel:
    """What every instance of one definition version shares; building it costs more than a step."""

    diagram: Diagram
    spec: BpmnProcessSpec
    subprocess_specs: dict[str, BpmnProcessSpec]

    @classmethod
    def from_text(cls, text: str, files: Mapping[str, str] | None = None) -> ProcessModel:
        """Parse a diagram; DiagramError where Spiff cannot build a specification from it.

        `files` are those of its bundle: business rule tasks ask decisions of its .dmn files.
        """
        diagram = read_diagram(text)
        parser = _Parser(diagram, files or {})
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

    @property
    def joins(self) -> frozenset[str]:
        """The names of the gateways where tokens wait for each other."""
        specs = (self.spec, *self.subprocess_specs.values())
        tasks = (task for spec in specs for task in spec.task_specs.values())
        return frozenset(task.name for task in tasks if isinstance(task, ParallelJoin | InclusiveJoin))
