"""A definition made ready to run: our reading of the diagram beside Spiff's specification of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.defaults import ExclusiveGateway, ManualTask, UserTask

from common.sentences import sentence as _
from workflows.diagram import Diagram, DiagramError, Element, read_diagram
from workflows.engine.activities import ActivityParser, PassThrough
from workflows.engine.business_rules import BusinessRuleTask, BusinessRuleTaskParser
from workflows.engine.current import follows_data
from workflows.engine.expecting import expect_one_step
from workflows.engine.faults import EngineFault
from workflows.engine.gateways import ChoiceParser, InclusiveJoin, ParallelJoin
from workflows.engine.machines import CallTask, MachineTask
from workflows.engine.marks import watch_completions
from workflows.engine.names import handler_process
from workflows.engine.parsing import EVENT_PARSERS, ScopeParser
from workflows.engine.rewriting import spiff_tree
from workflows.engine.scripts import ScriptTask, ScriptTaskParser
from workflows.engine.subprocesses import SubProcess, SubProcessParser


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
        full_tag("inclusiveGateway"): (ChoiceParser, InclusiveJoin),
        full_tag("exclusiveGateway"): (ChoiceParser, ExclusiveGateway),
        full_tag("transaction"): (SubProcessParser, SubProcess),
        **EVENT_PARSERS,
    }
    PROCESS_PARSER_CLASS = ScopeParser

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
    follows_data: bool = False

    @classmethod
    def from_text(cls, text: str, files: Mapping[str, str] | None = None) -> ProcessModel:
        """Parse a diagram; DiagramError where Spiff cannot build a specification from it.

        `files` are those of its bundle: business rule tasks ask decisions of its .dmn files.
        """
        diagram = read_diagram(text)
        parser = _Parser(diagram, files or {})
        try:
            tree = spiff_tree(diagram)
            parser.add_bpmn_xml(tree)
            spec = parser.get_spec(diagram.key)
            subprocess_specs = parser.get_subprocess_specs(diagram.key)
            for name in map(handler_process, diagram.compensation_handlers.values()):
                parser.create_parser(next(node for node in tree.iter() if node.get("id") == name))
                subprocess_specs[name] = parser.get_spec(name)
                subprocess_specs = parser.get_subprocess_specs(name, subprocess_specs)
        except ValidationException as error:
            raise DiagramError(str(error)) from error
        specs = [spec, *subprocess_specs.values()]
        watch_completions(diagram, specs)
        expect_one_step(specs)
        return cls(diagram, spec, subprocess_specs, follows_data(diagram))

    def element(self, element_id: str) -> Element:
        return self.diagram.elements[element_id]

    @property
    def start_id(self) -> str:
        """Where a case begins if nothing says otherwise.

        Raises  EngineFault where several start events wait for news, and none for nothing.
        """
        start = self.diagram.start
        if start is None:
            raise EngineFault(self.diagram.key, _("News begins this process, and none says which"))
        return start.id

    @property
    def joins(self) -> frozenset[str]:
        """The names of the gateways where tokens wait for each other."""
        specs = (self.spec, *self.subprocess_specs.values())
        tasks = (task for spec in specs for task in spec.task_specs.values())
        return frozenset(task.name for task in tasks if isinstance(task, ParallelJoin | InclusiveJoin))
