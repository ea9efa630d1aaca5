"""Make the overview: read the series, project it three ways, cut the key planes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from compute.kernels.body import without_surroundings
from compute.kernels.projection import project
from compute.kernels.resampling import sample_plane, stretch
from compute.kernels.windowing import window_from_values
from compute.templates.contract import ResultImage, TemplateInput, TemplateOutput
from compute.templates.ct_overview.planes import key_plane, nearest_view, outside_value, shifted, unit
from compute.volumes import SeriesVolume, load_volume

Window = tuple[str, float, float]
SOFT: Window = ("SOFT TISSUE", 40, 400)
LUNG: Window = ("LUNG", -550, 1500)
BONE: Window = ("BONE", 400, 1800)
PROJECTION: Window = ("MIP", 500, 1700)
_CT_WINDOWS: dict[str, tuple[Window, ...]] = {
    "axial": (SOFT, LUNG, BONE),
    "coronal": (SOFT, LUNG),
    "sagittal": (SOFT, BONE),
}
_LOOK: dict[str, tuple[int, int]] = {"sagittal": (1, 2), "coronal": (0, 2), "axial": (0, 1)}


def run(given: TemplateInput) -> TemplateOutput:
    """The overview's pictures: projections first, then the planes, each in every window that helps."""
    given.progress(5, "reading")
    torch.set_num_threads(given.threads)
    with torch.inference_mode():
        volume = load_volume(
            given.instances,
            threads=given.threads,
            progress=lambda part: given.progress(5 + int(part * 50), "reading"),
        )
        images: list[ResultImage] = []
        if given.parameters["projections"]:
            given.progress(60, "projecting")
            images += _projections(volume, given.device, given.parameters["planes"])
        given.progress(80, "reformatting")
        for name in given.parameters["planes"]:
            images += _plane_images(volume, name, given.device, given.parameters["slab_mm"])
    uids = tuple(zip(volume.sop_class_uids, volume.sop_instance_uids, strict=True))
    return TemplateOutput(tuple(images), volume.header, uids, f"{volume.modality} overview 概览")


def _projections(volume: SeriesVolume, device: str, planes: list[str]) -> list[ResultImage]:
    """One maximum intensity projection along each axis of the volume, square-pixelled and upright."""
    views = {nearest_view(volume, axis): axis for axis in range(3)}
    voxels = _without_couch(volume).to(device)
    made: list[ResultImage] = []
    for name in (name for name in planes if name in views):
        axis = views[name]
        flat = project(voxels, axis=axis + 2).cpu()
        made.append(_upright(volume, flat, axis, name))
    return made


def _without_couch(volume: SeriesVolume) -> torch.Tensor:
    """The voxels with everything outside the body as air: a couch would hide what lies before it."""
    if volume.modality != "CT":
        return volume.voxels
    return without_surroundings(volume.voxels, threshold=-350, air=-1024)


def _upright(volume: SeriesVolume, flat: torch.Tensor, axis: int, name: str) -> ResultImage:
    """A projection turned and stretched to lie as people expect: head or front on top, square pixels."""
    downs, rights = [a for a in range(3) if a != axis]
    want_right, want_down = _LOOK[name]
    directions = {a: volume.affine[:3, 2 - a] for a in (downs, rights)}
    if int(directions[rights].abs().argmax()) == want_down:
        flat, downs, rights = flat.transpose(2, 3), rights, downs
    right, down = directions[rights], directions[downs]
    if right[want_right] < 0:
        flat, right = flat.flip(3), -right
    towards = 1.0 if name == "axial" else -1.0
    if down[want_down] * towards < 0:
        flat, down = flat.flip(2), -down
    spacing = min(volume.spacing_mm)
    rows = max(1, round(flat.shape[2] * float(torch.linalg.vector_norm(down)) / spacing))
    columns = max(1, round(flat.shape[3] * float(torch.linalg.vector_norm(right)) / spacing))
    pixels = _as_int16(stretch(flat, rows=rows, columns=columns))
    window = PROJECTION if volume.modality == "CT" else _window_of(volume)
    return ResultImage(
        pixels, spacing, unit(right), unit(down), (window,),
        description=f"MIP {name}", comment=f"Maximum intensity projection, {name}, whole volume",
    )  # fmt: skip


def _plane_images(volume: SeriesVolume, name: str, device: str, slab_mm: float) -> list[ResultImage]:
    """The key plane of this name; one picture for each window, the same pixels in all."""
    plane = key_plane(volume, name)
    count = max(1, round(slab_mm / plane.spacing_mm))
    voxels, outside = volume.voxels.to(device), outside_value(volume)
    total = torch.zeros((1, 1, plane.rows, plane.columns), device=device)
    for number in range(count):
        offset = (number - (count - 1) / 2) * plane.spacing_mm
        total += sample_plane(voxels, affine=volume.affine, plane=shifted(plane, offset), outside=outside)
    pixels = _as_int16(total.cpu() / count)
    windows = _CT_WINDOWS[name] if volume.modality == "CT" else (_window_of(volume),)
    slab = f", mean of {slab_mm:g} mm" if count > 1 else ""
    return [
        ResultImage(
            pixels, plane.spacing_mm, plane.right, plane.down, (window,),
            description=f"MPR {name} {window[0].lower()}",
            comment=f"Multiplanar reformation, {name}, through the centre of the volume{slab}",
        )
        for window in windows
    ]  # fmt: skip


def _window_of(volume: SeriesVolume) -> Window:
    center, width = window_from_values(volume.voxels)
    return ("AUTO", round(center, 1), round(width, 1))


def _as_int16(image: torch.Tensor) -> NDArray[np.int16]:
    limits = torch.iinfo(torch.int16)
    whole = image[0, 0].round().clamp(limits.min, limits.max).to(torch.int16)
    return np.asarray(whole.numpy(), dtype=np.int16)
