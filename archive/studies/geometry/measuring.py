"""The geometry of a whole series: its stacks, and what is so of all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from archive.studies.geometry.slices import Slice, normal_of
from archive.studies.geometry.splitting import split_plane
from archive.studies.geometry.stacks import TILT_DEGREES, Stack, TraitsOf, group_into_planes, measure_stack

STACKS_KEPT = 16
COUNTS_FROM = 8
NO_POSITIONS = "The instances carry no positions."
FRAMES_UNPLACED = "Multi-frame objects of this kind do not say where each frame lies."


@dataclass(frozen=True, slots=True)
class Geometry:
    """Measured facts of a series.

    `slices` counts instances and `frames` images. The figures are those of the only stack, or of the largest
    where there are several; of a series that is only scattered slices (a localizer in three planes) they
    are absent. Gaps, overlaps and duplicates are counted over the stacks of eight images or more.
    `reason` says why the series is no volume; `notes` are sentences on what is remarkable besides.
    """

    slices: int
    spacing_mm: float | None = None
    pixel_spacing_mm: list[float] | None = None
    extent_mm: float | None = None
    gaps: int = 0
    missing_slices: int = 0
    overlaps: int = 0
    duplicates: int = 0
    tilt_degrees: float = 0.0
    orientation: str = ""
    is_mixed: bool = False
    is_volume: bool = False
    reason: str = ""
    frames: int = 0
    phases: int = 1
    positions: int = 0
    told_apart_by: str = ""
    incomplete_positions: int = 0
    largest_gap_mm: float = 0.0
    unplaced: int = 0
    stacks: tuple[Stack, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def counted_stacks(self) -> tuple[Stack, ...]:
        """The stacks that are more than a handful of slices; all there is where nothing is mixed."""
        if not self.is_mixed:
            return self.stacks
        return tuple(stack for stack in self.stacks if stack.slices >= COUNTS_FROM)

    @property
    def is_scattered(self) -> bool:
        """Whether it is only a few slices here and there, as a localizer in three planes is."""
        return self.is_mixed and not self.counted_stacks

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        return {**found, "stacks": list(found["stacks"]), "notes": list(self.notes)}


def measure_geometry(
    slices: Sequence[Slice], *, instances: int | None = None, traits_of: TraitsOf | None = None
) -> Geometry:
    """The geometry of a series from where its slices lie, in any order.

    `traits_of` reads what a header says of the slice with this index; it is asked only where several slices
    share a place, and then of the slices of one place. `instances` is the number of objects where frames
    of multi-frame objects are given as slices.
    """
    count = len(slices) if instances is None else instances
    frames = sum(item.frames for item in slices)
    planes = group_into_planes(slices)
    if not planes:
        reason = FRAMES_UNPLACED if any(item.frames > 1 for item in slices) else NO_POSITIONS
        return Geometry(slices=count, frames=frames, unplaced=frames, reason=reason)
    ask = traits_of or (lambda index: slices[index].traits or {})
    groups = [part for plane in planes for part in split_plane(slices, plane)]
    groups.sort(key=len, reverse=True)
    stacks = tuple(measure_stack(slices, group, ask) for group in groups)
    placed = [item for item in slices if item.is_placed]
    if len(stacks) == 1 and normal_of(placed[0].orientation or ()) is None:
        reason = "The orientation is no pair of perpendicular directions."
        return Geometry(slices=count, frames=frames, stacks=stacks, reason=reason)
    facts = {
        "slices": count,
        "frames": frames,
        "unplaced": frames - len(placed),
        "stacks": stacks[:STACKS_KEPT],
    }
    if len(stacks) == 1:
        return _of_one(facts, stacks[0])
    return _of_several(facts, stacks, [slices[group[0]] for group in groups])


def _of_one(facts: Mapping[str, Any], stack: Stack) -> Geometry:
    reason = _why_no_volume(stack, unplaced=facts["unplaced"])
    return Geometry(
        **facts,
        **_shared_figures(stack),
        gaps=stack.gaps,
        missing_slices=stack.missing_slices,
        largest_gap_mm=stack.largest_gap_mm,
        overlaps=stack.overlaps,
        duplicates=stack.duplicates,
        is_volume=not reason,
        reason=reason,
        notes=tuple(_phase_notes(stack)),
    )


def _of_several(facts: Mapping[str, Any], stacks: Sequence[Stack], firsts: Sequence[Slice]) -> Geometry:
    counted = [stack for stack in stacks if stack.slices >= COUNTS_FROM]
    figures = _shared_figures(counted[0]) if counted else {}
    return Geometry(
        **facts,
        **figures,
        gaps=sum(stack.gaps for stack in counted),
        missing_slices=sum(stack.missing_slices for stack in counted),
        largest_gap_mm=max((stack.largest_gap_mm for stack in counted), default=0.0),
        overlaps=sum(stack.overlaps for stack in counted),
        duplicates=sum(stack.duplicates for stack in counted),
        is_mixed=True,
        reason=_why_mixed(firsts),
        notes=(*stack_sentences(stacks), *(note for stack in counted for note in _phase_notes(stack))),
    )


def _shared_figures(stack: Stack) -> dict[str, Any]:
    names = (
        "spacing_mm", "pixel_spacing_mm", "extent_mm", "tilt_degrees", "orientation", "phases", "positions",
        "told_apart_by", "incomplete_positions",
    )  # fmt: skip
    return {name: getattr(stack, name) for name in names}


def stack_sentences(stacks: Sequence[Stack]) -> list[str]:
    """One sentence a stack of a mixed series, the largest first."""
    return [
        f"Stack {number}: {stack.slices} slices, {stack.orientation or 'unknown plane'}"
        + (f", every {stack.spacing_mm:g} mm." if stack.spacing_mm is not None else ".")
        for number, stack in enumerate(stacks[:STACKS_KEPT], start=1)
    ]


def _phase_notes(stack: Stack) -> list[str]:
    if stack.phases == 1:
        return []
    said = [f"{stack.phases} phases of {stack.positions} positions, told apart by {stack.told_apart_by}."]
    if stack.incomplete_positions:
        said.append(f"{stack.incomplete_positions} positions lack a phase.")
    return said


def _why_mixed(firsts: Sequence[Slice]) -> str:
    """What sets the stacks of a series apart, the plainest first."""
    if len({tuple(round(v, 2) for v in item.orientation or ()) for item in firsts}) > 1:
        return "The slices lie in different planes."
    if len({(item.rows, item.columns) for item in firsts}) > 1:
        return "The slices differ in their matrix."
    if len({tuple(item.pixel_spacing or ()) for item in firsts}) > 1:
        return "The slices have no pixel spacing in common."
    return "The series holds several stacks of one plane."


def _why_no_volume(stack: Stack, *, unplaced: int) -> str:
    """The first thing that keeps the slices from being one rectangular volume; empty if nothing does."""
    one = "One position only." if stack.slices > 1 else "One slice only."
    return next(
        (
            sentence
            for holds, sentence in (
                (stack.spacing_mm is None, one),
                (unplaced, "Some instances carry no position."),
                (stack.pixel_spacing_mm is None, "The slices have no pixel spacing in common."),
                (stack.phases > 1, "Every position is taken once in each of several phases."),
                (stack.duplicates, "Some positions are taken more than once."),
                (stack.gaps, "There are gaps between the slices."),
                (stack.overlaps, "Some slices lie too near to each other."),
                (not stack.is_even, "The distances between the slices are uneven."),
                (stack.tilt_degrees > TILT_DEGREES, "The slices are sheared by a tilted gantry."),
            )
            if holds
        ),
        "",
    )
