"""Whether a series has arrived whole: evidence in, verdict with its reason out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from archive.studies.geometry import Geometry

PATIENCE_FOR_GAPS = 4
PATIENCE_FOR_SENDERS = 6
PATIENCE_FOR_EXPECTED = 24


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a series: instances here, instances announced, and since when it is quiet.

    `is_sending`: an association that brought instances of it has not been released, or broke off.
    """

    instances: int
    expected: int | None
    quiet: dt.timedelta
    quiet_needed: dt.timedelta
    geometry: Geometry
    is_sending: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    is_complete: bool
    reason: str


def judge_completeness(evidence: Evidence) -> Verdict:
    """Complete when every announced instance is here; else when nothing came for a while.

    A gap between the slices is a sign that something is still to come, so it is waited for four times as
    long; a sender that has not released its association may come back, so it is waited for six times as
    long; an announced number that does not arrive, twenty-four times. Then the series is taken as it is,
    and the reason says what is missing: a series must not wait for ever (a legal age for every state).
    """
    here, expected = evidence.instances, evidence.expected
    if expected is not None and here >= expected:
        return Verdict(is_complete=True, reason=f"All {expected} announced instances are here.")
    if expected is not None:
        return _after(evidence, PATIENCE_FOR_EXPECTED, f"{here} of {expected} announced instances are here")
    missing = evidence.geometry.missing_slices
    if evidence.is_sending:
        return _after(evidence, PATIENCE_FOR_SENDERS, f"{here} instances, and the sender has not released")
    if missing:
        said = f"{here} instances with {evidence.geometry.gaps} gap(s), about {missing} slices missing"
        return _after(evidence, PATIENCE_FOR_GAPS, said)
    if evidence.geometry.spacing_mm is not None:
        return _after(evidence, 1, f"{here} instances without a gap")
    return _after(evidence, 1, f"{here} instances")


def _after(evidence: Evidence, patience: int, said: str) -> Verdict:
    needed = evidence.quiet_needed * patience
    is_complete = evidence.quiet >= needed
    tail = "nothing more came for" if is_complete else "waiting until nothing comes for"
    return Verdict(is_complete, f"{said}; {tail} {needed.total_seconds():g} s.")
