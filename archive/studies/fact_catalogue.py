"""The facts rules may ask for: name, type, and a sentence for whoever writes the rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class FactType(StrEnum):
    """FEEL's types, by FEEL's names."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    STRINGS = "list<string>"


@dataclass(frozen=True, slots=True)
class Fact:
    """One name a rule may use. `is_measured`: we measured it ourselves, no header was asked."""

    name: str
    type: FactType
    sentence: str | Promise
    is_measured: bool = False


_S, _N, _B = FactType.STRING, FactType.NUMBER, FactType.BOOLEAN

FACTS: tuple[Fact, ...] = (
    Fact("event", _S, _("What brought the series here: SeriesComplete or ReportSigned.")),
    Fact("site", _S, _("Code of the site the study belongs to.")),
    Fact("calling_ae", _S, _("AE title that sent the series.")),
    Fact("modality", _S, _("Modality, such as CT or MR.")),
    Fact("body_part", _S, _("Body Part Examined, as the scanner wrote it.")),
    Fact("description", _S, _("Series Description.")),
    Fact("study_description", _S, _("Study Description.")),
    Fact("protocol", _S, _("Protocol Name.")),
    Fact("kernel", _S, _("Convolution Kernel of a CT; several values are joined by a backslash.")),
    Fact("sequence_name", _S, _("Sequence Name of an MR.")),
    Fact("contrast_agent", _S, _("Contrast/Bolus Agent; empty without contrast.")),
    Fact("image_type", FactType.STRINGS, _("The values of Image Type, in order.")),
    Fact("laterality", _S, _("Laterality: L, R or empty.")),
    Fact("patient_position", _S, _("Patient Position, such as HFS.")),
    Fact("manufacturer", _S, _("Manufacturer of the equipment.")),
    Fact("model_name", _S, _("Manufacturer's Model Name.")),
    Fact("station_name", _S, _("Station Name of the equipment.")),
    Fact("institution_department", _S, _("Institutional Department Name.")),
    Fact("sop_class", _S, _("SOP Class UID of most instances.")),
    Fact("transfer_syntax", _S, _("Transfer Syntax UID of most instances.")),
    Fact("instance_count", _N, _("How many instances are stored."), is_measured=True),
    Fact("frame_count", _N, _("How many frames the instances have together."), is_measured=True),
    Fact("size_mb", _N, _("Size of the stored instances in megabytes."), is_measured=True),
    Fact("is_thin_slice", _B, _("The measured spacing is within the thin-slice limit."), is_measured=True),
    Fact("is_volume", _B, _("The slices form one regular volume."), is_measured=True),
    Fact("is_mixed", _B, _("The slices lie in different planes."), is_measured=True),
    Fact("spacing_mm", _N, _("Measured distance of neighbouring slices, in mm."), is_measured=True),
    Fact("pixel_spacing_mm", _N, _("Distance of neighbouring rows, in mm.")),
    Fact("coverage_mm", _N, _("Distance from the first to the last slice, in mm."), is_measured=True),
    Fact("gaps", _N, _("How many gaps lie between the slices."), is_measured=True),
    Fact("missing_slices", _N, _("How many slices would fill the gaps."), is_measured=True),
    Fact("overlaps", _N, _("How many slices lie too near to their neighbour."), is_measured=True),
    Fact("duplicates", _N, _("How many positions are taken more than once."), is_measured=True),
    Fact("tilt_degrees", _N, _("Gantry tilt by the slices' positions, in degrees."), is_measured=True),
    Fact("orientation", _S, _("Plane of the slices: axial, coronal, sagittal or oblique."), is_measured=True),
    Fact("phases", _N, _("How many phases (time points) the series has."), is_measured=True),
    Fact("positions", _N, _("How many different slice positions there are."), is_measured=True),
    Fact("incomplete_positions", _N, _("How many positions lack images of some phase."), is_measured=True),
    Fact("largest_gap_mm", _N, _("Width of the largest gap, in mm."), is_measured=True),
    Fact("stacks", _N, _("How many stacks of parallel slices the series holds."), is_measured=True),
    Fact("is_derived", _B, _("The series was made here, from other images.")),
    Fact("is_localizer", _B, _("The series is a localizer (scout).")),
    Fact("completeness_reason", _S, _("The sentence that says why the series is complete.")),
    Fact("has_order", _B, _("The study belongs to an order.")),
    Fact("service", _S, _("Service ordered: imaging or remote_consultation.")),
    Fact("priority", _S, _("Priority of the order, else of the images: STAT, URGENT or ROUTINE.")),
    Fact("procedure_code", _S, _("Procedure code of the order.")),
    Fact("priors", _N, _("How many other studies of the patient are here.")),
    Fact("hour", _N, _("Hour of the day when the series is routed, 0 to 23, local time.")),
    Fact("weekday", _S, _("Day of the week when the series is routed: Monday to Sunday.")),
    Fact("local_date", FactType.DATE, _("Day when the series is routed, local time.")),
    Fact("local_time", FactType.TIME, _("Time of day when the series is routed, local time.")),
)

BY_NAME = {fact.name: fact for fact in FACTS}
