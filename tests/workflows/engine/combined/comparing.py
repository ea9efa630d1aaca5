"""The engine beside the meaning of a process: after every step both must be open to the same."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

from tests.workflows.engine.combined.blocks import Scope
from tests.workflows.engine.combined.meaning import Action, Meant
from tests.workflows.engine.combined.sketch import draw, items_within
from workflows.engine import ProcessModel, ProcessRun
from workflows.engine.catching import awaited_by, waiting_tasks

DATA = {"site": "provincial", "number": 7}
REPEATS = 2
"""How often an event that may occur for ever does, in one course."""


class Played:
    """A process in the engine, in the words of `meaning`; with `is_restored` from its state after every step."""

    def __init__(self, process: Scope, *, is_restored: bool) -> None:
        self.items = items_within(process)
        self.is_restored = is_restored
        self.happened: list[str] = []
        self._keep(ProcessRun.start(ProcessModel.from_text(draw(process)), DATA))

    @property
    def open(self) -> list[Action]:
        return sorted(action for action, _ in self._waits())

    def act(self, action: Action, answer: dict[str, bool]) -> None:
        uid = next(uid for each, uid in self._waits() if each == action)
        kind, name, _items = action
        if kind == "do":
            self.run.complete_user_task(uid, {**answer, f"{name}_was": True})
        elif kind == "fire":
            assert self.run.fire_timer(uid)
        else:
            assert self.run.catch_message(uid, {})
        self._keep(self.run)

    def _waits(self) -> list[tuple[Action, Any]]:
        waits = self.run.waits
        places = {
            awaited.uid(task): task.data
            for task in waiting_tasks(self.run._workflow)
            for awaited in awaited_by(task)
            if awaited.kind in {"timer", "message", "signal"}
        }
        kinds = (("do", waits.user_tasks), ("fire", waits.timers), ("catch", waits.messages))
        found = []
        for kind, group in kinds:
            for uid, each in group.items():
                data = places.get(uid) or self.run.data_of(uid)
                items = tuple(data[item] for item in self.items[each.element_id])
                found.append(((kind, each.element_id, items), uid))
        return found

    def _keep(self, run: ProcessRun) -> None:
        self.happened += [each.element_id for each in run.take_happenings()]
        self.run = ProcessRun.restore(run.model, run.dump()) if self.is_restored else run


def compare(process: Scope, random: Random, *, is_restored: bool, longest: int = 400) -> Played:
    """Play a course drawn by lot; AssertionError as soon as the engine and the meaning part."""
    meant, played = Meant(process), Played(process, is_restored=is_restored)
    course: list[Action] = []
    while True:
        assert (played.open, played.run.is_completed) == (meant.open, meant.is_completed), course
        if meant.is_completed or len(course) == longest:
            return played
        drawn = _drawn(meant, course, random)
        if drawn is None:
            return played
        action, answer, meant = drawn
        course.append(action)
        played.act(action, answer)


def _drawn(
    meant: Meant, course: list[Action], random: Random
) -> tuple[Action, dict[str, bool], Meant] | None:
    """What happens next, what is answered with it, and what follows; None if the course cannot be told further.

    Two tokens that nothing tells apart would leave open which of them is meant, so they are not brought about.
    """
    actions = meant.open
    random.shuffle(actions)
    actions.sort(key=lambda each: each[0] == "catch" and course.count(each) >= REPEATS)
    for action in actions:
        following = deepcopy(meant)
        answer = following.act(action)
        if len(set(following.open)) == len(following.open):
            return action, answer, following
    return None
