"""Whether a series has arrived whole: evidence in, verdict with its reason out.

The strongest evidence decides: what somebody who knows names one by one (the modality's performed step, a
request to commit, a notification), then the number the header announces, then the geometry, then whether the
sender is done; that nothing comes any more is the last resort. Where two disagree the verdict says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from archive.studies.geometry import Geometry

PATIENCE_FOR_GAPS = 4
PATIENCE_FOR_SENDERS = 6
PATIENCE_FOR_EXPECTED = 24

_WHO = {
    "mpps": "The performed step",
    "availability": "The availability notification",
    "commitment": "The storage commitment request",
}


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody's list of the series' instances, compared with what is here.

    `kind` is one of mpps, availability, commitment; `missing` counts instances that are named but neither here
    nor withdrawn, `unnamed` those that are here and not named.
    """

    kind: str
    total: int
    missing: int
    unnamed: int

    @property
    def is_whole(self) -> bool:
        """Whether the list can be one of the whole series: a commitment is asked for a part at times."""
        return self.kind != "commitment" or not self.unnamed


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a series: instances here, instances announced or named, and since when it is quiet.

    `instances` counts the withdrawn ones too: they did arrive. `is_sending`: an association that brought instances
    of it has not been released, or broke off. `is_under_way`: a modality says that it is still at work on the
    study. `measure` is asked for the geometry only where nothing stronger decides.
    """

    instances: int
    expected: int | None
    quiet: dt.timedelta
    quiet_needed: dt.timedelta
    measure: Callable[[], Geometry]
    is_sending: bool = False
    is_under_way: bool = False
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`decided_by` says which evidence it was."""

    is_complete: bool
    reason: str
    decided_by: str


def judge_completeness(evidence: Evidence) -> Verdict:
    """Complete when every instance that is named or announced is here; else when nothing came for a while.

    A gap between the slices is a sign that something is still to come, so it is waited for four times as
    long; a sender that has not released its association may come back, so it is waited for six times as
    long; instances that are named or announced and do not arrive, or a performed step that does not end,
    twenty-four times. Then the series is taken as it is, and the reason says what is missing: a series must
    not wait for ever (a legal age for every state).
    """
    here, expected = evidence.instances, evidence.expected
    lacking = [named for named in evidence.named if named.missing]
    if lacking:
        said = "; ".join(_lacks(named) for named in lacking)
        return _after(evidence, PATIENCE_FOR_EXPECTED, said, lacking[0].kind)
    whole = next((named for named in evidence.named if named.is_whole), None)
    if whole is not None:
        return Verdict(True, _all_named(whole, evidence), whole.kind)
    if expected is not None:
        return _by_number(evidence, expected)
    if evidence.is_under_way:
        said = f"{here} instances, and the performed step is in progress"
        return _after(evidence, PATIENCE_FOR_EXPECTED, said, "mpps")
    if evidence.is_sending:
        said = f"{here} instances, and the sender has not released"
        return _after(evidence, PATIENCE_FOR_SENDERS, said, "association")
    return _by_geometry(evidence)


def _by_number(evidence: Evidence, expected: int) -> Verdict:
    here = evidence.instances
    if here >= expected:
        return Verdict(True, f"All {expected} announced instances are here.", "expected")
    said = f"{here} of {expected} announced instances are here"
    return _after(evidence, PATIENCE_FOR_EXPECTED, said, "expected")


def _by_geometry(evidence: Evidence) -> Verdict:
    here = evidence.instances
    if evidence.quiet < evidence.quiet_needed:
        return _after(evidence, 1, f"{here} instances", "quiet")
    geometry = evidence.measure()
    if geometry.missing_slices:
        said = f"{here} instances with {geometry.gaps} gap(s), about {geometry.missing_slices} slices missing"
        return _after(evidence, PATIENCE_FOR_GAPS, said, "geometry")
    if geometry.spacing_mm is not None:
        return _after(evidence, 1, f"{here} instances without a gap", "geometry")
    return _after(evidence, 1, f"{here} instances", "quiet")


def _lacks(named: Named) -> str:
    return f"{_WHO[named.kind]} names {named.total} instances, {named.total - named.missing} are here"


def _all_named(named: Named, evidence: Evidence) -> str:
    """What decided, and whatever contradicts it."""
    said = [f"{_WHO[named.kind]} names {named.total} instances, and all are here."]
    if named.unnamed:
        said.append(f"{named.unnamed} more are here that it does not name.")
    if evidence.expected is not None and evidence.expected != evidence.instances:
        said.append(f"The header announces {evidence.expected}, {evidence.instances} are here.")
    return " ".join(said)


def _after(evidence: Evidence, patience: int, said: str, decided_by: str) -> Verdict:
    needed = evidence.quiet_needed * patience
    is_complete = evidence.quiet >= needed
    tail = "nothing more came for" if is_complete else "waiting until nothing comes for"
    return Verdict(is_complete, f"{said}; {tail} {needed.total_seconds():g} s.", decided_by)
