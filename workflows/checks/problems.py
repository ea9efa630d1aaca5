"""Why a bundle is refused, and at which element or file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from workflows import expressions


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a bundle is refused, and at which element or file; `line` of the diagram's file, 0 where there is none."""

    element_id: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.element_id}: {self.message}"


def problem_at(node: etree._Element, message: str) -> Problem:
    """A problem of a place in the file: named by the nearest id at or around it, with the place's own line."""
    owner = next((key for each in (node, *node.iterancestors()) if (key := each.get("id"))), "bundle")
    return Problem(owner, message, node.sourceline or 0)


def check_optional(element_id: str, text: str, *, what: str) -> Iterator[Problem]:
    if text:
        yield from check_expression(element_id, text, what=what)


def check_expression(element_id: str, text: str, *, what: str = "expression") -> Iterator[Problem]:
    try:
        expressions.check(text)
    except expressions.ExpressionError as error:
        yield Problem(element_id, f"{what}: {error}")
