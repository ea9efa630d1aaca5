"""What is wrong with a decision model, and where: by element, and by row and column of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a model from being used.

    `row` counts rules from 1 and `column` inputs, then outputs from 0; None where the problem is no cell's.
    """

    where: str
    message: str
    element_id: str = ""
    table: str = ""
    row: int | None = None
    column: int | None = None


def refusal(problems: Sequence[Problem]) -> InvalidInput:
    """The error that names every problem at its place, as "row 3, column Modality"."""
    fields: dict[str, str] = {}
    for problem in problems:
        fields.setdefault(problem.where, problem.message)
    first = problems[0]
    return InvalidInput(f"{first.where}: {first.message}", code="DECISION_INVALID", fields=fields)
