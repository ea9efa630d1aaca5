"""What a bundle must fulfil before it runs. What the engine would not do faithfully is refused by name.

Spiff parses more than it executes: compensation throws do nothing, link events stop an instance, scripts run
as Python. So this is a list of what is allowed, and everything else is refused with the element's id.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from accounts.models import Role
from workflows import expressions
from workflows.catalogue import MESSAGES
from workflows.diagram import Diagram, DiagramError, Element, read_diagram
from workflows.engine.durations import is_timing, parse_cycle
from workflows.forms import find_choices, find_submission
from workflows.service_tasks import find_operator

LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a bundle is refused, and at which element or file."""

    element_id: str
    message: str

    def __str__(self) -> str:
        return f"{self.element_id}: {self.message}"


def check_bundle(files: Mapping[str, str]) -> list[Problem]:
    """Everything that keeps a bundle from being imported; empty for a good one."""
    diagrams = [text for name, text in files.items() if name.endswith(".bpmn")]
    if len(diagrams) != 1:
        return [Problem("bundle", "A bundle holds exactly one .bpmn file")]
    try:
        diagram = read_diagram(diagrams[0])
    except DiagramError as error:
        return [Problem("bundle", str(error))]
    problems = [problem for rule in _RULES for problem in rule(diagram)]
    problems += _check_forms(diagram, files)
    return problems


def check_drawing(files: Mapping[str, str]) -> list[Problem]:
    """Elements and flows that have no place in the picture the portal shows."""
    diagram = read_diagram(next(text for name, text in files.items() if name.endswith(".bpmn")))
    missing = [
        key for key in (*diagram.elements, *(lane.id for lane in diagram.lanes)) if key not in diagram.drawn
    ]
    return [Problem(key, "is not drawn") for key in missing] + [
        Problem(key, "has no waypoints") for key in diagram.undrawn_edges
    ]


@checks.register("workflows")
def check_processes(**_kwargs: Any) -> list[checks.CheckMessage]:
    """Every process of `bpmn/` could be imported: for `manage.py check`."""
    found: list[checks.CheckMessage] = []
    for folder in bundle_folders(Path(settings.BASE_DIR) / "bpmn"):
        files = {
            path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.suffix in {".bpmn", ".json"}
        }
        found += [
            checks.Error(f"{folder.name}: {problem}", id="workflows.E001")
            for problem in (*check_bundle(files), *check_drawing(files))
        ]
    return found


def bundle_folders(root: Path) -> list[Path]:
    """The folders below `root` that hold a process."""
    return sorted({path.parent for path in root.glob("*/*.bpmn")})


# --- what an element may be -----------------------------------------------------------------------------

_REFUSED_KINDS = {
    "adHocSubProcess": "An ad-hoc subprocess is not supported",
    "businessRuleTask": "A business rule task is not supported; compare data at a gateway",
    "callActivity": "A call activity is not supported; draw the steps here",
    "complexGateway": "A complex gateway is not supported",
    "intermediateThrowEvent": "A throw event is not supported; use a service task",
    "manualTask": "A manual task is not supported; use a user task with a form",
    "scriptTask": "A script task is not supported; scripts are never run, use a service task",
    "sendTask": "A send task is not supported; use a service task",
    "task": "A task must say what it is: a user task or a service task",
    "transaction": "A transaction is not supported",
}
_TRIGGERS: dict[str, set[str]] = {
    "startEvent": {"", "message"},
    "endEvent": {"", "terminate", "error"},
    "intermediateCatchEvent": {"message", "timer"},
    "boundaryEvent": {"message", "timer", "error"},
    "receiveTask": {"message"},
}
_REFUSED_WORDS = {
    "standardLoopCharacteristics": "A loop marker is not supported; draw the loop",
    "multiInstanceLoopCharacteristics": "A multi-instance marker is not supported",
    "ioSpecification": "An input and output specification is not supported",
    "dataInputAssociation": "A data association is not supported",
    "dataOutputAssociation": "A data association is not supported",
    "triggeredByEvent": "An event subprocess is not supported; use a boundary event",
}
_TRIGGER_NAMES = {
    "cancel": "cancel", "compensate": "compensation", "conditional": "conditional", "escalation": "escalation",
    "link": "link", "signal": "signal",
}  # fmt: skip


def _check_kinds(diagram: Diagram) -> Iterator[Problem]:
    for word, element_id in diagram.foreign:
        yield Problem(element_id, f"{word} is not supported")
    for element in diagram.elements.values():
        if not element.id:
            yield Problem(element.name or element.kind, "has no id")
        if element.kind in _REFUSED_KINDS:
            yield Problem(element.id, _REFUSED_KINDS[element.kind])
        for word, message in _REFUSED_WORDS.items():
            if word in element.words:
                yield Problem(element.id, message)


