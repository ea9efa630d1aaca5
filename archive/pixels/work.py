"""What the decoder's processes can be asked to do, by name. A task is given an object and plain values.

One that needs several objects is given the `others` too. It returns facts that JSON can carry, and bytes. Nothing here
may need Django's models or settings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from archive.pixels.conversion import converted_object, described_frame
from archive.pixels.deflating import with_change
from archive.pixels.frames import decode_frame
from archive.pixels.inflating import beginning_of
from archive.pixels.parsing import ParsedObject, ParsedObjects
from archive.pixels.rendering.deformable import registration_to_plain
from archive.pixels.rendering.drawing import drawn, film_drawn
from archive.pixels.rendering.placing import places_to_plain, registrations_in, superimposed_from_plain
from archive.pixels.rendering.volumes import Layer, Superimposed
from archive.pixels.rendering.volumetric.handing import InputImages
from archive.pixels.rendering.volumetric.pictures import drawn_view
from archive.pixels.rendering.wishes import Rendering
from archive.pixels.walking import Data
from archive.studies.modified_header import Change

Made = tuple[dict[str, Any], bytes]
Task = Callable[..., Made]
_objects = ParsedObjects()


@dataclass(frozen=True, slots=True)
class GivenObject:
    """An object's bytes, and what names them; empty if nothing does."""

    data: Data
    key: str


def parsed(data: Data, key: str) -> ParsedObject:
    return _objects.get(data, key)


def transcode_frame(data: Data, *, key: str, frame: int, target: str) -> Made:
    encoded, photometric = described_frame(parsed(data, key), data, frame, target)
    return {"photometric": photometric}, encoded


def transcode_instance(data: Data, *, key: str, target: str) -> Made:  # noqa: ARG001 - tasks are called alike
    return {}, converted_object(data, target)


def decode(data: Data, *, key: str, frame: int) -> Made:
    """The samples, behind them what the header's VOI LUT makes of them if it has one; the rest as facts."""
    made = decode_frame(parsed(data, key), data, frame=frame)
    voi = made.voi_shown
    facts = {
        "kind": made.samples.dtype.str, "shape": made.samples.shape, "has_voi": voi is not None,
        "slope": made.slope, "intercept": made.intercept, "is_inverted": made.is_inverted,
        "window": [made.window.center, made.window.width] if made.window else None,
        "function": made.function.value, "padding": made.padding, "row_spacing": made.row_spacing,
        "column_spacing": made.column_spacing, "is_calibrated": made.is_calibrated,
    }  # fmt: skip
    return facts, made.samples.tobytes() + (b"" if voi is None else voi.tobytes())


def render(data: Data, *, key: str, wish: dict[str, Any]) -> Made:
    return {}, drawn(parsed(data, key), data, Rendering.from_plain(wish))


def blend(
    data: Data,
    *,
    key: str,
    wish: dict[str, Any],
    over: list[dict[str, Any]],
    others: Sequence[GivenObject] = (),
) -> Made:
    """The object's picture with the volumes over it that frames of the others make."""
    return {}, drawn(parsed(data, key), data, Rendering.from_plain(wish), over=_volumes(over, others))


def blend_film(
    data: Data,
    *,
    key: str,
    wish: dict[str, Any],
    moments: list[dict[str, Any]],
    others: Sequence[GivenObject] = (),
) -> Made:
    """Pictures of several of the objects, each with volumes over it, one after the other."""
    objects = [GivenObject(data, key), *others]
    over = [each for moment in moments for each in moment["over"]]
    images, registrations = _parted(objects, registrations_in(over))
    film = [
        (
            Layer(*images[moment["object"]], moment["frame"]),
            [superimposed_from_plain(each, images, registrations) for each in moment["over"]],
        )
        for moment in moments
    ]
    return {}, film_drawn(film, Rendering.from_plain(wish))


def _volumes(over: list[dict[str, Any]], others: Sequence[GivenObject]) -> list[Superimposed]:
    images, registrations = _parted(others, registrations_in(over))
    return [superimposed_from_plain(each, images, registrations) for each in over]


def _parted(
    objects: Sequence[GivenObject], are_registrations: set[int]
) -> tuple[dict[int, tuple[ParsedObject, Data]], dict[int, Data]]:
    """The images among the objects, and the registrations, by their places."""
    images, registrations = {}, {}
    for at, one in enumerate(objects):
        if at in are_registrations:
            registrations[at] = one.data
        else:
            images[at] = parsed(one.data, one.key), one.data
    return images, registrations


def view_volumes(
    data: Data,
    *,
    key: str,
    wish: dict[str, Any],
    images: list[dict[str, Any]],
    others: Sequence[GivenObject] = (),
) -> Made:
    """The view a volumetric state has of the volumes that frames of the object and of the others make."""
    held = [(parsed(data, key), data), *((parsed(other.data, other.key), other.data) for other in others)]
    given = [InputImages.from_plain(each) for each in images]
    return {}, drawn_view(Rendering.from_plain(wish), given, held)


def places(data: Data, *, key: str) -> Made:
    """Where each frame of an object lies in the patient, as far as it says."""
    one = parsed(data, key)
    return places_to_plain(one.header, one.layout.number_of_frames), b""


def registration(data: Data, *, key: str) -> Made:  # noqa: ARG001
    """What a deformable registration says, but for its vectors."""
    return registration_to_plain(data), b""


def inflate(data: Data, *, key: str, most: int, held: int) -> Made:  # noqa: ARG001
    first, size = beginning_of(data, most=most, held=held)
    return {"size": size}, first


def modify_deflated(data: Data, *, key: str, change: dict[str, Any], most: int) -> Made:  # noqa: ARG001
    """No bytes where there is nothing to change."""
    return {}, with_change(data, Change.from_plain(change), most=most) or b""


TASKS: dict[str, Task] = {
    "decode_frame": decode,
    "transcode_frame": transcode_frame,
    "transcode_instance": transcode_instance,
    "render": render,
    "blend": blend,
    "blend_film": blend_film,
    "view_volumes": view_volumes,
    "places": places,
    "registration": registration,
    "inflate": inflate,
    "modify_deflated": modify_deflated,
}
