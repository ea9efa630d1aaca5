"""Windows that people ask for by name."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Preset:
    """A named window, in Hounsfield units."""

    key: str
    label: str | Promise
    center: int
    width: int


CT_PRESETS = (
    Preset("soft-tissue", _("Soft tissue"), 40, 400),
    Preset("lung", _("Lung"), -600, 1500),
    Preset("bone", _("Bone"), 400, 1800),
    Preset("brain", _("Brain"), 40, 80),
    Preset("vessels", _("Vessels"), 200, 700),
)


def presets_for(modality: str) -> tuple[Preset, ...]:
    """The presets that have a meaning for the modality: only CT values have a fixed scale."""
    return CT_PRESETS if modality == "CT" else ()
