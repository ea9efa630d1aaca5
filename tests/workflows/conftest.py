"""Small processes made in the test that needs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.personas import Cast
from workflows import service_tasks
from workflows.deployment import bundles
from workflows.models import ProcessDefinition, ProcessInstance
from workflows.service_tasks import Operator
from workflows.services import start_process

FORM = json.dumps(
    {
        "title": {"en": "Do it", "zh-hans": "执行"},
        "outcomes": {
            "done": {
                "label": {"en": "Done", "zh-hans": "完成"},
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"answer": {"type": "string", "title": "Answer"}},
                },
                "x-i18n": {"zh-hans": {"properties": {"answer": {"title": "回答"}}}},
            }
        },
    }
)
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:consilium="urn:consilium:bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<bpmn:message id="M1" name="SeriesComplete"/><bpmn:message id="M2" name="ReportSigned"/>'
    '<bpmn:message id="M3" name="ResultReady"/><bpmn:error id="E1" name="Refused" errorCode="REFUSED"/>'
    '<bpmn:signal id="S1" name="AllClear"/><bpmn:escalation id="X1" name="Late" escalationCode="LATE"/>'
)
LANE = (
    '<bpmn:extensionElements><consilium:assignment role="radiologist" site="site"/></bpmn:extensionElements>'
)


def user(name: str, asked: str = "") -> str:
    """A user task; `asked` holds further attributes of its form, such as `candidates="who"`."""
    return (
        f'<bpmn:userTask id="{name}" name="{name}"><bpmn:extensionElements><consilium:form name="do" {asked}/>'
        "</bpmn:extensionElements></bpmn:userTask>"
    )


def machine(name: str, operator: str = "test.step", result: str = "") -> str:
    into = f' result="{result}"' if result else ""
    return (
        f'<bpmn:serviceTask id="{name}" name="{name}"><bpmn:extensionElements>'
        f'<consilium:operator name="{operator}"{into}><consilium:argument name="number" value="number"/>'
        "</consilium:operator></bpmn:extensionElements></bpmn:serviceTask>"
    )


def flow(source: str, target: str, condition: str = "", name: str = "") -> str:
    inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    return (
        f'<bpmn:sequenceFlow id="{name or f"{source}-{target}"}" sourceRef="{source}" targetRef="{target}">'
        f"{inner}</bpmn:sequenceFlow>"
    )


def chain(*names: str) -> str:
    """Flows from each to the next."""
    return "".join(flow(a, b) for a, b in pairwise(names))


def timer(
    name: str, expression: str, *, attached_to: str = "", interrupts: bool = True, word: str = "timeDuration"
) -> str:
    kind = "boundaryEvent" if attached_to else "intermediateCatchEvent"
    place = (
        f' attachedToRef="{attached_to}" cancelActivity="{str(interrupts).lower()}"' if attached_to else ""
    )
    return (
        f'<bpmn:{kind} id="{name}" name="{name}"{place}><bpmn:timerEventDefinition><bpmn:{word}>{expression}'
        f"</bpmn:{word}></bpmn:timerEventDefinition></bpmn:{kind}>"
    )


def message(name: str, reference: str = "M1") -> str:
    return (
        f'<bpmn:intermediateCatchEvent id="{name}" name="{name}">'
        f'<bpmn:messageEventDefinition messageRef="{reference}"/></bpmn:intermediateCatchEvent>'
    )


def bpmn(
    body: str, *, key: str = "Sample", start: str = '<bpmn:startEvent id="start"/>', lane: str = LANE
) -> str:
    """A process around `body`, with one lane that holds everything."""
    ids = re.findall(r'<bpmn:\w+ id="([\w-]+)"', re.sub(r"<bpmn:sequenceFlow[^>]*>", "", start + body))
    refs = "".join(f"<bpmn:flowNodeRef>{each}</bpmn:flowNodeRef>" for each in ids)
    return (
        f'{HEAD}<bpmn:process id="{key}" isExecutable="true"><bpmn:laneSet><bpmn:lane id="lane" name="Doctors">'
        f"{lane}{refs}</bpmn:lane></bpmn:laneSet>{start}{body}</bpmn:process></bpmn:definitions>"
    )


def bundle(body: str, **options: Any) -> dict[str, str]:
    return {"sample.bpmn": bpmn(body, **options), "forms/do.json": FORM}


@pytest.fixture
def operators(monkeypatch: pytest.MonkeyPatch) -> dict[str, Operator]:
    """Steps registered for this test only; `test.step` echoes its number."""
    mine = dict(service_tasks._operators)
    monkeypatch.setattr(service_tasks, "_operators", mine)
    service_tasks.service_task("test.step", retries=2)(lambda _context, *, number: {"number": number})
    return mine


@pytest.fixture
def begin(cast: Cast, operators: dict[str, Operator], tmp_path: Path) -> Callable[..., ProcessInstance]:
    """Import a process made of `body` and start an instance of it at the provincial hospital."""

    def make(
        body: str,
        data: dict[str, Any] | None = None,
        *,
        subjects: dict[str, str] | None = None,
        start_key: str = "one",
        **options: Any,
    ) -> ProcessInstance:
        definition = install(bundle(body, **options), tmp_path)
        return start_process(
            definition.key,
            data={"site": "provincial", "number": 7, **(data or {})},
            site=cast.provincial,
            subjects=subjects or {"study": "2.25.1"},
            start_key=start_key,
            actor=cast.carla,
        )

    return make


def install(files: dict[str, str], folder: Path) -> ProcessDefinition:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return bundles.import_bundle(folder)
