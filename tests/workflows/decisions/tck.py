"""Test cases of the DMN Technology Compatibility Kit: their typed inputs and expected results.

Reference  dmn-tck/tck, TestCases XML schema (namespace 20160719)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, parse

from workflows.decisions.feel.temporal import parse_date, parse_date_and_time, parse_duration, parse_time
from workflows.decisions.feel.values import equal

TCK = "{http://www.omg.org/spec/DMN/20160719/testcase}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
CLOSE_ENOUGH = Decimal("1e-8")  # as the kit's own runner: expected numbers are written with some digits only

READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "decimal": Decimal,
    "double": Decimal,
    "integer": Decimal,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "date": parse_date,
    "time": parse_time,
    "dateTime": parse_date_and_time,
    "duration": parse_duration,
}


@dataclass(frozen=True)
class Case:
    """One expected result of one test case."""

    level: str
    model: Path
    number: str
    decision: str
    inputs: dict[str, Any]
    expected: Any

    @property
    def id(self) -> str:
        return f"{self.model.stem}/{self.number}/{self.decision}"


def cases(folder: Path) -> Iterator[Case]:
    """Every expected result below a folder, as many as the kit has."""
    for tests in sorted(folder.glob("*/*/*-test-*.xml")):
        model = next(tests.parent.glob("*.dmn"))
        root = parse(tests).getroot()  # noqa: S314 - a file of ours
        for case in root.findall(f"{TCK}testCase"):
            inputs = {one.get("name", ""): value_of(one) for one in case.findall(f"{TCK}inputNode")}
            for result in case.findall(f"{TCK}resultNode"):
                expected = result.find(f"{TCK}expected")
                assert expected is not None
                yield Case(
                    level=tests.parent.parent.name,
                    model=model,
                    number=case.get("id", ""),
                    decision=result.get("name", ""),
                    inputs=inputs,
                    expected=value_of(expected),
                )


def value_of(element: Element) -> Any:
    """A typed value, a list or a context, as FEEL has it."""
    items = element.find(f"{TCK}list")
    if items is not None:
        return [value_of(item) for item in items.findall(f"{TCK}item")]
    components = element.findall(f"{TCK}component")
    if components:
        return {one.get("name", ""): value_of(one) for one in components}
    value = element.find(f"{TCK}value")
    if value is None or value.get(f"{XSI}nil") == "true":
        return None
    return READERS[value.get(f"{XSI}type", "").rpartition(":")[2]](value.text or "")


def is_as_expected(value: Any, expected: Any) -> bool:
    """Whether a result is of the expected kind and value; numbers to eight digits after the point."""
    if isinstance(expected, Decimal):
        return isinstance(value, Decimal) and abs(value - expected) <= CLOSE_ENOUGH
    if isinstance(expected, list):
        return (
            isinstance(value, list)
            and len(value) == len(expected)
            and all(map(is_as_expected, value, expected))
        )
    if isinstance(expected, dict):
        return (
            isinstance(value, dict)
            and value.keys() == expected.keys()
            and all(is_as_expected(value[name], one) for name, one in expected.items())
        )
    return equal(value, expected) is True
