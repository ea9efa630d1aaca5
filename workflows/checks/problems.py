"""Why a bundle is refused, and at which element or file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflows import expressions


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a bundle is refused, and at which element or file."""

    element_id: str
    message: str

    def __str__(self) -> str:
        return f"{self.element_id}: {self.message}"


def check_optional(element_id: str, text: str, *, what: str) -> Iterator[Problem]:
    if text:
        yield from check_expression(element_id, text, what=what)


def check_expression(element_id: str, text: str, *, what: str = "expression") -> Iterator[Problem]:
    try:
        expressions.parse(text)
    except expressions.ExpressionError as error:
        yield Problem(element_id, f"{what}: {error}")
