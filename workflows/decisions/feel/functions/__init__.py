"""FEEL's built-in functions, one module a kind of value.

Reference  DMN 1.5 §10.3.4, tables 72 to 84
"""

from collections.abc import Mapping

from workflows.decisions.feel.functions import (
    aggregates,
    contexts,
    conversion,
    lists,
    numbers,
    ranges,
    sorting,
    strings,
    temporal,
)
from workflows.decisions.feel.values import Function

BUILTINS: Mapping[str, Function] = {
    function.name: function
    for module in (conversion, strings, numbers, lists, sorting, aggregates, contexts, ranges, temporal)
    for function in module.FUNCTIONS
}

__all__ = ["BUILTINS"]
