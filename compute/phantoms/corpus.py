"""Series whose headers mislead, each with the answer that its positions give.

Every case is a small phantom written the way some scanner, gateway or operator gets it wrong. The answer is
arithmetic: it follows from how the case is laid out, not from any program that measures it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from common.uids import derived_uid
from compute.phantoms.enhanced import enhanced
from compute.phantoms.geometry import StackGeometry, tilted
from compute.phantoms.headers import StudyHeader
from compute.phantoms.secondary import secondary_capture
from compute.phantoms.writing import datasets, make_phantom

Instances = list[Dataset]


@dataclass(frozen=True)
class Case:
    """A series of the corpus. `answer` holds facts by the names `Geometry.as_json` gives them.

    `thin` is the verdict at a limit of 1.5 mm: thin, thick, or None where nothing can be measured.
    """

    name: str
    make: Callable[[], Instances]
    thin: bool | None
    answer: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> list[Path]:
        """The case's instances as Part 10 files."""
        folder.mkdir(parents=True, exist_ok=True)
        files: list[Path] = []
        for ds in self.make():
            files.append(folder / f"{len(files) + 1:04d}.dcm")
            dcmwrite(files[-1], ds, enforce_file_format=True)
        return files


def stack(
    spacing_mm: float = 1.0, *, slices: int = 12, thickness_mm: float | None = None, **other: Any
) -> StackGeometry:
    """A tiny axial stack."""
    return StackGeometry(16, 16, slices, (16.0, 16.0), spacing_mm, thickness_mm or spacing_mm, **other)


def series(geometry: StackGeometry, *, kind: str = "calibration", seed: int = 0) -> Instances:
    phantom = make_phantom(kind, noise=0.0)
    made = datasets(phantom, geometry, StudyHeader(seed=seed), transfer_syntax_uid=ExplicitVRLittleEndian)
    return list(made)


def joined(*parts: Instances, label: str) -> Instances:
    """Instances as one series, numbered through, each with a UID of its own."""
    instances = [ds for part in parts for ds in part]
    series_uid = derived_uid("corpus series", label)
    for number, ds in enumerate(instances, start=1):
        ds.SeriesInstanceUID = series_uid
        ds.InstanceNumber = number
        ds.SOPInstanceUID = derived_uid("corpus instance", label, number)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return instances


def shifted(instances: Instances, millimetres: float) -> Instances:
    """The same slices, moved along the normal."""
    for ds in instances:
        normal = np.cross(*np.reshape(np.asarray(ds.ImageOrientationPatient, float), (2, 3)))
        moved = np.asarray(ds.ImagePositionPatient, float) + normal * millimetres
        ds.ImagePositionPatient = [f"{value:.6g}" for value in moved]
        ds.SliceLocation = f"{float(moved @ normal):.6g}"
    return instances


def phased(count: int, keyword: str, values: list[Any]) -> Instances:
    """A stack taken once for each value of an element, phase after phase."""
    phases = []
    for value in values:
        part = series(stack(3.0, slices=count), kind="mr")
        for ds in part:
            setattr(ds, keyword, value)
            if keyword == "TriggerTime":
                ds.ScanOptions = "CG"  # the element may stand only in a gated scan
        phases.append(part)
    return joined(*phases, label=f"phases {keyword}")


def scouts(count: int) -> Instances:
    """Localizer slices in the coronal plane, few and far apart."""
    plane = stack(20.0, slices=count, row_direction=(1.0, 0.0, 0.0), column_direction=(0.0, 0.0, -1.0))
    made = series(plane)
    for ds in made:
        ds.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        if "SpiralPitchFactor" in ds:
            del ds.SpiralPitchFactor
    return made


def _volume(spacing_mm: float, count: int, **more: Any) -> dict[str, Any]:
    return {"slices": count, "frames": count, "spacing_mm": spacing_mm, "is_volume": True, "gaps": 0, "overlaps": 0,
            "duplicates": 0, "phases": 1, "is_mixed": False, "positions": count} | more  # fmt: skip


def _thick_then_thin() -> Instances:
    return joined(series(stack(1.0, slices=24)), series(stack(4.8, slices=10)), label="thin and thick")


def _in_turns() -> Instances:
    base = series(stack(1.0, slices=16))
    return joined(base[::2][:-1], base[1::2], label="in turns")


def _overlapping_scans() -> Instances:
    return joined(series(stack(1.0)), shifted(series(stack(1.0)), 6.3), label="two scans")


def _repeated_slices() -> Instances:
    again = series(stack(1.0))[:3]
    return joined(series(stack(1.0)), again, label="repeated")


def _one_slice_near(fraction: float) -> Instances:
    base = series(stack(1.0))
    return joined(base[:6], shifted(base[6:], fraction - 1.0), label=f"near {fraction}")


def _enhanced(kind: str, spacing_mm: float, *, phases: int = 1, missing: tuple[int, ...] = ()) -> Instances:
    slices = [ds for _ in range(phases) for ds in series(stack(spacing_mm, missing=missing), kind=kind)]
    uid = derived_uid("corpus enhanced", kind, spacing_mm, phases, missing)
    return [enhanced(slices, series_instance_uid=uid, phases=phases)]


def _three_planes() -> Instances:
    axial = series(stack(10.0, slices=3))
    sagittal = series(stack(10.0, slices=3, row_direction=(0.0, 1.0, 0.0), column_direction=(0.0, 0.0, -1.0)))
    return joined(axial, scouts(3), sagittal, label="three planes")


