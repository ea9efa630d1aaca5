"""A routing table, and what it answers of a series: a DMN decision named `Route series`. Pure: asks nobody.

What its outputs may be is in `actions`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from archive.studies.fact_catalogue import BY_NAME
from archive.studies.facts import context_of
from common.errors import InvalidInput, NotFound, ServiceError
from integrations.routing.actions import DESTINATION, OUTPUTS, Action, Verdict, action_of, together
from workflows.decisions import DecisionModel, MatchedRow, Outcome, load_decisions

DECISION = "Route series"
_TEXT = re.compile(r'\s*"([^"]*)"\s*')


def load_table(xml: str) -> DecisionModel:
    """The table, ready to be asked.

    Raises  InvalidInput with what is wrong where, also if there is no decision `Route series`.
    """
    model = load_decisions(xml.encode(), facts=BY_NAME)
    try:
        table = model.decision(DECISION).table
    except NotFound as error:
        raise InvalidInput(
            _('The file holds no decision named "%(decision)s".') % {"decision": DECISION}, code="NO_ROUTING_DECISION",
            fields={"xml": _('A decision named "%(decision)s" is needed.') % {"decision": DECISION}},
        ) from error  # fmt: skip
    for output in table.outputs if table is not None else ():
        if output.name and output.name not in OUTPUTS:
            problem = _("Outputs are named %(names)s.") % {"names": ", ".join(OUTPUTS)}
            raise InvalidInput(problem, code="OUTPUT_UNKNOWN", fields={f"column {output.name}": problem})
    return model


def texts_written(model: DecisionModel, column: str) -> list[tuple[str, str]]:
    """What a table writes as plain texts into a column of outputs: each with the place where it stands.

    A cell that computes its text is asked when a series comes, and told of then.
    """
    table = model.decision(DECISION).table
    if table is None:
        return []
    written = []
    for at, output in enumerate(table.outputs):
        if (output.name or DESTINATION) != column:
            continue
        cells = [(f"row {rule.index}, column {column}", rule.outputs[at]) for rule in table.rules]
        for place, cell in [*cells, (f"column {column}", output.default)]:
            if found := _TEXT.fullmatch(cell):
                written.append((place, found[1].strip()))
    return written


def ask(model: DecisionModel, facts: Mapping[str, Any]) -> Verdict:
    """What the table says of a series with these facts. A table that fails on them says so among the problems."""
    try:
        outcome = model.decide(DECISION, context_of(facts))
    except ServiceError as error:
        return Verdict(problems=[{"code": error.code, "detail": error.message[:200]}])
    matched = [_shown(row) for row in outcome.matched]
    if outcome.value is None and outcome.errors:
        return Verdict(matched, problems=[{"code": "TABLE_FAILED", "detail": outcome.errors[0][:200]}])
    actions: list[Action] = []
    problems: list[dict[str, Any]] = []
    for answer, rows in _answers(model, outcome):
        try:
            action = action_of(answer, rows)
        except InvalidInput as error:
            problems.append({"code": error.code, "detail": error.message[:200], "rows": list(rows)})
            continue
        if not action.is_empty:
            actions.append(action)
    return Verdict(matched, together(actions), problems)


def _shown(row: MatchedRow) -> dict[str, Any]:
    return {
        "row": row.index,
        "rule_id": row.rule_id,
        "annotations": list(row.annotations),
        "inputs": {name: _plain(value) for name, value in row.inputs.items()},
    }


def _answers(model: DecisionModel, outcome: Outcome) -> list[tuple[Mapping[str, Any], tuple[int, ...]]]:
    """What each row that counts puts out; without rows (defaults, or no table at all) the value itself."""
    table = model.decision(DECISION).table
    if outcome.value is None:
        return []
    if table is not None and outcome.matched and not table.hit_policy.aggregates:
        names = [output.name or DESTINATION for output in table.outputs]
        return [(dict(zip(names, row.outputs, strict=True)), (row.index,)) for row in outcome.matched]
    values = outcome.value if isinstance(outcome.value, list | tuple) else [outcome.value]
    return [(value if isinstance(value, Mapping) else {"destination": value}, ()) for value in values]


def _plain(value: Any) -> Any:
    """A value of an expression as JSON keeps it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
