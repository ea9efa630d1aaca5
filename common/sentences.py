"""Sentences that outlive the moment they are said in: kept as a message and its values, read in any language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from django.utils.translation import gettext


class Sentence(str):
    """A text in the language of who met it first, which knows how to be said again in another.

    `message` is the text that is translated, `values` what stands in it: codes, numbers, names of a diagram, and
    sentences.
    """

    __slots__ = ("message", "values")
    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, values: Mapping[str, Any] | None = None) -> Self:
        said = gettext(message)
        self = super().__new__(cls, said % values if values else said)
        self.message, self.values = message, values or {}
        return self

    def __mod__(self, values: Any) -> Sentence:
        return Sentence(self.message, values)

    def kept(self) -> dict[str, Any]:
        """As JSON, for `said_again`."""
        values = {
            name: value.kept() if isinstance(value, Sentence) else value if type(value) is int else str(value)
            for name, value in self.values.items()
        }
        return {"message": self.message, "values": values}


def sentence(message: str) -> Sentence:
    """A sentence to be kept. Imported as `_`: that is how texts for people are found."""
    return Sentence(message)


def said_again(kept: Mapping[str, Any]) -> Sentence:
    """A kept sentence in the language that is spoken now."""
    values = {
        name: said_again(value) if isinstance(value, Mapping) else value
        for name, value in kept["values"].items()
    }
    return Sentence(kept["message"], values)