CASES: tuple[Case, ...] = (
    Case("thin", lambda: series(stack(1.0)), True, _volume(1.0, 12, orientation="axial")),
    Case("thin tagged thick", lambda: series(stack(1.0, thickness_mm=5.0)), True, _volume(1.0, 12)),
    Case("thick tagged thin", lambda: series(stack(5.0, thickness_mm=0.6)), False, _volume(5.0, 12)),
    Case("thickness of a hair", lambda: _tagged(series(stack(1.0)), "SliceThickness", "0.01"), True, _volume(1.0, 12)),
    Case("no thickness", lambda: _tagged(series(stack(5.0)), "SliceThickness", None), False, _volume(5.0, 12)),
    Case("reversed", lambda: series(stack(1.0, reverse=True)), True, _volume(1.0, 12)),
    Case("oblique", lambda: series(tilted(stack(1.0), 25.0), kind="mr"), True, _volume(1.0, 12, tilt_degrees=0.0)),
    Case("one slice missing", lambda: series(stack(1.0, missing=(5,))), True,
         {"gaps": 1, "missing_slices": 1, "largest_gap_mm": 2.0, "is_volume": False, "spacing_mm": 1.0}),
    Case("taken in turns, one slice missing", _in_turns, True,
         {"gaps": 1, "missing_slices": 1, "is_mixed": False, "spacing_mm": 1.0}),
    Case("two gaps", lambda: series(stack(3.0, slices=16, missing=(3, 8, 9, 10))), False,
         {"gaps": 2, "missing_slices": 4, "largest_gap_mm": 12.0, "is_volume": False, "spacing_mm": 3.0}),
    Case("one slice too near", lambda: _one_slice_near(0.3), True,
         {"overlaps": 1, "gaps": 0, "is_volume": False, "spacing_mm": 1.0, "is_mixed": False}),
    Case("gantry tilt of 15 degrees", lambda: series(stack(2.0, shear_mm=0.535898)), False,
         {"tilt_degrees": 15.0, "is_volume": False, "spacing_mm": 2.0}),
    Case("three slices twice", _repeated_slices, True,
         {"duplicates": 3, "phases": 1, "positions": 12, "slices": 15, "is_volume": False, "gaps": 0}),
    Case("localizer in three planes", _three_planes, False,
         {"is_mixed": True, "spacing_mm": None, "is_volume": False, "slices": 9}),
    Case("localizer inside", lambda: joined(scouts(2), series(stack(1.0)), label="localizer inside"), True,
         {"is_mixed": True, "spacing_mm": 1.0, "slices": 14, "gaps": 0, "is_volume": False}),
    Case("thin and thick mixed", _thick_then_thin, True,
         {"is_mixed": True, "spacing_mm": 1.0, "gaps": 0, "overlaps": 0, "is_volume": False, "slices": 34}),
    Case("two scans that overlap", _overlapping_scans, True,
         {"is_mixed": True, "spacing_mm": 1.0, "gaps": 0, "overlaps": 0, "duplicates": 0}),
    Case("four temporal positions", lambda: phased(10, "TemporalPositionIdentifier", [1, 2, 3, 4]), False,
         {"phases": 4, "positions": 10, "duplicates": 0, "spacing_mm": 3.0, "told_apart_by": "temporal position"}),
    Case("three b-values", lambda: phased(8, "DiffusionBValue", [0.0, 500.0, 1000.0]), False,
         {"phases": 3, "positions": 8, "duplicates": 0, "told_apart_by": "b-value"}),
    Case("two echoes", lambda: phased(8, "EchoTime", ["2.5", "5"]), False,
         {"phases": 2, "positions": 8, "duplicates": 0, "told_apart_by": "echo"}),
    Case("cardiac phases", lambda: phased(8, "TriggerTime", ["0", "80", "160", "240", "320"]), False,
         {"phases": 5, "positions": 8, "duplicates": 0, "told_apart_by": "trigger time"}),
    Case("three acquisitions", lambda: phased(8, "AcquisitionNumber", [1, 2, 3]), False,
         {"phases": 3, "positions": 8, "duplicates": 0, "told_apart_by": "acquisition"}),
    Case("enhanced CT", lambda: _enhanced("calibration", 1.0), True, _volume(1.0, 12, slices=1)),
    Case("enhanced CT, thick", lambda: _enhanced("calibration", 5.0), False, _volume(5.0, 12, slices=1)),
    Case("enhanced CT with a gap", lambda: _enhanced("calibration", 1.0, missing=(4,)), True,
         {"slices": 1, "frames": 11, "gaps": 1, "missing_slices": 1, "is_volume": False}),
    Case("enhanced MR of three phases", lambda: _enhanced("mr", 2.0, phases=3), False,
         {"slices": 1, "frames": 36, "phases": 3, "positions": 12, "told_apart_by": "temporal position"}),
    Case("secondary capture", lambda: [secondary_capture(StudyHeader())], None,
         {"spacing_mm": None, "is_volume": False, "slices": 1, "reason": "The instances carry no positions."}),
    Case("secondary captures among slices",
         lambda: joined(series(stack(1.0)), [secondary_capture(StudyHeader())], label="with capture"), True,
         {"spacing_mm": 1.0, "unplaced": 1, "slices": 13, "is_volume": False}),
)  # fmt: skip


def _tagged(instances: Instances, keyword: str, value: Any) -> Instances:
    for ds in instances:
        setattr(ds, keyword, value)
    return instances
