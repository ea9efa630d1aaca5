"""From what a table answers to what is to be done. Pure: knows no rows of ours, asks nobody.

A routing table is a DMN decision named `Route series`. Its outputs are columns of these names, any of them:

destination   key of a destination, or of a group of equal ones
deidentify    profile and options, such as "basic" or "basic, uids, key research"
coerce        a context of attribute keywords and values, such as {InstitutionName: "Research"}
compress      jpeg-ls, jpeg-2000, rle or htj2k; always lossless
priors        how many earlier studies of the patient go to the destination too
template      key of a post-processing template to run
process       key of a process to start
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from archive.studies.fact_catalogue import BY_NAME
from archive.studies.facts import context_of
from common.errors import InvalidInput, NotFound, ServiceError
from integrations.routing.transforms.catalogue import COMPRESSIONS, check_coercion
from integrations.routing.transforms.deidentification import check_deidentification
from workflows.decisions import DecisionModel, MatchedRow, Outcome, load_decisions

DECISION = "Route series"
OUTPUTS = ("destination", "deidentify", "coerce", "compress", "priors", "template", "process")
MOST_PRIORS = 20
_LITERAL = re.compile(r'\s*"([a-z0-9_-]+)"\s*')


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to be done with a series. `rows` are the rows of the table that ask for it, from 1."""

    rows: tuple[int, ...]
    destination: str = ""
    transforms: tuple[dict[str, Any], ...] = ()
    priors: int = 0
    template: str = ""
    process: str = ""

    def as_json(self) -> dict[str, Any]:
        """What there is to say of it."""
        said = {
            "rows": list(self.rows),
            "destination": self.destination,
            "transforms": list(self.transforms),
            "priors": self.priors,
            "template": self.template,
            "process": self.process,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a table says of one series: rows that matched, what to do, and what could not be understood."""

    matched: list[dict[str, Any]] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def aims(self) -> set[str]:
        """What is to be done, one text each, for comparing two verdicts."""
        return {_aim(action) for action in self.actions}


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


def destinations_written(model: DecisionModel) -> dict[str, str]:
    """The destinations a table names as plain texts, each with the place where it stands."""
    table = model.decision(DECISION).table
    if table is None:
        return {}
    named: dict[str, str] = {}
    for column, output in enumerate(table.outputs):
        if output.name not in ("destination", ""):
            continue
        for rule in table.rules:
            found = _LITERAL.fullmatch(rule.outputs[column])
            if found:
                named.setdefault(found[1], f"row {rule.index}, column destination")
    return named


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
            action = _action(answer, rows)
        except InvalidInput as error:
            problems.append({"code": error.code, "detail": error.message[:200], "rows": list(rows)})
            continue
        if action.as_json().keys() - {"rows"}:
            actions.append(action)
    return Verdict(matched, _together(actions), problems)


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
        names = [output.name or "destination" for output in table.outputs]
        return [(dict(zip(names, row.outputs, strict=True)), (row.index,)) for row in outcome.matched]
    values = outcome.value if isinstance(outcome.value, list | tuple) else [outcome.value]
    return [(value if isinstance(value, Mapping) else {"destination": value}, ()) for value in values]


def _action(answer: Mapping[str, Any], rows: tuple[int, ...]) -> Action:
    unknown = sorted(set(answer) - set(OUTPUTS))
    if unknown:
        raise InvalidInput(
            _("The table has an output nobody knows: %(name)s") % {"name": unknown[0]},
            code="OUTPUT_UNKNOWN",
        )
    destination = _text(answer, "destination")
    transforms = _transforms(answer)
    priors = _priors(answer.get("priors"))
    if not destination and (transforms or priors):
        raise InvalidInput(_("The row names no destination for what it asks."), code="DESTINATION_MISSING")
    return Action(
        rows, destination, tuple(transforms), priors, _text(answer, "template"), _text(answer, "process")
    )


def _transforms(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is done to the objects, in the order it is done: a compressed object is not changed any more."""
    steps: list[dict[str, Any]] = []
    deidentify, coerce, compress = (answer.get(name) for name in ("deidentify", "coerce", "compress"))
    if deidentify:
        steps.append(check_deidentification(deidentify))
    if coerce:
        steps.append({"do": "coerce", "values": check_coercion(coerce)})
    if compress:
        if compress not in COMPRESSIONS:
            raise InvalidInput(
                _("There is no compression named %(name)s") % {"name": compress},
                code="COMPRESSION_UNKNOWN",
            )
        steps.append({"do": "compress", "to": str(compress)})
    return steps


def _priors(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, Decimal | int) or isinstance(value, bool) or not 0 <= value <= MOST_PRIORS:
        raise InvalidInput(
            _("Priors are a number from 0 to %(most)s") % {"most": MOST_PRIORS},
            code="BAD_PRIORS",
        )
    return int(value)


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(_("The output %(name)s is not a text") % {"name": name}, code="BAD_OUTPUT")
    return value.strip()


def _together(actions: Sequence[Action]) -> list[Action]:
    """Equal wishes of several rows are one; of two ways to the same destination the first row's counts."""
    kept: dict[str, Action] = {}
    for action in actions:
        key = action.destination or _aim(action)
        known = kept.get(key)
        if known is None:
            kept[key] = action
        elif _aim(known) == _aim(action):
            kept[key] = Action(
                (*known.rows, *action.rows), known.destination, known.transforms, known.priors,
                known.template, known.process,
            )  # fmt: skip
        else:
            kept[key] = Action(
                (*known.rows, *action.rows), known.destination, known.transforms,
                max(known.priors, action.priors), known.template or action.template,
                known.process or action.process,
            )  # fmt: skip
    return list(kept.values())


def _aim(action: Action) -> str:
    said = {name: value for name, value in action.as_json().items() if name != "rows"}
    return repr(sorted(said.items()))


def _plain(value: Any) -> Any:
    """A value of an expression as JSON keeps it."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)
