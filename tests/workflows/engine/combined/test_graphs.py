"""Graphs drawn by lot go on as BPMN 2.0.2 §13 has it, whether they are restored after every step or not.

After every step the same must be open as in a token game that knows nothing of the engine, with the same written on the
way there, and at the end nothing of what was written is lost. Scopes are drawn in `test_properties`.
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.workflows.conftest import FORM
from tests.workflows.engine.combined.comparing import DATA
from tests.workflows.engine.combined.graphs import Graph
from tests.workflows.engine.combined.tokens import Action, Game, Token, Unclear
from workflows.checks import check_bundle
from workflows.engine import ProcessModel, ProcessRun
from workflows.engine.catching import awaited_by, waiting_tasks

LONGEST = 40


class Played:
    """A graph in the engine, in the words of the game."""

    def __init__(self, graph: Graph, *, is_restored: bool) -> None:
        self.hosts = graph.hosts
        self.is_restored = is_restored
        self._keep(ProcessRun.start(ProcessModel.from_text(graph.drawn()), DATA))

    @property
    def open(self) -> list[Action]:
        return sorted((action for action, _uid in self._waits()), key=lambda each: (each[0], sorted(each[1])))

    def act(self, action: Action, written: str) -> None:
        uid = next(uid for each, uid in self._waits() if each == action)
        waits = self.run.waits
        if uid in waits.user_tasks:
            self.run.complete_user_task(uid, {written: True})
        else:
            assert self.run.fire_timer(uid) if uid in waits.timers else self.run.catch_message(uid, {})
        self._keep(self.run)

    def _waits(self) -> list[tuple[Action, Any]]:
        catching = {
            awaited.uid(task): task
            for task in waiting_tasks(self.run._workflow)
            for awaited in awaited_by(task)
        }
        waits = self.run.waits
        people = {uid: each.element_id for uid, each in waits.user_tasks.items()}
        found = [((name, written_in(self.run.data_of(uid))), uid) for uid, name in people.items()]
        events = {uid: each.element_id for uid, each in waits.timers.items()}
        events |= {uid: each.element_id for uid, each in waits.messages.items()}
        for uid, name in events.items():
            task = catching[uid]
            found.append(((name, written_in(task.parent.data if name in self.hosts else task.data)), uid))
        return found

    def _keep(self, run: ProcessRun) -> None:
        _ = run.waits
        self.run = ProcessRun.restore(run.model, run.dump()) if self.is_restored else run


def written_in(data: dict[str, Any]) -> Token:
    return frozenset(name for name in data if name.startswith("step_"))


def play(graph: Graph, random: Random, *, is_restored: bool) -> None:
    """Play a course drawn by lot, as long as the standard says what comes of it."""
    game, played = Game(graph), Played(graph, is_restored=is_restored)
    course: list[Action] = []
    while not game.has_followers:
        assert (played.open, played.run.is_completed) == (game.open, game.is_over), course
        if game.is_over:
            assert written_in(played.run.end_data) == game.ended, course
        if not game.open or len(course) == LONGEST:
            return
        action, written = random.choice(game.open), f"step_{len(course)}"
        course.append(action)
        game.act(action, written)
        played.act(action, written)


@pytest.mark.parametrize("is_restored", [False, True], ids=["straight", "restored after each step"])
@pytest.mark.parametrize(
    ("first", "count", "size"), [(0, 60, 8), (1000, 25, 18)], ids=["small ones", "large ones"]
)
def test_a_graph_drawn_by_lot_goes_on_as_the_standard_has_it(first, count, size, is_restored):
    clear = 0
    for seed in range(first, first + count):
        graph = Graph(Random(seed), size)  # noqa: S311 - repeatable, not secret
        assert check_bundle({"sample.bpmn": graph.drawn(), "forms/do.json": FORM}) == [], seed
        try:
            play(graph, Random(seed), is_restored=is_restored)  # noqa: S311
        except Unclear:
            continue
        except AssertionError as error:
            error.add_note(f"seed {seed}, size {size}")
            raise
        clear += 1

    assert clear > count / 2
