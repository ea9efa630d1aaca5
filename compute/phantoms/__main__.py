"""`python -m compute.phantoms --out FOLDER`: write a phantom's series and print what was written as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from compute.phantoms.geometry import StackGeometry, swivelled, tilted
from compute.phantoms.headers import GB18030, UTF_8, StudyHeader
from compute.phantoms.writing import MAKERS, TRANSFER_SYNTAXES, default_geometry, write_series


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    written = write_series(
        asked.out,
        kind=asked.kind,
        geometry=_geometry(asked),
        header=_header(asked),
        transfer_syntax_uid=TRANSFER_SYNTAXES[asked.transfer_syntax],
        seed=asked.seed,
        noise=asked.noise,
    )
    if asked.truth:
        asked.truth.write_text(json.dumps(written.ground_truth.as_dict(), indent=1))
    line = {
        "study": written.study_instance_uid,
        "series": written.series_instance_uid,
        "patient_id": written.patient_id,
        "accession_number": written.accession_number,
        "instances": len(written.files),
    }
    sys.stdout.write(json.dumps(line) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m compute.phantoms", description=__doc__)
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder for the files")
    add("--kind", choices=sorted(MAKERS), default="ct")
    add("--seed", type=int, default=0, help="the same seed writes the same bytes")
    add("--slices", type=int)
    add("--matrix", type=int, help="rows and columns")
    add("--spacing", type=float, help="distance of slices, mm")
    add("--thickness", type=float, help="slice thickness, mm; the spacing unless told")
    add("--pixel-spacing", type=float, nargs=2, metavar=("ROWS", "COLUMNS"), help="mm")
    add("--tilt", type=float, default=0.0, help="turn about the left-right axis, degrees")
    add("--swivel", type=float, default=0.0, help="turn about the head-foot axis, degrees")
    add("--shear", type=float, default=0.0, help="gantry tilt: mm each slice moves along the columns")
    add("--reverse", action="store_true", help="number the slices from head to foot")
    add("--missing", type=int, nargs="*", default=[], help="slices to leave out, from 0")
    add("--noise", type=float, help="standard deviation, HU")
    add("--transfer-syntax", choices=sorted(TRANSFER_SYNTAXES), default="explicit")
    add("--character-set", choices=[UTF_8, GB18030], default=UTF_8)
    add("--truth", type=Path, help="file for the closed-form numbers, JSON")
    defaults = StudyHeader()
    for name in _HEADER_OPTIONS:
        add(f"--{name.replace('_', '-')}", default=getattr(defaults, name))
    return parser


_HEADER_OPTIONS = (
    "patient_name", "patient_id", "birth_date", "sex", "accession_number", "issuer",
    "study_instance_uid", "series_instance_uid", "study_description", "institution", "referring_physician",
)  # fmt: skip


def _geometry(asked: argparse.Namespace) -> StackGeometry:
    geometry = default_geometry(
        asked.kind, slices=asked.slices, matrix=asked.matrix, spacing_mm=asked.spacing
    )
    geometry = replace(
        geometry,
        pixel_spacing_mm=tuple(asked.pixel_spacing) if asked.pixel_spacing else geometry.pixel_spacing_mm,
        thickness_mm=asked.thickness or geometry.thickness_mm,
        missing=tuple(asked.missing),
        reverse=asked.reverse,
        shear_mm=asked.shear,
    )
    return swivelled(tilted(geometry, asked.tilt), asked.swivel)


def _header(asked: argparse.Namespace) -> StudyHeader:
    chosen = {name: getattr(asked, name) for name in _HEADER_OPTIONS}
    return StudyHeader(seed=asked.seed, character_set=asked.character_set, **chosen)


if __name__ == "__main__":
    sys.exit(main())
