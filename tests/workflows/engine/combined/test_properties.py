"""Processes drawn by lot go on as BPMN 2.0.2 §13 has it, whether they are restored after every step or not.

The engine is compared with an interpreter that knows nothing of it, after every step: what is open, in which instance
of which scope, and whether the process has ended. Each may be deployed, too. What these blocks do not draw (calls, data
objects, conditional events, compensation of one activity) is in `test_combinations`.
"""

from __future__ import annotations

from random import Random

import pytest

from tests.workflows.conftest import FORM
from tests.workflows.engine.combined.comparing import compare
from tests.workflows.engine.combined.generating import Lot
from tests.workflows.engine.combined.sketch import draw
from workflows.checks import check_bundle

SMALL, LARGE = 5, 14


@pytest.mark.parametrize(
    ("first", "count", "budget"),
    [(0, 60, SMALL), (1000, 25, LARGE)],
    ids=["small ones", "large ones"],
)
def test_a_process_drawn_by_lot_goes_on_as_the_standard_has_it(first, count, budget):
    for seed in range(first, first + count):
        process = Lot(Random(seed), budget).process()  # noqa: S311 - repeatable, not secret
        assert check_bundle({"sample.bpmn": draw(process), "forms/do.json": FORM}) == [], seed

        straight, restored = (
            compare(process, Random(seed), is_restored=is_restored)  # noqa: S311
            for is_restored in (False, True)
        )

        assert straight.happened == restored.happened, seed
