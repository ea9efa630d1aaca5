"""What is wrong with a table is said at its cell, before the table is used."""

from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import trans_real

from common.errors import InvalidInput
from tests.workflows.decisions.conftest import decision_file, literal, table
from workflows.decisions import check_decisions, load_decisions

FACTS = ("Modality", "SpacingMm")


def problems(xml, facts=FACTS):
    return {problem.where: problem.message for problem in check_decisions(xml, facts=facts)}


def test_each_wrong_cell_is_named_by_row_and_column():
    xml = table(
        [(['"CT"', "< 1"], ['"a"']), (['"MR', "<"], ['"b" +'])],
        inputs=[("Modality", "string"), ("SpacingMm", "number")],
    )

    with pytest.raises(InvalidInput) as refusal:
        load_decisions(xml, facts=FACTS)

    assert refusal.value.fields == {
        "row 2, column Modality": "A text begins with a quotation mark and does not end with one.",
        "row 2, column SpacingMm": "The expression ends where a value should follow.",
        "row 2, column out": "The expression ends where a value should follow.",
    }


def test_a_problem_knows_its_cell_for_the_page():
    xml = table([(["1"], ['"a"']), (["-"], ["]"])], inputs=[("SpacingMm", "number")])

    (problem,) = check_decisions(xml, facts=FACTS)

    assert (problem.table, problem.row, problem.column, problem.element_id) == ("it", 2, 1, "r2")


def test_an_unknown_name_is_refused_with_the_nearest_or_a_hint_at_quotation_marks():
    xml = table([(["CT"], ['"a"'])], inputs=[("Modalty", "string")])

    assert problems(xml) == {
        "expression of column Modalty": "There is no value named “Modalty”. Did you mean “Modality”?",
        "row 1, column Modalty": 'There is no value named “CT”. A text stands in quotation marks: "CT".',
    }


def test_a_literal_of_another_kind_than_its_column_is_refused():
    xml = table([(['"thin"'], ['"a"'])], inputs=[("SpacingMm", "number")])

    assert problems(xml) == {"row 1, column SpacingMm": "The column holds a number, and this is a string."}


@pytest.mark.parametrize(
    ("xml", "sentence"),
    [
        (table([(["-"], ["1"])], policy="PRIORITY"),
         "This hit policy ranks outputs: list the output values, the most important first."),
        (table([(["-"], ["1"])], policy="BEST"), "There is no such hit policy."),
        (table([(["-"], ["1", "2"])], policy="COLLECT", aggregation="SUM", outputs=[("a", ""), ("b", "")]),
         "A hit policy that aggregates needs a table of one output column."),
        (decision_file('<decision id="a" name="a"/>'), "There is no expression."),
        (literal("function(x) external {java: 1}"), "Functions written outside FEEL are not run here."),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused_with_its_reason(xml, sentence):
    assert sentence in problems(xml, facts=None).values()


def test_decisions_in_a_circle_are_refused():
    one = '<decision id="{0}" name="{0}"><informationRequirement><requiredDecision href="#{1}"/>'
    body = "".join(
        one.format(*pair)
        + "</informationRequirement><literalExpression><text>1</text></literalExpression></decision>"
        for pair in ("ab", "ba")
    )

    with pytest.raises(InvalidInput) as refusal:
        load_decisions(decision_file(body))

    assert refusal.value.code == "DECISION_CIRCLE"


def test_the_same_file_is_compiled_once():
    xml = literal("1 + 1")

    assert load_decisions(xml) is load_decisions(xml)
    assert load_decisions(xml, facts=FACTS) is not load_decisions(xml)


def test_problems_are_told_in_the_language_of_whoever_asks(monkeypatch):
    """A sentence passes through the catalogue at the moment it is told, and its values are put in afterwards."""
    catalogue: Any = trans_real.translation("zh-hans")
    words = catalogue._catalog._catalogs[0]
    monkeypatch.setitem(words, "The expression ends where %(wanted)s should follow.", "此处缺少%(wanted)s。")
    monkeypatch.setitem(words, "a value", "值")
    xml = table([(["<"], ['"a"'])], inputs=[("SpacingMm", "number")])

    with translation.override("zh-hans"):
        assert problems(xml) == {"row 1, column SpacingMm": "此处缺少值。"}
    with translation.override("en"):
        assert problems(xml) == {
            "row 1, column SpacingMm": "The expression ends where a value should follow."
        }
