"""What is wrong with a routing table, each problem at its cell."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Site
from archive.studies.fact_catalogue import BY_NAME
from common.errors import InvalidInput
from integrations.routing.rules import DECISION
from integrations.routing.services import check_table
from workflows.decisions import Problem, check_decisions, read_table

CELL = re.compile(r"row (\d+), column (.+)")
COLUMN = re.compile(r"column (.+)")
_PLACES: dict[str, Any] = {"the file": gettext_lazy("the file"), "the table": gettext_lazy("the table")}


def problems_of(xml: str, *, site: Site | None) -> list[dict[str, Any]]:
    """Everything that keeps the table from being published: `where`, `message`, and `row` and `column` of the cell.

    Rows count from 1; columns are inputs, then outputs, from 0.
    """
    try:
        found = check_decisions(xml.encode(), facts=BY_NAME)
    except InvalidInput as refusal:
        return [_shown(Problem("the file", refusal.message))]
    if not found:
        found = _unpublishable(xml, site)
    return [_shown(problem) for problem in found]


def _unpublishable(xml: str, site: Site | None) -> list[Problem]:
    """What is well written and yet cannot be used: unknown destinations, outputs nobody reads."""
    try:
        check_table(xml, site=site)
    except InvalidInput as refusal:
        columns = _columns(xml)
        fields = refusal.fields or {"the table": refusal.message}
        return [_located(where, message, columns) for where, message in fields.items()]
    return []


def _columns(xml: str) -> dict[str, int]:
    """Columns by label and by name."""
    table = read_table(xml.encode(), DECISION)
    labels = [one.label for one in table.inputs] + [one.label for one in table.outputs]
    found = {label: column for column, label in enumerate(labels)}
    return found | {
        one.name or "destination": len(table.inputs) + column for column, one in enumerate(table.outputs)
    }


def _located(where: str, message: str, columns: dict[str, int]) -> Problem:
    if cell := CELL.fullmatch(where):
        return Problem(where, message, row=int(cell[1]), column=columns.get(cell[2]))
    column = COLUMN.fullmatch(where)
    return Problem(where, message, column=columns.get(column[1]) if column else None)


def _place(where: str) -> str:
    """A place in the person's language; `row` and `column` beside it tell machines."""
    if cell := CELL.fullmatch(where):
        return _("row %(row)s, column %(column)s") % {"row": cell[1], "column": cell[2]}
    if column := COLUMN.fullmatch(where):
        return _("column %(column)s") % {"column": column[1]}
    return str(_PLACES.get(where, where))


def _shown(problem: Problem) -> dict[str, Any]:
    return {
        "where": _place(problem.where), "message": problem.message, "row": problem.row, "column": problem.column,
    }  # fmt: skip
