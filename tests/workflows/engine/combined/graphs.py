"""Graphs drawn by lot that no blocks nest in: ways part and meet anywhere, lead back, or never end.

Every way back leaves a user task, so that each round waits for somebody.
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import NamedTuple

from tests.workflows.conftest import bpmn, flow, user
from tests.workflows.engine.drawing import boundary, catch, end

KINDS = (
    "user",
    "user",
    "user",
    "exclusive",
    "parallel",
    "parallel",
    "inclusive",
    "inclusive",
    "task",
    "eventBased",
)
MOST_WAYS = {
    "user": (1, 1, 1, 2),
    "exclusive": (1, 2, 3),
    "parallel": (1, 2, 3),
    "inclusive": (1, 2, 3),
    "task": (1, 2),
}
FIRST = "begin"


class Way(NamedTuple):
    """A sequence flow."""

    key: str
    source: str
    target: str


class Graph:
    """A process. `holds` says of a flow with a condition whether it does; `hosts` what an event is at the edge of."""

    def __init__(self, random: Random, size: int) -> None:
        self.random = random
        self.kinds: dict[str, str] = {}
        self.ways: list[Way] = []
        self.holds: dict[str, bool] = {}
        self.defaults: dict[str, str] = {}
        self.hosts: dict[str, str] = {}
        self._numbers = count()
        self.nodes = [self._node(number) for number in range(size)]
        self.ends = [f"end{number}" for number in range(random.choice((1, 2, 3)))]
        self.kinds |= dict.fromkeys(self.ends, "end")
        self._lead("start", self.nodes[0], FIRST)
        for position, node in enumerate(self.nodes):
            self._leave(position, node)
        for position, node in enumerate(self.nodes):
            if self.kinds[node] == "user" and random.random() < 0.35:
                self._attach(position, node)
        for each in self.ends:
            if not self.into(each):
                self._lead(random.choice(self._forking()), each)
        for node in self.nodes:
            self._choose(node)

    def out_of(self, node: str) -> list[Way]:
        return [way for way in self.ways if way.source == node]

    def into(self, node: str) -> list[Way]:
        return [way for way in self.ways if way.target == node]

    def edges_of(self, host: str) -> list[str]:
        """The events at the edge of an activity."""
        return [event for event, each in self.hosts.items() if each == host]

    def drawn(self) -> str:
        nodes = "".join(self._drawn(node, kind) for node, kind in self.kinds.items())
        conditions = {key: str(holds) for key, holds in self.holds.items()}
        return bpmn(
            nodes
            + "".join(flow(way.source, way.target, conditions.get(way.key, ""), way.key) for way in self.ways)
        )

    def _node(self, number: int) -> str:
        kind = self.random.choice(KINDS)
        name = f"{kind}{number}"
        self.kinds[name] = kind
        return name

    def _lead(self, source: str, target: str, key: str = "") -> None:
        if all(way.target != target for way in self.out_of(source)):
            self.ways.append(Way(key or f"way{next(self._numbers)}", source, target))

    def _onward(self, position: int) -> str:
        following = self.nodes[position + 1 : position + 6]
        return self.random.choice([*following, self.random.choice(self.ends)])

    def _leave(self, position: int, node: str) -> None:
        """The ways out of a node; whatever nothing leads to yet is led to from the one before it."""
        following = self.nodes[position + 1 : position + 2]
        targets = [each for each in following if not self.into(each)]
        if self.kinds[node] == "eventBased":
            for kind, target in zip(
                ("timer", "message"), [*targets, *map(self._onward, [position] * 2)], strict=False
            ):
                event = f"{node}_{kind}"
                self.kinds[event] = kind
                self._lead(node, event)
                self._lead(event, target)
            return
        if self.kinds[node] == "user" and not targets and self.random.random() < 0.5:
            self._lead(node, self.random.choice(self.nodes[: position + 1]))
            return
        wanted = self.random.choice(MOST_WAYS[self.kinds[node]])
        while len(targets) < wanted:
            targets.append(self._onward(position))
        for target in targets:
            self._lead(node, target)

    def _attach(self, position: int, host: str) -> None:
        kind = self.random.choice(("interrupting", "beside"))
        event = f"{host}_{kind}"
        self.kinds[event], self.hosts[event] = kind, host
        self._lead(event, self._onward(position))

    def _forking(self) -> list[str]:
        """What may have one more way out; an event where nothing else may."""
        kinds = ("parallel", "user", "task")
        return [node for node in self.nodes if self.kinds[node] in kinds] or [
            node for node in self.kinds if self.kinds[node] in ("timer", "message")
        ]

    def _choose(self, node: str) -> None:
        ways = self.out_of(node)
        if len(ways) < 2 or self.kinds[node] not in ("exclusive", "inclusive", "task"):
            return
        if self.kinds[node] == "task":
            self.holds |= {way.key: self.random.random() < 0.5 for way in ways[1:]}
            return
        *others, last = ways
        chosen = self.random.randrange(len(ways))
        self.defaults[node] = last.key
        is_exclusive = self.kinds[node] == "exclusive"
        for number, way in enumerate(others):
            self.holds[way.key] = number == chosen if is_exclusive else self.random.random() < 0.6

    def _drawn(self, node: str, kind: str) -> str:
        match kind:
            case "user":
                return user(node)
            case "task":
                return f'<bpmn:task id="{node}"/>'
            case "end":
                return end(node)
            case "timer" | "message":
                return catch(node, kind).replace("M3", "M1")
            case "interrupting" | "beside":
                interrupts = kind == "interrupting"
                trigger = "timer" if interrupts else "signal"
                return boundary(node, self.hosts[node], trigger, interrupts=interrupts)
        default = f' default="{self.defaults[node]}"' if node in self.defaults else ""
        return f'<bpmn:{kind}Gateway id="{node}"{default}/>'
