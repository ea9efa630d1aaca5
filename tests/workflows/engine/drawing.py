"""Pieces of diagrams, as XML."""

from __future__ import annotations

from tests.workflows.conftest import chain, user

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


def within(name: str, body: str, *steps: str, attributes: str = "", kind: str = "subProcess") -> str:
    """A subprocess whose steps follow each other; `body` may hold more than these."""
    start = f'<bpmn:startEvent id="{name}-s"/>'
    return subprocess(name, start + body + chain(f"{name}-s", *steps), kind=kind, attributes=attributes)


def event_subprocess(name: str, trigger: str, body: str, *, interrupts: bool = True) -> str:
    """A subprocess begun by its start event `<name>-start`."""
    start = event(
        "startEvent", f"{name}-start", trigger, attributes=f' isInterrupting="{str(interrupts).lower()}"'
    )
    return subprocess(name, start + body, attributes=' triggeredByEvent="true"')


def undoable(name: str, handler: str = "", activity: str = "") -> str:
    """A user task, or another activity, with the handler `undo-<name>`."""
    handler = handler or user(f"undo-{name}")
    return (
        (activity or user(name)) + boundary(f"{name}-done", name, "compensate")
        + handler.replace(f'id="undo-{name}"', f'id="undo-{name}" isForCompensation="true"')
        + f'<bpmn:association id="{name}-undo" sourceRef="{name}-done" targetRef="undo-{name}"/>'
    )  # fmt: skip


def parallel(name: str) -> str:
    return f'<bpmn:parallelGateway id="{name}"/>'


def scope(name: str, inside: str, *steps: str, markers: str = "") -> str:
    """A sub-process that runs the steps in turn."""
    start, end = f"{name}_start", f"{name}_end"
    return (
        f'<bpmn:subProcess id="{name}">{markers}<bpmn:startEvent id="{start}"/>{inside}<bpmn:endEvent id="{end}"/>'
        f"{chain(start, *steps, end)}</bpmn:subProcess>"
    )


def marked(node: str, markers: str) -> str:
    """A node with child elements added at its end."""
    head, slash, tail = node.rpartition("</bpmn:")
    return f"{head}{markers}{slash}{tail}"


def multi(
    *,
    sequential: bool = False,
    cardinality: str = "",
    collection: str = "",
    item: str = "",
    output: str = "",
    output_item: str = "",
    condition: str = "",
) -> str:
    """A multi-instance marker."""
    parts = [
        f"<bpmn:loopCardinality>{cardinality}</bpmn:loopCardinality>" if cardinality else "",
        f"<bpmn:loopDataInputRef>{collection}</bpmn:loopDataInputRef>" if collection else "",
        f"<bpmn:loopDataOutputRef>{output}</bpmn:loopDataOutputRef>" if output else "",
        f'<bpmn:inputDataItem name="{item}"/>' if item else "",
        f'<bpmn:outputDataItem name="{output_item}"/>' if output_item else "",
        f"<bpmn:completionCondition>{condition}</bpmn:completionCondition>" if condition else "",
    ]
    kind = "true" if sequential else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{kind}">{"".join(parts)}'
        "</bpmn:multiInstanceLoopCharacteristics>"
    )


UNDONE_AFTERWARDS = (
    throw("undo", "compensate") + user("after") + END + chain("start", "sub", "undo", "after", "end")
)
"""What follows a subprocess `sub`: it is undone, and then comes the user task `after`."""
