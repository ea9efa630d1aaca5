"""Hit policies: from the outputs of the rules that matched to the value of the table.

Reference  DMN 1.5 §8.2.10, §8.2.11, tables 31 and 32
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import reduce

from django.utils.translation import gettext as _

from workflows.decisions.feel.arithmetic import calculate
from workflows.decisions.feel.errors import FeelError
from workflows.decisions.feel.functions.aggregates import extreme
from workflows.decisions.feel.values import Value, equal
from workflows.decisions.limits import Run


class HitPolicy(Enum):
    """The letter authors know each policy by."""

    UNIQUE = "U"
    ANY = "A"
    PRIORITY = "P"
    FIRST = "F"
    RULE_ORDER = "R"
    OUTPUT_ORDER = "O"
    COLLECT = "C"
    COLLECT_SUM = "C+"
    COLLECT_MIN = "C<"
    COLLECT_MAX = "C>"
    COLLECT_COUNT = "C#"

    @property
    def is_single(self) -> bool:
        """Whether one rule's output is the value."""
        return self in SINGLE

    @property
    def ranks_outputs(self) -> bool:
        """Whether the order of the output values decides."""
        return self in {HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER}

    @property
    def aggregates(self) -> bool:
        return len(self.value) == 2


SINGLE = frozenset({HitPolicy.UNIQUE, HitPolicy.ANY, HitPolicy.PRIORITY, HitPolicy.FIRST})
AGGREGATIONS = {
    "SUM": HitPolicy.COLLECT_SUM,
    "MIN": HitPolicy.COLLECT_MIN,
    "MAX": HitPolicy.COLLECT_MAX,
    "COUNT": HitPolicy.COLLECT_COUNT,
}


def hit_policy_of(policy: str, aggregation: str) -> HitPolicy | None:
    """The policy that the two attributes of a table name, None for one there is not."""
    name = (policy or "UNIQUE").strip().upper().replace(" ", "_")
    if name == "COLLECT" and aggregation:
        return AGGREGATIONS.get(aggregation.strip().upper())
    found = HitPolicy.__members__.get(name)
    return None if found is None or found.aggregates else found


@dataclass(frozen=True, slots=True)
class Hits:
    """What the matching rules put out, in the order of the rules."""

    names: tuple[str, ...]
    outputs: tuple[tuple[Value, ...], ...]
    defaults: tuple[Value, ...]
    has_defaults: bool
    priorities: tuple[list[Value] | None, ...]

    def shaped(self, outputs: tuple[Value, ...]) -> Value:
        """One column's output as it is, several as a context."""
        return outputs[0] if len(self.names) == 1 else dict(zip(self.names, outputs, strict=True))

    def ranked(self) -> list[int]:
        """The hits, those whose outputs stand earlier among the output values first."""
        return sorted(range(len(self.outputs)), key=lambda hit: self._rank(self.outputs[hit]))

    def _rank(self, outputs: tuple[Value, ...]) -> tuple[int, ...]:
        return tuple(
            next((place for place, value in enumerate(order) if equal(value, output)), len(order))
            for output, order in zip(outputs, self.priorities, strict=True)
            if order is not None
        )


def resolve(policy: HitPolicy, hits: Hits, run: Run) -> tuple[Value, tuple[int, ...]]:
    """The table's value, and which of the hits it comes from: those that clash where it has none."""
    if not hits.outputs:
        return _of_none(policy, hits), ()
    every = tuple(range(len(hits.outputs)))
    if policy.is_single:
        chosen = _single(policy, hits, run)
        return (None, every) if chosen is None else (hits.shaped(hits.outputs[chosen]), (chosen,))
    if policy.aggregates:
        return _aggregate(policy, [outputs[0] for outputs in hits.outputs], run), every
    order = tuple(hits.ranked()) if policy is HitPolicy.OUTPUT_ORDER else every
    return [hits.shaped(hits.outputs[hit]) for hit in order], order


def _of_none(policy: HitPolicy, hits: Hits) -> Value:
    if hits.has_defaults:
        value = hits.shaped(hits.defaults)
        return value if policy.is_single or policy.aggregates else [value]
    if policy is HitPolicy.COLLECT_COUNT:
        return Decimal(0)
    return None if policy.is_single or policy.aggregates else []


def _single(policy: HitPolicy, hits: Hits, run: Run) -> int | None:
    outputs = hits.outputs
    if policy is HitPolicy.UNIQUE and len(outputs) > 1:
        run.fail(_("%(count)s rules match where the hit policy allows one.") % {"count": len(outputs)})
        return None
    if policy is HitPolicy.ANY and any(not _same(outputs[0], other) for other in outputs[1:]):
        run.fail(_("Rules match with different outputs where the hit policy wants them equal."))
        return None
    return hits.ranked()[0] if policy is HitPolicy.PRIORITY else 0


def _same(left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    return all(equal(one, other) is True for one, other in zip(left, right, strict=True))


def _sum(values: Sequence[Value]) -> Value:
    return reduce(lambda total, value: calculate("+", total, value), values)


AGGREGATES: Mapping[HitPolicy, Callable[[Sequence[Value]], Value]] = {
    HitPolicy.COLLECT_SUM: _sum,
    HitPolicy.COLLECT_MIN: lambda values: extreme(list(values), largest=False),
    HitPolicy.COLLECT_MAX: lambda values: extreme(list(values), largest=True),
    HitPolicy.COLLECT_COUNT: lambda values: Decimal(len(values)),
}


def _aggregate(policy: HitPolicy, values: Sequence[Value], run: Run) -> Value:
    try:
        return AGGREGATES[policy](values)
    except FeelError:
        return run.fail(_("The outputs cannot be aggregated as the hit policy says."))
