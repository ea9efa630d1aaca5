"""A routing table as the editor holds it: columns and rows of texts, in JSON."""

from __future__ import annotations

from typing import Any

from common.errors import InvalidInput
from integrations.routing.defaults import TABLE
from integrations.routing.models import RoutingTableVersion
from integrations.routing.rules import DECISION
from workflows.decisions import DecisionTable, HitPolicy, Input, Output, Rule, read_table, write_table

MOST_ROWS = 500
MOST_COLUMNS = 40
LONGEST_TEXT = 2_000
Sheet = dict[str, Any]
ORDER_OF_BEGINNING = (
    RoutingTableVersion.State.DRAFT,
    RoutingTableVersion.State.PUBLISHED,
    RoutingTableVersion.State.RETIRED,
)


def sheet_of(xml: str) -> Sheet:
    """The table of a file as the editor holds it.

    Raises  InvalidInput or NotFound if the file has no table to edit.
    """
    table = read_table(xml.encode(), DECISION)
    return {
        "policy": table.hit_policy.value,
        "inputs": [
            {"id": one.id, "label": one.label, "expression": one.expression, "type": one.type_ref, "values": one.values}
            for one in table.inputs
        ],
        "outputs": [
            {
                "id": one.id, "name": one.name, "label": one.label, "type": one.type_ref, "values": one.values,
                "default": one.default,
            }
            for one in table.outputs
        ],
        "notes": list(table.annotations) or ["Why"],
        "rows": [
            {"id": rule.id, "cells": [*rule.inputs, *rule.outputs], "notes": list(rule.annotations) or [""]}
            for rule in table.rules
        ],
    }  # fmt: skip


def xml_of(sheet: object, *, into: str) -> str:
    """The file with the editor's table in it; nothing but the table changes.

    Raises  InvalidInput if what was sent is no sheet, or is larger than one may be.
    """
    try:
        table = _table(_Part(sheet))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("This is not a table as the editor writes it.", code="BAD_SHEET") from error
    return write_table(table, into=into.encode(), decision=DECISION).decode()


def text_to_edit(versions: list[RoutingTableVersion]) -> str:
    """The file that an edit begins from: the draft, else the version in force or the last one, else the default."""
    by_state = {one.state: one for one in sorted(versions, key=lambda one: one.number)}
    for state in ORDER_OF_BEGINNING:
        if state in by_state:
            return by_state[state].xml
    return TABLE.read_text()


class _Part:
    """One object of what was sent; whatever is not as it should be is a TypeError, a KeyError or a ValueError."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise TypeError
        self._value = value

    def text(self, name: str) -> str:
        return _text(self._value.get(name, ""))

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(_text(one) for one in self._list(name, MOST_COLUMNS))

    def parts(self, name: str, most: int) -> list[_Part]:
        return [_Part(one) for one in self._list(name, most)]

    def _list(self, name: str, most: int) -> list[object]:
        found = self._value[name]
        if not isinstance(found, list) or len(found) > most:
            raise ValueError
        return found


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError
    return value.strip()


def _table(sheet: _Part) -> DecisionTable:
    inputs = tuple(
        Input(one.text("id"), one.text("label"), one.text("expression"), one.text("type"), one.text("values"))
        for one in sheet.parts("inputs", MOST_COLUMNS)
    )
    outputs = tuple(
        Output(
            one.text("id"), one.text("name"), one.text("label"), one.text("type"), one.text("values"),
            one.text("default"),
        )
        for one in sheet.parts("outputs", MOST_COLUMNS)
    )  # fmt: skip
    rules = tuple(
        _rule(index, row, len(inputs), len(outputs))
        for index, row in enumerate(sheet.parts("rows", MOST_ROWS), start=1)
    )
    return DecisionTable(
        id="", name=DECISION, hit_policy=HitPolicy(sheet.text("policy")), inputs=inputs, outputs=outputs,
        rules=rules, annotations=sheet.texts("notes"),
    )  # fmt: skip


def _rule(index: int, row: _Part, inputs: int, outputs: int) -> Rule:
    cells = row.texts("cells")
    if len(cells) != inputs + outputs:
        raise ValueError
    return Rule(index, row.text("id"), cells[:inputs], cells[inputs:], row.texts("notes"))
