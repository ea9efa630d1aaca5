"""`sort`: by a function that tells which of two items comes first.

Reference  DMN 1.5 §10.3.4.6, table 77
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

from django.utils.translation import gettext as _

from workflows.decisions.feel.access import invoke
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.arguments import as_function, as_list
from workflows.decisions.feel.values import Function, Value, compare
from workflows.decisions.limits import Run


def _sorted(run: Run, values: Sequence[Value]) -> list[Value]:
    items, precedes = as_list(values[0]), values[1]
    if precedes is None:
        return sorted(items, key=cmp_to_key(_natural))
    first = as_function(precedes)

    def order(left: Value, right: Value) -> int:
        if invoke(run, first, [left, right]) is True:
            return -1
        return 1 if invoke(run, first, [right, left]) is True else 0

    return sorted(items, key=cmp_to_key(order))


def _natural(left: Value, right: Value) -> int:
    order = compare(left, right)
    if order is None:
        raise FeelError(_("its items have no order"))
    return order


FUNCTIONS = [Function("sort", ("list", "precedes"), _sorted, 1)]