def _check_triggers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        allowed = _TRIGGERS.get(element.kind)
        if allowed is None:
            continue
        kinds = [trigger.kind for trigger in element.triggers] or [""]
        if len(kinds) > 1:
            yield Problem(element.id, "An event with several triggers is not supported")
        for kind in kinds:
            if kind not in allowed:
                word = _TRIGGER_NAMES.get(kind, kind)
                yield Problem(
                    element.id,
                    f"A {word} event is not supported here" if kind else "The event waits for nothing",
                )
        yield from _check_place(diagram, element)


def _check_place(diagram: Diagram, element: Element) -> Iterator[Problem]:
    kinds = {trigger.kind for trigger in element.triggers}
    if element.kind == "startEvent" and kinds and element.parent != diagram.key:
        yield Problem(element.id, "A subprocess starts with a plain start event")
    if element.kind == "endEvent" and "error" in kinds and element.parent == diagram.key:
        yield Problem(element.id, "An error end event is of use in a subprocess only")
    if element.kind != "boundaryEvent":
        return
    host = diagram.elements.get(element.attached_to)
    if host is None or host.kind not in {"userTask", "serviceTask", "subProcess"}:
        yield Problem(element.id, "A boundary event is attached to a user task, service task or subprocess")
    elif "error" in kinds and host.kind == "userTask":
        yield Problem(element.id, "A user task throws no error")
    if "error" in kinds and not element.is_interrupting:
        yield Problem(element.id, "An error event always interrupts")


def _check_messages(diagram: Diagram) -> Iterator[Problem]:
    for element, name in diagram.messages():
        if not name:
            yield Problem(element.id, "The message has no name")
        elif name not in MESSAGES:
            yield Problem(element.id, f"No event is called {name}; there are: {', '.join(sorted(MESSAGES))}")


