from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils.module_loading import import_string

from common.errors import InvalidInput, NotFound
from compute.templates.library import (
    SeriesFacts,
    complete_parameters,
    estimate_for,
    find_template,
    reasons_against,
    templates,
    templates_for,
)

CHEST = SeriesFacts("CT", 237, 512, 512, is_volume=True, is_derived=False, is_complete=True)


def test_thin_ct_fits_the_overview():
    [fit] = [fit for fit in templates_for(CHEST) if fit.template.key == "ct_overview"]
    assert fit.fits


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        (replace(CHEST, modality="US"), "The modality is US; the template takes CT, MR."),
        (replace(CHEST, slices=3), "The series has 3 slices; the template needs 8."),
        (replace(CHEST, slices=1), "The series has 1 slice; the template needs 8."),
        (
            replace(CHEST, is_volume=False, geometry_reason="2 gaps."),
            "The slices are not one evenly spaced volume: 2 gaps.",
        ),
        (replace(CHEST, is_derived=True), "The series is itself a result."),
        (replace(CHEST, is_complete=False), "The series is still being received."),
    ],
)
def test_what_does_not_fit_is_told_why(series, reason):
    assert reasons_against(find_template("ct_overview"), series) == [reason]


@pytest.mark.parametrize("key", sorted(templates()))
def test_every_bundle_is_whole(key):
    template = find_template(key)
    assert callable(import_string(template.runner))
    assert {"en", "zh-hans"} <= set(template.title)
    assert template.outputs
    assert template.acceptance["measures"]


def test_defaults_are_filled_in():
    assert complete_parameters(find_template("ct_overview"), {"slab_mm": 10}) == {
        "planes": ["coronal", "axial", "sagittal"],
        "projections": True,
        "slab_mm": 10,
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [({"slab_mm": -1}, "slab_mm"), ({"planes": []}, "planes"), ({"colour": "red"}, "parameters")],
)
def test_wrong_parameters_are_named(given, field):
    with pytest.raises(InvalidInput) as refusal:
        complete_parameters(find_template("ct_overview"), given)
    assert (refusal.value.code, set(refusal.value.fields)) == ("BAD_PARAMETERS", {field})


def test_unknown_template_is_not_found():
    with pytest.raises(NotFound):
        find_template("brain_surgery")


def test_estimate_grows_with_the_volume():
    template = find_template("ct_overview")
    voxels = 237 * 512 * 512
    assert estimate_for(template, CHEST).memory_bytes == 600_000_000 + 8 * voxels
