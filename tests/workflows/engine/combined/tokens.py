"""The token game of BPMN 2.0.2 §13 on a graph: it shares no code with the engine.

A token is the set of what was written on its way; those that meet are one that has all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tests.workflows.engine.combined.graphs import FIRST, Graph, Way

Token = frozenset[str]
Action = tuple[str, Token]
"""A node that waits, or an event at the edge of one, and what the token knows that is there."""
MOST_TOKENS = 40


class Unclear(Exception):
    """The standard leaves open what happens next, or too much does."""


class Game:
    """Where the tokens are: on flows, or at nodes that wait for somebody."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.on: dict[str, list[Token]] = {way.key: [] for way in graph.ways}
        self.at: list[Action] = []
        self.ended: Token = frozenset()
        self.has_followers = False
        """Whether a second token has come to a join before the first was taken: which is which is lost then."""
        self.on[FIRST].append(frozenset())
        self._settle()

    @property
    def open(self) -> list[Action]:
        found = []
        for node, token in self.at:
            if self.graph.kinds[node] == "eventBased":
                found += [(way.target, token) for way in self.graph.out_of(node)]
            else:
                found += [(each, token) for each in (node, *self.graph.edges_of(node))]
        return sorted(found, key=lambda each: (each[0], sorted(each[1])))

    @property
    def is_over(self) -> bool:
        return not self.at and not any(self.on.values())

    def act(self, action: Action, written: str) -> None:
        node, token = action
        kind = self.graph.kinds[node]
        host = self.graph.hosts.get(node) or (self.graph.into(node)[0].source if kind != "user" else node)
        if kind != "beside":
            self.at.remove((host, token))
        self._go(self._chosen(node), token | {written} if kind == "user" else token)
        self._settle()

    def _settle(self) -> None:
        """Move every token that needs nobody; inclusive joins come last, as they ask where the others are."""
        while True:
            if any(self._move(way) for way in self.graph.ways):
                if len(self.at) + sum(map(len, self.on.values())) > MOST_TOKENS:
                    raise Unclear
                continue
            ready = [node for node in self.graph.nodes if self._is_complete(node)]
            if not ready:
                return
            if len(ready) > 1:  # one may still send a token to the other
                raise Unclear
            self._join(ready[0], [way for way in self.graph.into(ready[0]) if self.on[way.key]])

    def _move(self, way: Way) -> bool:
        kind = self.graph.kinds[way.target]
        if not self.on[way.key] or kind == "inclusive":
            return False
        if kind == "parallel":
            ways = self.graph.into(way.target)
            self._note_followers(ways)
            if not all(self.on[each.key] for each in ways):
                return False
            self._join(way.target, ways)
            return True
        token = self.on[way.key].pop(0)
        if kind == "end":
            self.ended |= token
        elif kind in ("user", "eventBased"):
            self.at.append((way.target, token))
        else:
            self._go(self._chosen(way.target), token)
        return True

    def _join(self, node: str, ways: Iterable[Way]) -> None:
        token: Token = frozenset().union(*(self.on[way.key].pop(0) for way in ways))
        self._go(self._chosen(node), token)

    def _go(self, ways: Iterable[Way], token: Token) -> None:
        for way in ways:
            self.on[way.key].append(token)

    def _chosen(self, node: str) -> list[Way]:
        ways, holds = self.graph.out_of(node), self.graph.holds
        default = [way for way in ways if way.key == self.graph.defaults.get(node)]
        taken = [way for way in ways if way not in default and holds.get(way.key, True)] or default
        return taken[:1] if self.graph.kinds[node] == "exclusive" else taken

    def _note_followers(self, ways: Iterable[Way]) -> None:
        self.has_followers |= any(len(self.on[way.key]) > 1 for way in ways)

    def _is_complete(self, node: str) -> bool:
        """Whether an inclusive join waits for no token any more (BPMN 2.0.2 §13.4.3)."""
        ways = self.graph.into(node)
        if self.graph.kinds[node] != "inclusive" or not any(self.on[way.key] for way in ways):
            return False
        self._note_followers(ways)
        arrived = {way.key for way in ways if self.on[way.key]}
        empty = {way.key for way in ways} - arrived
        return not any(
            self._reached(begun, node, over_edges=True) & empty and not self._reached(begun, node) & arrived
            for begun in self._elsewhere(ways)
        )

    def _elsewhere(self, ways: Collection[Way]) -> list[list[Way]]:
        """From where tokens go on that are not at the join: flows, nodes, and what may happen at their edges."""
        nodes = [each for node, _token in self.at for each in (node, *self.graph.edges_of(node))]
        moving = [[way] for way in self.graph.ways if self.on[way.key] and way not in ways]
        return [*moving, *map(self.graph.out_of, nodes)]

    def _reached(self, begun: list[Way], join: str, *, over_edges: bool = False) -> set[str]:
        """The flows into a join to which these lead, without passing it."""
        seen: set[Way] = set()
        waiting = list(begun)
        while waiting:
            way = waiting.pop()
            if way not in seen:
                seen.add(way)
                edges = self.graph.edges_of(way.target) if over_edges else []
                if way.target != join:
                    waiting += [each for node in (way.target, *edges) for each in self.graph.out_of(node)]
        return {way.key for way in seen if way.target == join}
