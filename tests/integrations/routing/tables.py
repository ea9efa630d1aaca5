"""Routing tables made for tests: inputs and outputs by name, a row a rule."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape


def routing_table(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *rows: Sequence[str],
    policy: str = "RULE ORDER",
    name: str = "Route series",
) -> str:
    """A decision table as DMN 1.3. A row holds a cell an input, a cell an output, and may end with a sentence why."""
    columns = "".join(
        f'<input id="i{at}"><inputExpression id="e{at}"><text>{escape(text)}</text></inputExpression></input>'
        for at, text in enumerate(inputs)
    )
    columns += "".join(f'<output id="o{at}" name="{text}" />' for at, text in enumerate(outputs))
    rules = ""
    for number, row in enumerate(rows, start=1):
        asked, said, why = (
            row[: len(inputs)],
            row[len(inputs) :][: len(outputs)],
            row[len(inputs) + len(outputs) :],
        )
        cells = "".join(
            f'<inputEntry id="r{number}i{at}"><text>{escape(cell)}</text></inputEntry>'
            for at, cell in enumerate(asked)
        )
        cells += "".join(
            f'<outputEntry id="r{number}o{at}"><text>{escape(cell)}</text></outputEntry>'
            for at, cell in enumerate(said)
        )
        cells += "".join(f"<annotationEntry><text>{escape(cell)}</text></annotationEntry>" for cell in why)
        rules += f'<rule id="r{number}">{cells}</rule>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:test">'
        f'<decision id="route_series" name="{name}"><decisionTable id="t" hitPolicy="{policy}">'
        f'{columns}<annotation name="Why" />{rules}</decisionTable></decision></definitions>'
    )
