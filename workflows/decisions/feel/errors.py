"""What can be wrong with an expression, before and while it is evaluated."""

from __future__ import annotations


class ExpressionError(Exception):
    """The text is no FEEL expression. `position` counts characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class FeelError(Exception):
    """A function or an operator has no answer for what it was given: its value is null.

    Reference  DMN 1.5 §10.3.2 (errors give null)
    """
