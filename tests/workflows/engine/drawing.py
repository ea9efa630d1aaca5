"""Pieces of diagrams with events, as XML."""

from __future__ import annotations

TRIGGERS = {
    "message": '<bpmn:messageEventDefinition messageRef="M3"/>',
    "signal": '<bpmn:signalEventDefinition signalRef="S1"/>',
    "timer": "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>",
    "cycle": "<bpmn:timerEventDefinition><bpmn:timeCycle>R3/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>",
    "conditional": (
        "<bpmn:conditionalEventDefinition><bpmn:condition>alarm == True</bpmn:condition>"
        "</bpmn:conditionalEventDefinition>"
    ),
    "error": '<bpmn:errorEventDefinition errorRef="E1"/>',
    "any error": "<bpmn:errorEventDefinition/>",
    "escalation": '<bpmn:escalationEventDefinition escalationRef="X1"/>',
    "any escalation": "<bpmn:escalationEventDefinition/>",
    "cancel": "<bpmn:cancelEventDefinition/>",
    "terminate": "<bpmn:terminateEventDefinition/>",
    "compensate": "<bpmn:compensateEventDefinition/>",
    "link": '<bpmn:linkEventDefinition name="A"/>',
    "": "",
}
END = '<bpmn:endEvent id="end" name="Finished"/>'


def event(kind: str, name: str, trigger: str, *, attributes: str = "", extension: str = "") -> str:
    """An event of a BPMN kind with a trigger: a key of TRIGGERS, or its XML."""
    inner = f"<bpmn:extensionElements>{extension}</bpmn:extensionElements>" if extension else ""
    return f'<bpmn:{kind} id="{name}" name="{name}"{attributes}>{inner}{TRIGGERS.get(trigger, trigger)}</bpmn:{kind}>'


def catch(name: str, trigger: str, **options: str) -> str:
    return event("intermediateCatchEvent", name, trigger, **options)


def throw(name: str, trigger: str, **options: str) -> str:
    return event("intermediateThrowEvent", name, trigger, **options)


def end(name: str, trigger: str = "", **options: str) -> str:
    return event("endEvent", name, trigger, **options)


def boundary(name: str, host: str, trigger: str, *, interrupts: bool = True, extension: str = "") -> str:
    place = f' attachedToRef="{host}" cancelActivity="{str(interrupts).lower()}"'
    return event("boundaryEvent", name, trigger, attributes=place, extension=extension)


def subprocess(name: str, body: str, *, kind: str = "subProcess", attributes: str = "") -> str:
    return f'<bpmn:{kind} id="{name}"{attributes}>{body}</bpmn:{kind}>'


def event_subprocess(name: str, trigger: str, body: str, *, interrupts: bool = True) -> str:
    """A subprocess begun by its start event `<name>-start`."""
    start = event(
        "startEvent", f"{name}-start", trigger, attributes=f' isInterrupting="{str(interrupts).lower()}"'
    )
    return subprocess(name, start + body, attributes=' triggeredByEvent="true"')


def parallel(name: str) -> str:
    return f'<bpmn:parallelGateway id="{name}"/>'
