"""The DMN Technology Compatibility Kit, as far as the shared data holds it: levels 2 and 3, nothing left out."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from common.errors import ServiceError
from tests.workflows.decisions.tck import Case, cases, is_as_expected
from workflows.decisions import load_decisions


def outcome(case: Case) -> str:
    try:
        decided = load_decisions(case.model.read_bytes()).decide(case.decision, case.inputs)
    except ServiceError as error:
        return f"refused: {error.message}"
    return "passed" if is_as_expected(decided.value, case.expected) else f"wrong: {decided.errors}"


def table(counts: dict[tuple[str, str], Counter[str]]) -> str:
    lines = [f"{'level':<12} {'model':<44} {'passed':>6} {'of':>4}"]
    for (level, model), counted in sorted(counts.items()):
        lines.append(f"{level:<12} {model:<44} {counted['passed']:>6} {counted.total():>4}")
    for level in sorted({level for level, _model in counts}):
        of_level = sum((one for (name, _model), one in counts.items() if name == level), Counter[str]())
        rate = 100 * of_level["passed"] / of_level.total()
        lines.append(f"{level:<12} {'all':<44} {of_level['passed']:>6} {of_level.total():>4} {rate:6.1f} %")
    return "\n".join(lines)


def test_every_result_of_levels_2_and_3_is_as_the_kit_expects(
    shared_data: Path, capsys: pytest.CaptureFixture[str]
):
    counts: dict[tuple[str, str], Counter[str]] = {}
    failures: dict[str, str] = {}
    for case in cases(shared_data / "dmn"):
        result = outcome(case)
        counts.setdefault((case.level, case.model.stem), Counter())[result.partition(":")[0]] += 1
        if result != "passed":
            failures[case.id] = result
    with capsys.disabled():
        print(f"\n{table(counts)}")  # noqa: T201 - the table is what this test is for

    assert len(counts) == 28
    assert failures == {}


def test_the_comparison_tells_kinds_and_lengths_apart():
    one = Decimal(1)

    assert is_as_expected(Decimal("1.000000001"), one)
    assert not is_as_expected(Decimal("1.0000001"), one)
    assert not is_as_expected("1", one)
    assert not is_as_expected(None, one)
    assert not is_as_expected([one], [one, one])
    assert not is_as_expected({"a": one}, {"b": one})
