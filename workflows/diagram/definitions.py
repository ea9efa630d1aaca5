"""A whole BPMN file in words of ours: its processes, who takes part, and everything that stands beside them.

Reference  BPMN 2.0.2 §8.1.1 (Definitions), §9 (Collaboration)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from workflows.diagram.elements import Diagram


@dataclass(frozen=True, slots=True)
class Participant:
    """A pool: `process` is the id of what happens inside, "" for one nobody looks into (a black box)."""

    id: str
    name: str
    process: str


@dataclass(frozen=True, slots=True)
class MessageFlow:
    """What participants send each other: drawn between pools, or between elements in them."""

    id: str
    name: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Part:
    """Anything else a file holds, by its BPMN word: a data store, a group, an annotation, a global task."""

    kind: str
    id: str
    name: str
    owner: str


@dataclass(frozen=True)
class Definitions:
    """One `.bpmn` file. `lines` tells where in the file an id stands, `repeated` which ids stand there twice."""

    id: str
    name: str
    processes: tuple[Diagram, ...]
    participants: tuple[Participant, ...]
    message_flows: tuple[MessageFlow, ...]
    parts: tuple[Part, ...]
    lines: Mapping[str, int]
    repeated: tuple[str, ...]
    tree: etree._Element

    @property
    def executable(self) -> tuple[Diagram, ...]:
        """The processes that are marked to be run; of others a file only tells."""
        return tuple(each for each in self.processes if each.is_executable)

    @property
    def key(self) -> str:
        """What versions of this file have in common: the id of the process that runs, or else of the first."""
        first = next(iter((*self.executable, *self.processes)), None)
        return first.key if first is not None else self.id

    @property
    def title(self) -> str:
        """How the file is called: by the process that runs, by itself, or by a pool."""
        running = next(iter(self.executable), None)
        named = (running.name if running is not None else "", self.name)
        return next((name for name in (*named, *(each.name for each in self.participants)) if name), self.key)
