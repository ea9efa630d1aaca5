"""Whether a series is thin-slice, by what was measured."""

from __future__ import annotations

from archive.studies.geometry.measuring import Geometry


def judge_thin_slice(geometry: Geometry, *, threshold_mm: float) -> tuple[bool | None, str]:
    """Whether a series is thin-slice, and the sentence that says why; None where nothing can be measured.

    A series of several stacks is thin if one of them is that counts (eight images or more): the thin stack
    is what post-processing wants, and the sentence names it, and the thick one it comes with.
    """
    if not geometry.is_mixed:
        return _judge_one(geometry.spacing_mm, geometry.reason, threshold_mm)
    measured = [
        (number, stack)
        for number, stack in enumerate(geometry.stacks, start=1)
        if stack in geometry.counted_stacks and stack.spacing_mm is not None
    ]
    if not measured:
        return False, geometry.reason or "The slices lie in different planes."
    thin = [(number, stack) for number, stack in measured if (stack.spacing_mm or 0) <= threshold_mm]
    number, stack = (thin or measured)[0]
    _verdict, why = _judge_one(stack.spacing_mm, "", threshold_mm)
    said = f"Stack {number} of {len(geometry.stacks)}: {stack.orientation}, {stack.slices} slices. {why}"
    if thin and len(thin) < len(measured):
        said += " Thin and thick stacks are mixed."
    return bool(thin), said


def _judge_one(spacing_mm: float | None, reason: str, threshold_mm: float) -> tuple[bool | None, str]:
    if spacing_mm is None:
        return None, reason
    relation = "within" if spacing_mm <= threshold_mm else "above"
    return (
        spacing_mm <= threshold_mm,
        f"Measured spacing {spacing_mm:g} mm is {relation} the limit of {threshold_mm:g} mm.",
    )
