"""Expressions and small tables to decide by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from workflows.decisions import Outcome, load_decisions

DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def decision_file(body: str) -> bytes:
    return f'<definitions xmlns="{DMN}" id="d" name="Test" namespace="urn:test">{body}</definitions>'.encode()


def literal(text: str) -> bytes:
    """A model whose only decision `it` is one expression."""
    return decision_file(
        '<decision id="it" name="it"><literalExpression><text>'
        f"{escape(text)}</text></literalExpression></decision>"
    )


def table(
    rules: Sequence[tuple[Sequence[str], Sequence[str]]],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    inputs: Sequence[tuple[str, str]] = (("x", "number"),),
    outputs: Sequence[tuple[str, str]] = (("out", ""),),
    default: str = "",
) -> bytes:
    """A model whose only decision `it` is a table. Outputs are names and their values, best first."""

    def text(tag: str, content: str) -> str:
        return f"<{tag}><text>{escape(content)}</text></{tag}>"

    columns = "".join(
        f'<input label={quoteattr(name)}><inputExpression typeRef="{kind}"><text>{escape(name)}</text>'
        "</inputExpression></input>"
        for name, kind in inputs
    ) + "".join(
        f"<output name={quoteattr(name)}>"
        + (text("outputValues", values) if values else "")
        + (text("defaultOutputEntry", default) if default else "")
        + "</output>"
        for name, values in outputs
    )
    rows = "".join(
        f'<rule id="r{number}">'
        + "".join(text("inputEntry", cell) for cell in tests)
        + "".join(text("outputEntry", cell) for cell in results)
        + f"<annotationEntry><text>because {number}</text></annotationEntry></rule>"
        for number, (tests, results) in enumerate(rules, start=1)
    )
    attributes = f'hitPolicy="{policy}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return decision_file(
        f'<decision id="it" name="it"><decisionTable id="t" {attributes}>{columns}{rows}</decisionTable></decision>'
    )


@pytest.fixture
def feel() -> Callable[..., Any]:
    """The value of an expression; keyword arguments are values in scope."""
    return lambda text, **values: feel_outcome(text, **values).value


def feel_outcome(text: str, **values: Any) -> Outcome:
    return load_decisions(literal(text)).decide("it", values)