def _check_timers(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        for trigger in element.triggers:
            if trigger.kind != "timer":
                continue
            if trigger.cycle and (element.kind != "boundaryEvent" or element.is_interrupting):
                yield Problem(element.id, "Only a non-interrupting boundary timer may repeat")
            if trigger.cycle and is_timing(trigger.expression) and parse_cycle(trigger.expression) is None:
                yield Problem(element.id, "A repeating timer is written like R3/PT10M")
            if not is_timing(trigger.expression):
                yield from _check_expression(element.id, trigger.expression)


# --- how elements are joined ----------------------------------------------------------------------------


def _check_starts(diagram: Diagram) -> Iterator[Problem]:
    owners = [diagram.key, *(e.id for e in diagram.elements.values() if e.kind == "subProcess")]
    for owner in owners:
        starts = [e for e in diagram.elements.values() if e.kind == "startEvent" and e.parent == owner]
        if len(starts) != 1:
            yield Problem(owner, "There must be exactly one start event")


def _check_flows(diagram: Diagram) -> Iterator[Problem]:
    for flow in diagram.flows:
        source, target = diagram.elements.get(flow.source), diagram.elements.get(flow.target)
        if source is None or target is None:
            yield Problem(flow.id, "The flow leads from or to nothing")
        elif flow.condition:
            if source.kind not in {"exclusiveGateway", "inclusiveGateway"}:
                yield Problem(flow.id, "Only flows out of a gateway may have a condition")
            yield from _check_expression(flow.id, flow.condition)


def _check_ends(diagram: Diagram) -> Iterator[Problem]:
    reached = _reachable(diagram)
    for element in diagram.elements.values():
        outgoing = diagram.outgoing(element.id)
        if element.kind == "endEvent":
            if outgoing:
                yield Problem(element.id, "Nothing follows an end event")
        elif not outgoing:
            yield Problem(element.id, "A dead end: nothing follows, and it is no end event")
        elif len(outgoing) > 1 and not element.kind.endswith("Gateway"):
            yield Problem(element.id, "Several flows leave it; use a gateway")
        if element.id not in reached:
            yield Problem(element.id, "Nothing leads here")


def _check_gateways(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        outgoing = diagram.outgoing(element.id)
        if not element.kind.endswith("Gateway") or len(outgoing) < 2:
            continue
        if element.kind in {"exclusiveGateway", "inclusiveGateway"}:
            if element.default_flow not in {flow.id for flow in outgoing}:
                yield Problem(element.id, "The gateway has no default flow")
            for flow in outgoing:
                if not flow.condition and flow.id != element.default_flow:
                    yield Problem(flow.id, "A flow out of a gateway needs a condition, or is the default")
        elif element.kind == "eventBasedGateway":
            for flow in outgoing:
                target = diagram.elements.get(flow.target)
                if target is None or target.kind != "intermediateCatchEvent":
                    yield Problem(flow.id, "An event-based gateway leads to catch events only")


def _reachable(diagram: Diagram) -> set[str]:
    seen = {e.id for e in diagram.elements.values() if e.kind == "startEvent"}
    waiting = list(seen)
    while waiting:
        here = waiting.pop()
        attached = [e.id for e in diagram.elements.values() if e.attached_to == here]
        for following in (*(flow.target for flow in diagram.outgoing(here)), *attached):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


# --- who does it, with what -----------------------------------------------------------------------------


def _check_service_tasks(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "serviceTask":
            continue
        operator = element.extension("operator", "name")
        if not operator:
            yield Problem(element.id, "The service task names no operator")
        elif find_operator(operator) is None:
            yield Problem(element.id, f"There is no operator {operator}")
        for name, text in element.arguments.items():
            yield from _check_expression(element.id, text, what=f"argument {name}")


def _check_user_tasks(diagram: Diagram) -> Iterator[Problem]:
    for element in diagram.elements.values():
        if element.kind != "userTask":
            continue
        if not element.extension("form", "name"):
            yield Problem(element.id, "The user task names no form")
        lane = element.lane
        if lane is None or lane.role not in Role.values:
            where = lane.name if lane is not None else "no lane"
            yield Problem(element.id, f"The lane gives no role: {where}")
        elif not lane.site:
            yield Problem(element.id, f"The lane gives no site: {lane.name}")
        due = element.extension("form", "due")
        if due and not is_timing(due):
            yield from _check_expression(element.id, due, what="due")
        yield from _check_optional(element.id, element.extension("form", "person"), what="person")


def _check_lanes(diagram: Diagram) -> Iterator[Problem]:
    for lane in diagram.lanes:
        yield from _check_optional(lane.id, lane.site, what="site")
        yield from _check_optional(lane.id, lane.person, what="person")
    start = diagram.start
    if start is not None:
        for name in ("when", "key", "site"):
            yield from _check_optional(start.id, start.extension("start", name), what=name)


def _check_optional(element_id: str, text: str, *, what: str) -> Iterator[Problem]:
    if text:
        yield from _check_expression(element_id, text, what=what)


def _check_expression(element_id: str, text: str, *, what: str = "expression") -> Iterator[Problem]:
    try:
        expressions.parse(text)
    except expressions.ExpressionError as error:
        yield Problem(element_id, f"{what}: {error}")


_RULES: list[Callable[[Diagram], Iterator[Problem]]] = [
    _check_kinds,
    _check_triggers,
    _check_messages,
    _check_timers,
    _check_starts,
    _check_flows,
    _check_ends,
    _check_gateways,
    _check_service_tasks,
    _check_user_tasks,
    _check_lanes,
]


# --- forms ----------------------------------------------------------------------------------------------


def _check_forms(diagram: Diagram, files: Mapping[str, str]) -> list[Problem]:
    named = {e.extension("form", "name"): e.id for e in diagram.elements.values() if e.kind == "userTask"}
    problems: list[Problem] = []
    for name, element_id in named.items():
        text = files.get(f"forms/{name}.json")
        if text is None:
            problems += [Problem(element_id, f"There is no form {name}")] if name else []
        else:
            problems += [Problem(f"forms/{name}.json", message) for message in _form_problems(text)]
    return problems


def _form_problems(text: str) -> Iterator[str]:
    try:
        form = json.loads(text)
        yield from _word_problems("title", form["title"])
        for key, outcome in form["outcomes"].items():
            yield from _outcome_problems(key, outcome)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"Not a form: {type(error).__name__} {error}"


def _outcome_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    yield from _word_problems(f"{key}.label", outcome["label"])
    schema = outcome["schema"]
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        yield f"{key}: the schema is not valid: {error.message}"
        return
    if schema.get("type") != "object" or schema.get("additionalProperties") is not False:
        yield f"{key}: the schema is a closed object (additionalProperties false)"
    yield from _field_problems(key, outcome)
    submission = outcome.get("submission")
    if submission and find_submission(submission) is None:
        yield f"{key}: no package carries out {submission}"
    for provider in outcome.get("choices", {}).values():
        if find_choices(provider) is None:
            yield f"{key}: nobody offers the choices {provider}"


def _field_problems(key: str, outcome: dict[str, Any]) -> Iterator[str]:
    properties = outcome["schema"].get("properties", {})
    translated = outcome.get("x-i18n", {}).get("zh-hans", {}).get("properties", {})
    for name, field in properties.items():
        if not field.get("title"):
            yield f"{key}.{name} has no title"
        for word in ("title", "description"):
            if field.get(word) and not translated.get(name, {}).get(word):
                yield f"{key}.{name}: {word} has no Chinese"
    for part in ("order", "notes", "widgets", "choices"):
        yield from (
            f"{key}.{part}: no field {name}" for name in outcome.get(part, []) if name not in properties
        )


def _word_problems(where: str, words: dict[str, str]) -> Iterator[str]:
    yield from (f"{where} has no words in {language}" for language in LANGUAGES if not words.get(language))
