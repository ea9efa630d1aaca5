"""Reads activities: what they do, their loop markers, and their data associations.

What the diagram says of an activity is read by `workflows.diagram`; here it becomes a specification for Spiff.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin

from workflows.diagram import Diagram, Element
from workflows.diagram.data import DataLink
from workflows.diagram.loops import MultiInstance, StandardLoop
from workflows.engine.data_objects import Reading, Writing
from workflows.engine.edges import EdgeParser
from workflows.engine.loops import LoopTask, RepeatedTask
from workflows.engine.multi_instance import MultiInstanceTask


class PassThrough(BpmnSpecMixin):  # type: ignore[misc]
    """An abstract task: completes as soon as it is reached.

    Reference  BPMN 2.0.2 §13.3.3
    """


class ActivityParser(EdgeParser):
    """Reads an activity of any kind, in front of the parser of its kind."""

    @property
    def element(self) -> Element:
        element: Element = self._diagram.elements[self.bpmn_id]
        return element

    @property
    def _diagram(self) -> Diagram:
        diagram: Diagram = self.process_parser.parser.diagram
        return diagram

    def parse_incoming_data_references(self) -> list[Reading]:
        return list(self._readings())

    def parse_outgoing_data_references(self) -> list[Writing | Reading]:
        objects = self._diagram.data_objects
        written = [
            Writing(link, objects[link.object_id], self.bpmn_id)
            for link in self.element.writes
            if link.object_id
        ]
        return [*written, *self._collection(), *self._readings()]

    def _collection(self) -> Iterator[Writing]:
        """The data object a loop collects its results in is written without an association."""
        loop = self.element.loop
        key = loop.output_object if isinstance(loop, MultiInstance) else ""
        if key and all(link.object_id != key for link in self.element.writes):
            target = self._diagram.data_objects[key]
            yield Writing(DataLink(key, target.variable, "", has_assignment=False), target, self.bpmn_id)

    def _readings(self) -> Iterator[Reading]:
        objects = self._diagram.data_objects
        for link in self.element.reads:
            if link.variable:
                yield Reading(link, objects.get(link.object_id))

    def parse_io_spec(self) -> None:
        """Inputs and outputs give names to data associations and loops; sets of them restrict nothing."""

    def _add_loop_task(self, _node: Any) -> None:
        self._repeat(RepeatedTask)

    def _add_multiinstance_task(self, _node: Any) -> None:
        self._repeat(MultiInstanceTask)

    def _repeat(self, kind: type[LoopTask]) -> None:
        """Put a loop in the place of the activity, which becomes what the loop runs."""
        loop = self.element.loop
        assert isinstance(loop, StandardLoop | MultiInstance)  # noqa: S101 - only then Spiff asks for it
        instance = self.spec.task_specs.pop(self.task.name)
        self.task = kind(
            self.spec, instance.name, loop=loop, lane=instance.lane, bpmn_name=instance.bpmn_name
        )
        self._copy_task_attrs(instance)
        instance.completed_event.connect(self.task.on_instance_done)
