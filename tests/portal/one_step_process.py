"""The smallest process a person takes part in: asked, read and reported, done."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from accounts.actors import SystemActor
from archive.orders.models import Order
from tests.personas import Cast
from workflows.models import ProcessInstance
from workflows.services import import_bundle, start_process

DIAGRAM = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:consilium="urn:consilium:bpmn"
  id="Definitions_1" targetNamespace="urn:consilium:processes">
  <bpmn:process id="SecondLook" name="Second look" isExecutable="true">
    <bpmn:laneSet id="Lanes"><bpmn:lane id="Lane_Expert" name="Expert">
      <bpmn:extensionElements><consilium:assignment role="radiologist" site="site_code" /></bpmn:extensionElements>
      <bpmn:flowNodeRef>Asked</bpmn:flowNodeRef><bpmn:flowNodeRef>Look</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>Done</bpmn:flowNodeRef>
    </bpmn:lane></bpmn:laneSet>
    <bpmn:startEvent id="Asked" name="Asked"><bpmn:outgoing>F1</bpmn:outgoing></bpmn:startEvent>
    <bpmn:sequenceFlow id="F1" sourceRef="Asked" targetRef="Look" />
    <bpmn:userTask id="Look" name="Look again">
      <bpmn:extensionElements><consilium:form name="look" /></bpmn:extensionElements>
      <bpmn:incoming>F1</bpmn:incoming><bpmn:outgoing>F2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="F2" sourceRef="Look" targetRef="Done" />
    <bpmn:endEvent id="Done" name="Looked"><bpmn:incoming>F2</bpmn:incoming></bpmn:endEvent>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="D"><bpmndi:BPMNPlane id="P" bpmnElement="SecondLook">
    <bpmndi:BPMNShape id="S1" bpmnElement="Asked">
      <dc:Bounds x="0" y="0" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="S2" bpmnElement="Look">
      <dc:Bounds x="90" y="0" width="100" height="80" /></bpmndi:BPMNShape>
    <bpmndi:BPMNShape id="S3" bpmnElement="Done">
      <dc:Bounds x="250" y="0" width="36" height="36" /></bpmndi:BPMNShape>
    <bpmndi:BPMNEdge id="E1" bpmnElement="F1">
      <di:waypoint x="36" y="18" /><di:waypoint x="90" y="18" /></bpmndi:BPMNEdge>
    <bpmndi:BPMNEdge id="E2" bpmnElement="F2">
      <di:waypoint x="190" y="18" /><di:waypoint x="250" y="18" /></bpmndi:BPMNEdge>
  </bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
FORM = {
    "title": {"en": "Look again", "zh-hans": "复核"},
    "outcomes": {
        "agree": {
            "label": {"en": "Agree", "zh-hans": "同意"},
            "style": "primary",
            "schema": {
                "type": "object",
                "properties": {
                    "impression": {"type": "string", "title": "Impression", "minLength": 1, "maxLength": 200}
                },
                "required": ["impression"],
                "additionalProperties": False,
            },
            "x-i18n": {"zh-hans": {"properties": {"impression": {"title": "诊断意见"}}}},
        }
    },
}


def start_second_look(cast: Cast, folder: Path, **subjects: str) -> ProcessInstance:
    """A running case whose only step waits for a radiologist of the provincial hospital."""
    return start_one_step(cast, folder, FORM, subjects=subjects or {"study": "1.2.3"})


def start_one_step(
    cast: Cast,
    folder: Path,
    form: dict[str, Any],
    *,
    subjects: dict[str, str],
    diagram: str = DIAGRAM,
    priority: str = "ROUTINE",
) -> ProcessInstance:
    """As `start_second_look`, with another form in that step."""
    import_one_step(folder, form, diagram=diagram)
    return start_process(
        "SecondLook",
        data={"site_code": "provincial"},
        priority=priority,
        site=cast.provincial,
        subjects=subjects,
        start_key=str(uuid.uuid4()),
        actor=SystemActor("test", "provincial"),
    )


def import_one_step(folder: Path, form: dict[str, Any] = FORM, *, diagram: str = DIAGRAM) -> None:
    """Deploy the process as a bundle of its own."""
    bundle = folder / "second_look"
    (bundle / "forms").mkdir(parents=True, exist_ok=True)
    (bundle / "second_look.bpmn").write_text(diagram, encoding="utf-8")
    (bundle / "forms" / "look.json").write_text(json.dumps(form), encoding="utf-8")
    import_bundle(bundle)


def subjects_of(order: Order) -> dict[str, str]:
    """What a case about an order is about."""
    return {
        "order": str(order.uid),
        "patient": str(order.patient.uid),
        "study": order.study_instance_uid,
    }
