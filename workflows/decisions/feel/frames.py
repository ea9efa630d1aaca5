"""The names and values an expression sees while it is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from django.utils.translation import gettext as _

from workflows.decisions.feel.values import Value
from workflows.decisions.limits import Run

INPUT = "?"


class Frame:
    """Values by name, those of the frames around it, and the decision's account of what it spends."""

    __slots__ = ("outer", "run", "values")

    def __init__(self, values: Mapping[str, Value], run: Run, outer: Frame | None = None) -> None:
        self.values = values
        self.run = run
        self.outer = outer

    def within(self, values: Mapping[str, Value]) -> Frame:
        return Frame(values, self.run, self)

    def get(self, name: str) -> Value:
        frame: Frame | None = self
        while frame is not None:
            if name in frame.values:
                return frame.values[name]
            frame = frame.outer
        return self.run.fail(_("There is no value named “%(name)s” here.") % {"name": name})


Code: TypeAlias = Callable[[Frame], Value]
