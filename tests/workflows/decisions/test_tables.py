"""Hit policies and cells of decision tables (DMN 1.5 §8.2)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.decisions.conftest import table
from workflows.decisions import HitPolicy, load_decisions

D = Decimal
OVERLAPPING = [(["> 5"], ['"high"']), (["> 3"], ['"middle"']), (["> 9"], ['"top"'])]
RANKED = [("out", '"top", "middle", "high"')]
NUMBERS = [(["> 5"], ["10"]), (["> 3"], ["30"]), (["> 9"], ["20"])]


def decided(xml, **facts):
    return load_decisions(xml).decide("it", facts)


@pytest.mark.parametrize(
    ("policy", "value", "rows"),
    [
        ("FIRST", "high", [1]),
        ("PRIORITY", "top", [3]),
        ("RULE ORDER", ["high", "middle", "top"], [1, 2, 3]),
        ("OUTPUT ORDER", ["top", "middle", "high"], [3, 2, 1]),
        ("COLLECT", ["high", "middle", "top"], [1, 2, 3]),
        ("UNIQUE", None, [1, 2, 3]),
        ("ANY", None, [1, 2, 3]),
    ],
)
def test_what_several_matching_rows_amount_to_is_the_policys_word(policy, value, rows):
    outcome = decided(table(OVERLAPPING, policy=policy, outputs=RANKED), x=10)

    assert outcome.value == value
    assert [row.index for row in outcome.matched] == rows


@pytest.mark.parametrize(
    ("aggregation", "value", "of_none"),
    [("SUM", D(60), None), ("MIN", D(10), None), ("MAX", D(30), None), ("COUNT", D(3), D(0))],
)
def test_collect_aggregates_as_its_sign_says(aggregation, value, of_none):
    xml = table(NUMBERS, policy="COLLECT", aggregation=aggregation)

    assert decided(xml, x=10).value == value
    assert decided(xml, x=1).value == of_none


def test_any_is_content_with_rows_that_agree():
    xml = table([(["> 5"], ['"a"']), (["> 3"], ['"a"'])], policy="ANY")

    assert decided(xml, x=10).value == "a"


@pytest.mark.parametrize(
    ("policy", "value"), [("UNIQUE", None), ("FIRST", None), ("COLLECT", []), ("RULE ORDER", [])]
)
def test_no_row_gives_nothing_or_the_default(policy, value):
    assert decided(table(OVERLAPPING, policy=policy), x=0).value == value
    with_default = decided(table(OVERLAPPING, policy=policy, default='"none"'), x=0).value
    assert with_default in ("none", ["none"])
    assert isinstance(with_default, list) is (value == [])


def test_several_outputs_make_a_context_and_an_empty_cell_is_null():
    xml = table([(["-"], ['"pacs"', ""])], outputs=[("to", ""), ("how", "")])

    assert decided(xml, x=1).value == {"to": "pacs", "how": None}


def test_a_matched_row_carries_its_id_annotation_and_the_values_asked():
    outcome = decided(table(OVERLAPPING, policy="FIRST"), x=4)

    row = outcome.matched[0]
    assert (row.index, row.rule_id, row.annotations) == (2, "r2", ("because 2",))
    assert row.inputs == {"x": D(4)}
    assert outcome.table == "it"


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ('"CT","MR"', "MR", True),
        ('not("CT","MR")', "US", True),
        ('not("CT","MR")', "CT", False),
        ("-", None, True),
        ("null", None, True),
        ("not(null)", None, False),
        ('contains(?, "THIN")', "CHEST THIN", True),
        ('starts with(?, "T")', "CHEST", False),
        ("[1..2], > 5", 7, True),
        ("< 1.25", 1.25, False),
        ("<= 1.25", 1.25, True),
        ("> 5", None, False),
        ("true", True, True),
        ("false", True, False),
        ("[1..5)", "a", False),
        ('list contains(?, "AXIAL")', ["ORIGINAL", "AXIAL"], True),
        ('date("2020-01-01")', "2020-01-01", False),
    ],
)
def test_a_cell_accepts_what_it_says(cell, value, matches):
    xml = table([([cell], ['"yes"'])], inputs=[("x", "")])

    assert (decided(xml, x=value).value == "yes") is matches


@given(
    low=st.integers(-50, 50),
    size=st.integers(0, 50),
    value=st.integers(-120, 120),
    brackets=st.sampled_from(["[]", "()", "[)", "(]", "][", "[[", "]]"]),
)
def test_a_range_holds_what_its_brackets_say(low, size, value, brackets):
    high = low + size
    cell = f"{brackets[0]}{low}..{high}{brackets[1]}"
    expected = (value > low or (value == low and brackets[0] == "[")) and (
        value < high or (value == high and brackets[1] == "]")
    )

    outcome = decided(table([([cell], ['"in"'])]), x=value)

    assert (outcome.value == "in") is expected


@given(bounds=st.lists(st.integers(0, 30), min_size=1, max_size=6), value=st.integers(0, 35))
def test_policies_agree_on_which_rows_match(bounds, value):
    rules = [([f">= {bound}"], [str(number)]) for number, bound in enumerate(bounds)]
    matching = [D(number) for number, bound in enumerate(bounds) if value >= bound]

    collected = decided(table(rules, policy="COLLECT"), x=value).value
    assert collected == matching
    assert decided(table(rules, policy="FIRST"), x=value).value == (matching[0] if matching else None)
    assert decided(table(rules, policy="RULE ORDER"), x=value).value == matching
    assert decided(table(rules, policy="COLLECT", aggregation="COUNT"), x=value).value == len(matching)
    unique = decided(table(rules, policy="UNIQUE"), x=value)
    assert unique.value == (matching[0] if len(matching) == 1 else None)
    assert bool(unique.errors) is (len(matching) > 1)


def test_a_value_outside_the_allowed_ones_is_not_decided_upon():
    xml = table([(["-"], ['"yes"'])]).replace(
        b"</inputExpression>", b"</inputExpression><inputValues><text>[0..10]</text></inputValues>"
    )

    assert decided(xml, x=10).value == "yes"
    outcome = decided(xml, x=11)
    assert outcome.value is None
    assert outcome.errors == ("The input x has a value that the table does not allow.",)


def test_every_policy_has_the_letter_authors_know():
    assert "".join(policy.value for policy in HitPolicy) == "UAPFROCC+C<C>C#"
