"""The templates there are, and which of them fit a series: with reasons where they do not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext, ngettext
from jsonschema import Draft202012Validator

from common.errors import InvalidInput, NotFound
from compute.scheduling.placement import Estimate

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What a predicate may ask of a series."""

    modality: str
    slices: int
    rows: int
    columns: int
    is_volume: bool
    is_derived: bool
    is_complete: bool
    geometry_reason: str = ""


@dataclass(frozen=True)
class Template:
    """One version of a template, as its bundle describes it."""

    key: str
    version: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    runner: str
    predicate: Mapping[str, Any]
    estimate: Mapping[str, Any]
    parameters: Mapping[str, Any]
    outputs: tuple[Mapping[str, Any], ...]
    presentation: Mapping[str, Any]
    acceptance: Mapping[str, Any]

    def title_in(self, language: str) -> str:
        return self.title.get(language, self.title["en"])


@dataclass(frozen=True, slots=True)
class Fit:
    """A template beside a series; it fits if there is no reason against it."""

    template: Template
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        return not self.reasons


@cache
def templates() -> dict[str, Template]:
    """Every template of the library by key."""
    found = {}
    for file in sorted(FOLDER.glob("*/template.json")):
        bundle = json.loads(file.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(bundle["parameters"])
        bundle["outputs"] = tuple(bundle["outputs"])
        found[bundle["key"]] = Template(**bundle)
    return found


def find_template(key: str) -> Template:
    """The template of this key. Raises NotFound."""
    template = templates().get(key)
    if template is None:
        raise NotFound(gettext("There is no such template."), code="NO_SUCH_TEMPLATE")
    return template


def templates_for(series: SeriesFacts) -> list[Fit]:
    """Every template with what speaks against using it on this series."""
    return [Fit(template, tuple(reasons_against(template, series))) for template in templates().values()]


def reasons_against(template: Template, series: SeriesFacts) -> list[str]:
    """Why the template does not fit the series, a sentence each; none if it fits."""
    wanted = template.predicate
    reasons = []
    if not series.is_complete:
        reasons.append(gettext("The series is still being received."))
    if series.modality not in wanted["modality"]:
        reasons.append(
            gettext("The modality is %(modality)s; the template takes %(wanted)s.")
            % {"modality": series.modality or "—", "wanted": ", ".join(wanted["modality"])}
        )
    if series.is_derived and not wanted.get("derived", False):
        reasons.append(gettext("The series is itself a result."))
    if wanted.get("is_volume") and not series.is_volume:
        reasons.append(
            gettext("The slices are not one evenly spaced volume: %(reason)s")
            % {"reason": series.geometry_reason or "—"}
        )
    if series.slices < wanted.get("min_slices", 1):
        reasons.append(
            ngettext(
                "The series has %(count)d slice; the template needs %(wanted)d.",
                "The series has %(count)d slices; the template needs %(wanted)d.",
                series.slices,
            )
            % {"count": series.slices, "wanted": wanted["min_slices"]}
        )
    return reasons


def complete_parameters(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with defaults filled in. Raises InvalidInput naming each wrong one."""
    properties = template.parameters["properties"]
    complete = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    complete.update(given)
    wrong = {
        ".".join(str(part) for part in error.absolute_path) or "parameters": error.message
        for error in Draft202012Validator(template.parameters).iter_errors(complete)
    }
    if wrong:
        raise InvalidInput(
            gettext("The template does not take these parameters."), code="BAD_PARAMETERS", fields=wrong
        )
    return complete


def estimate_for(template: Template, series: SeriesFacts) -> Estimate:
    """Memory and time the template will need for a series of this size."""
    voxels = series.slices * series.rows * series.columns
    rule = template.estimate
    return Estimate(
        memory_bytes=int(rule["fixed_bytes"] + rule["bytes_per_voxel"] * voxels),
        seconds=rule["fixed_seconds"] + rule["seconds_per_megavoxel"] * voxels / 1e6,
        is_accelerated=bool(rule["accelerated"]),
    )
