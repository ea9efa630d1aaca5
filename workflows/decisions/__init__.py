"""Decisions: DMN files read, checked and asked. Pure Python; it knows no rows and no patients.

    model = load_decisions(xml, facts={"Modality", "SliceSpacing"})
    outcome = model.decide("Routing", {"Modality": "CT", "SliceSpacing": 0.8})
    outcome.value, [row.index for row in outcome.matched]

Conformance is to level 3 of DMN 1.5 as far as docs/decisions/0009 tells.
"""

from workflows.decisions.hits import HitPolicy
from workflows.decisions.limits import DecisionTooCostly, Limits
from workflows.decisions.model import Decision, DecisionModel, Outcome
from workflows.decisions.problems import Problem
from workflows.decisions.services import check_decisions, load_decisions, read_table, text_of_value
from workflows.decisions.tables import DecisionTable, Input, MatchedRow, Output, Rule
from workflows.decisions.writing import write_table

__all__ = [
    "Decision",
    "DecisionModel",
    "DecisionTable",
    "DecisionTooCostly",
    "HitPolicy",
    "Input",
    "Limits",
    "MatchedRow",
    "Outcome",
    "Output",
    "Problem",
    "Rule",
    "check_decisions",
    "load_decisions",
    "read_table",
    "text_of_value",
    "write_table",
]
