"""BPMN files as the engine, the checks and the portal read them; the only reader of BPMN XML beside Spiff."""

from workflows.diagram.elements import Diagram, DiagramError, Element, EventTrigger, Flow, Lane, snake_case
from workflows.diagram.reading import read_diagram

__all__ = [
    "Diagram",
    "DiagramError",
    "Element",
    "EventTrigger",
    "Flow",
    "Lane",
    "read_diagram",
    "snake_case",
]
