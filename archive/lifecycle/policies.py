"""Which tier a series belongs on and for how long it is kept: rules matched against facts, nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What rules may ask of a series. `is_thin_slice` is None as long as it was not judged."""

    site_id: int | None
    modality: str
    is_thin_slice: bool | None
    is_derived: bool
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the bytes of a series belong, by which rule, and when that may change by age alone."""

    tier: str
    copies: int
    rule: str
    changes_at: dt.datetime | None


class Rule(Protocol):
    name: str
    site_id: int | None
    modality: str
    is_thin_slice: bool | None
    is_derived: bool | None


class AgedRule(Rule, Protocol):
    older_than_days: int
    tier: str
    copies: int


def place(
    facts: SeriesFacts, rules: Sequence[AgedRule], *, now: dt.datetime, otherwise: str, routed: str = ""
) -> Placement:
    """The placement by the first rule that fits; one copy on the tier `otherwise` where none does.

    A series that routing placed lies on the tier `routed` until a rule of age says otherwise; in how many
    copies is for the rules to say.
    """
    fitting = [rule for rule in rules if fits(rule, facts)]
    becomes_due = [facts.received_at + rule.older_than_days * DAY for rule in fitting]
    later = min((moment for moment in becomes_due if moment > now), default=None)
    for rule, moment in zip(fitting, becomes_due, strict=True):
        if moment <= now:
            tier = routed if routed and not rule.older_than_days else str(rule.tier)
            return Placement(tier, rule.copies, rule.name, later)
    return Placement(routed or otherwise, 1, "", later)


def fits(rule: Rule, facts: SeriesFacts) -> bool:
    """Whether the rule speaks of such a series, whatever its age."""
    return (
        rule.site_id in (None, facts.site_id)
        and (not rule.modality or rule.modality == facts.modality)
        and rule.is_thin_slice in (None, facts.is_thin_slice)
        and rule.is_derived in (None, facts.is_derived)
    )


def asks_for_thickness(rules: Iterable[Rule]) -> bool:
    return any(rule.is_thin_slice is not None for rule in rules)
