"""BPMN files as the engine, the checks and the portal read them; the only reader of BPMN XML beside Spiff."""

from workflows.diagram.definitions import Definitions, MessageFlow, Part, Participant
from workflows.diagram.elements import (
    Diagram,
    DiagramError,
    Element,
    EventTrigger,
    Flow,
    Lane,
    Script,
    snake_case,
)
from workflows.diagram.reading import read_definitions, read_diagram

__all__ = [
    "Definitions",
    "Diagram",
    "DiagramError",
    "Element",
    "EventTrigger",
    "Flow",
    "Lane",
    "MessageFlow",
    "Part",
    "Participant",
    "Script",
    "read_definitions",
    "read_diagram",
    "snake_case",
]
