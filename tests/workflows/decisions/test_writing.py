"""A table that was changed goes back into its file, and decides as it reads."""

from dataclasses import replace
from decimal import Decimal

import pytest

from common.errors import InvalidInput
from tests.workflows.decisions.conftest import literal, table
from workflows.decisions import HitPolicy, Rule, load_decisions, read_table, write_table

FILE = table(
    [(["> 5"], ['"high"']), (["> 3"], ['"middle"'])], policy="FIRST", outputs=[("out", '"high", "middle"')]
)


def test_a_table_written_back_reads_the_same(shared_data):
    for path in sorted((shared_data / "dmn").glob("tck_level2/*simpletable*/*.dmn")):
        xml = path.read_bytes()
        (name,) = load_decisions(xml).tables
        before = read_table(xml, name)

        after = read_table(write_table(before, into=xml, decision=name), name)

        assert replace(after, id=before.id) == before


def test_a_changed_table_decides_by_what_was_changed():
    before = read_table(FILE, "it")
    row = Rule(index=1, id="", inputs=("< 0",), outputs=('"negative & <cold>"',), annotations=("why\x00",))
    changed = replace(
        before, hit_policy=HitPolicy.COLLECT_COUNT, annotations=("Why",), rules=(row, *before.rules)
    )

    xml = write_table(changed, into=FILE, decision="it")

    assert load_decisions(xml).decide("it", {"x": -1}).value == Decimal(1)
    first = replace(changed, hit_policy=HitPolicy.FIRST)
    outcome = load_decisions(write_table(first, into=xml, decision="it")).decide("it", {"x": -1})
    assert outcome.value == "negative & <cold>"
    assert outcome.matched[0].annotations == ("why",)
    assert outcome.matched[0].rule_id != ""


def test_a_broken_table_can_be_read_to_be_mended():
    broken = table([(["<"], ['"a'])])

    assert read_table(broken, "it").rules[0].inputs == ("<",)


def test_there_must_be_a_table_to_write_over():
    with pytest.raises(InvalidInput):
        write_table(read_table(FILE, "it"), into=literal("1"), decision="it")
